# Headers of every projection with random parameters, and what WCSLIB (through astropy) makes of points in them.
# python projections.py > projections.json          (astropy; arguments: headers a projection, points a header, seed)
import json, sys, warnings
import astropy
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, _wcs

warnings.simplefilter('ignore')
n_headers, n_points, seed = (int(a) for a in (sys.argv[1:] + ['4', '10', '20021'][len(sys.argv) - 1:]))
rng = np.random.default_rng(seed)
u = rng.uniform


def conic():
    eta = float(u(0, 30))
    return {'PV2_1': float(u(15, 60) * rng.choice([-1, 1])), 'PV2_2': eta if u() < 0.7 else 0.0}


PARAMETERS = {
    'AZP': lambda: {'PV2_1': float(rng.choice([0.0, 0.5, 2.0, -3.0, u(0, 4)])), 'PV2_2': float(u(-40, 40))},
    'SZP': lambda: {'PV2_1': float(rng.choice([0.5, 2.0, -3.0, u(0, 4)])), 'PV2_2': float(u(0, 360)), 'PV2_3': float(u(50, 90))},
    'SIN': lambda: {'PV2_1': float(u(-0.5, 0.5)), 'PV2_2': float(u(-0.5, 0.5))} if u() < 0.7 else {},
    'ZPN': lambda: rng.choice([{'PV2_0': 0.0, 'PV2_1': 1.0, 'PV2_3': -0.1}, {'PV2_0': 0.05, 'PV2_1': 0.975, 'PV2_2': -0.8, 'PV2_3': 0.3, 'PV2_4': 0.02},
                               {'PV2_1': 1.0, 'PV2_3': float(u(0.05, 50.0))}, {'PV2_1': 1.0, 'PV2_2': -0.2}]),
    'AIR': lambda: {'PV2_1': float(rng.choice([45.0, 90.0, u(10, 80)]))},
    'CYP': lambda: {'PV2_1': float(u(0.1, 2)), 'PV2_2': float(u(0.3, 1.5))},
    'CEA': lambda: {'PV2_1': float(u(0.3, 1))},
    'COP': conic, 'COE': conic, 'COD': conic, 'COO': conic,
    'BON': lambda: {'PV2_1': float(rng.choice([0.0, u(10, 80), -u(10, 80)]))},
    'HPX': lambda: rng.choice([{}, {'PV2_1': 4.0, 'PV2_2': 3.0}, {'PV2_1': 6.0, 'PV2_2': 2.0}, {'PV2_1': 3.0, 'PV2_2': 3.0}, {'PV2_1': 5.0, 'PV2_2': 4.0}]),
}
CODES = ('AZP SZP TAN STG SIN ARC ZPN ZEA AIR CYP CEA CAR MER SFL PAR MOL AIT COP COE COD COO BON PCO TSC CSC QSC HPX XPH').split()
PAIRS = [('RA--', 'DEC-'), ('GLON', 'GLAT'), ('ELON', 'ELAT')]


def header_of(code, k):
    lon, lat = PAIRS[k % 3]
    ra, dec = [(float(u(0, 360)), float(u(-89, 89))), (0.0, 0.0), (359.9999, -45.0), (120.0, 90.0), (33.0, -90.0), (float(u(0, 360)), float(u(-60, 60)))][rng.integers(6)]
    card = {'CTYPE1': f'{lon}-{code}', 'CTYPE2': f'{lat}-{code}', 'CRVAL1': ra, 'CRVAL2': dec, 'CRPIX1': float(u(-50, 150)), 'CRPIX2': float(u(-50, 150))}
    scale = float(rng.choice([1.0, 0.01, 1.0]))
    card.update({'CDELT1': -scale, 'CDELT2': scale * float(u(0.8, 1.2))})
    if u() < 0.5:
        card.update({'PC1_1': float(u(0.8, 1)), 'PC1_2': float(u(-0.3, 0.3)), 'PC2_1': float(u(-0.3, 0.3)), 'PC2_2': float(u(0.8, 1))})
    if u() < 0.5:
        card['LONPOLE'] = float(rng.choice([0.0, 180.0, u(-180, 180), u(-30, 30)]))
    if u() < 0.3:
        card['LATPOLE'] = float(rng.choice([90.0, -90.0, u(-90, -1), u(1, 90)]))
    if u() < 0.12:
        card.update({'PV1_1': float(u(-20, 20)), 'PV1_2': float(u(30, 85))})
        if u() < 0.6 and code != 'HPX':  # WCSLIB 8 leaves the offset out when it looks for the facets of HPX
            card['PV1_0'] = 1.0
    elif u() < 0.1:
        card.update({'PV1_3': float(u(150, 210)), 'PV1_4': float(u(-90, 90))})
    card.update(PARAMETERS.get(code, dict)())
    return card


def number(x):
    return None if not np.isfinite(x) else float(x)


cases = []
for code in CODES:
    made = 0
    while made < n_headers:
        card = header_of(code, made)
        h = fits.Header()
        for k, v in card.items():
            h[k] = v
        try:
            w = WCS(h)
            w.wcs.set()
        except Exception:
            continue
        made += 1
        reach = 190 if card['CDELT2'] > 0.5 else 800
        pix = [[card['CRPIX1'], card['CRPIX2']]] + [[float(u(-1, 1) * reach * f + card['CRPIX1']), float(u(-1, 1) * reach * f + card['CRPIX2'])] for f in np.linspace(0.02, 1, n_points - 1)]
        world = w.all_pix2world(pix, 1)
        pixels = [[p[0], p[1], number(s[0] % 360), number(s[1])] for p, s in zip(pix, world)]
        sky = [[card['CRVAL1'], card['CRVAL2']], [77.0, 90.0], [12.0, -90.0], [0.0, float(u(-80, 80))], [180.0, float(u(-80, 80))], [359.99999, float(u(-80, 80))]]
        sky += [[float(u(0, 360)), float(np.degrees(np.arcsin(u(-1, 1))))] for _ in range(n_points - 6)]
        back = w.wcs_world2pix(sky, 1)
        # At a native pole the longitude, and with it the pixel of a cylindrical map, is a matter of rounding.
        theta = w.wcs.s2p(sky, 1)['theta']
        keep = [abs(t) < 89.999999 or k == 0 for k, t in enumerate(theta)]
        # WCSLIB's s2p rejects some directions that its own p2s returns for SZP with |mu| > 1.
        if code == 'SZP' and abs(card['PV2_1']) > 1:
            keep = [k and np.isfinite(p[0]) for k, p in zip(keep, back)]
        sky, back = [s for s, k in zip(sky, keep) if k], back[keep]
        # The horizon of a gnomonic map is at infinity, or nearly so after rounding.
        skies = [[s[0], s[1], number(p[0]), number(p[1])] for s, p in zip(sky, back) if not np.any(np.abs(p) > 1e12)]
        cases.append({'name': f'{code} {made}', 'header': card, 'pixels': pixels, 'skies': skies})
print('{"origin": "astropy %s, WCSLIB %s, made by projections.py", "cases": [' % (astropy.__version__, _wcs.WCSLIB_VERSION))
print(',\n'.join(json.dumps(c) for c in cases))
print(']}')
