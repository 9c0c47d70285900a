# Headers with distortions, units, axis orders and old spellings, and what astropy (WCSLIB) or AST (TNX, ZPX) makes of them.
# python wcsHeaders.py > wcsHeaders.json            (astropy, starlink-pyast)
import json, os, warnings
import astropy, astropy.wcs
import numpy as np
import starlink.Ast as Ast
from astropy.io import fits
from astropy.wcs import WCS

warnings.simplefilter('ignore')
rng = np.random.default_rng(31)
BASE = dict(CTYPE1='RA---TAN', CTYPE2='DEC--TAN', CRVAL1=150.1, CRVAL2=2.2, CRPIX1=1024.5, CRPIX2=2048.5)
CD = dict(CD1_1=-7.3e-5, CD1_2=1e-6, CD2_1=2e-6, CD2_2=7.3e-5)
PIXELS = [[1024.5, 2048.5], [1.0, 1.0], [2048.0, 4096.0], [100.25, 3000.75], [1999.5, 17.125]]


def types(lon, lat, **more):
    return dict(BASE, CTYPE1=lon, CTYPE2=lat, **more)


def tpv(i, n, scale):
    return {f'PV{i}_{m}': (1.0 if m == 1 else float(rng.normal() * scale)) for m in range(n)}


SIP3 = {f'{n}_{i}_{j}': float(rng.normal() * 10.0 ** (-3.2 * (i + j) + 1)) for n in 'AB' for i in range(4) for j in range(4 - i) if i + j > 1}
SIP3.update(A_ORDER=3, B_ORDER=3)
SIP5 = {f'{n}_{i}_{j}': float(rng.normal() * 10.0 ** (-3.4 * (i + j) + 1)) for n in 'AB' for i in range(6) for j in range(6 - i) if i + j > 1}
SIP5.update(A_ORDER=5, B_ORDER=4)
HEADERS = {
    'TPV of degree 7': types('RA---TPV', 'DEC--TPV', **CD, **tpv(1, 40, 1e-2), **tpv(2, 40, 1e-2)),
    'TPV of degree 3 with strong terms': types('RA---TPV', 'DEC--TPV', **CD, **tpv(1, 12, 5e-2), **tpv(2, 12, 5e-2)),
    'TAN with PV as SCAMP writes it': types('RA---TAN', 'DEC--TAN', **CD, **tpv(1, 11, 1e-2), **tpv(2, 11, 1e-2)),
    'SIP of order 3': types('RA---TAN-SIP', 'DEC--TAN-SIP', **CD, **SIP3),
    'SIP of orders 5 and 4': types('RA---TAN-SIP', 'DEC--TAN-SIP', **CD, **SIP5),
    'SIP with constant and linear terms': types('RA---TAN-SIP', 'DEC--TAN-SIP', **CD, **SIP3, A_0_0=1.5, A_1_0=1e-3, B_0_1=-2e-3, B_0_0=-0.5),
    'SIP on ZEA': types('RA---ZEA-SIP', 'DEC--ZEA-SIP', **CD, **SIP3),
    'SIP of order 1 is no distortion': types('RA---TAN-SIP', 'DEC--TAN-SIP', **CD, A_ORDER=1, B_ORDER=1, A_1_0=0.1),
    'SIP with leftover PV of SCAMP': types('RA---TAN-SIP', 'DEC--TAN-SIP', **CD, **SIP3, **tpv(1, 11, 1e-2), **tpv(2, 11, 1e-2)),
    'PC before CD': types('RA---TAN', 'DEC--TAN', **CD, PC1_1=1.0, PC1_2=0.1, PC2_1=-0.1, PC2_2=1.0, CDELT1=-1e-4, CDELT2=1e-4),
    'CD before CDELT and CROTA': types('RA---TAN', 'DEC--TAN', **CD, CDELT1=-1e-3, CDELT2=1e-3, CROTA2=12.0),
    'CROTA on the latitude axis': types('DEC--SIN', 'RA---SIN', CRVAL1=40.0, CRVAL2=359.9, CDELT1=1e-4, CDELT2=2e-4, CROTA1=33.0),
    'only CD1_1': types('RA---CAR', 'DEC--CAR', CRVAL2=0.0, CRPIX1=1.0, CRPIX2=1.0, CD1_1=-0.01),
    'draft spelling CD001001': types('RA---TAN', 'DEC--TAN', CD001001=-7e-5, CD001002=1e-6, CD002001=1e-6, CD002002=7e-5),
    'PROJP': types('RA---ZPN', 'DEC--ZPN', **CD, PROJP1=1.0, PROJP3=50.0),
    'arcseconds': types('RA---TAN', 'DEC--TAN', CRVAL1=150.1 * 3600, CRVAL2=2.2 * 3600, CUNIT1='arcsec', CUNIT2='arcsec', CD1_1=-0.2, CD2_2=0.2),
    'radians and arcminutes': types('RA---TAN', 'DEC--TAN', CRVAL1=1.5, CRVAL2=20.0, CUNIT1='rad', CUNIT2='arcmin', CD1_1=-1e-6, CD2_2=0.003),
    'GLS of AIPS': types('RA---GLS', 'DEC--GLS', CRVAL2=40.0, CDELT1=-1e-2, CDELT2=1e-2),
    'NCP of the WSRT': types('RA---NCP', 'DEC--NCP', CRVAL2=60.0, CDELT1=-1e-3, CDELT2=1e-3),
    'helioprojective': types('HPLN-TAN', 'HPLT-TAN', CRVAL1=0.0, CRVAL2=0.0, CUNIT1='arcsec', CUNIT2='arcsec', CDELT1=0.6, CDELT2=0.6),
    'pole at CRVAL2 = 90': types('RA---TAN', 'DEC--TAN', CRVAL2=90.0, **CD),
    'pole at CRVAL2 = -90 with SIP': types('RA---TAN-SIP', 'DEC--TAN-SIP', CRVAL2=-90.0, **CD, **SIP3),
    'LONPOLE in PV1_3, fiducial point': types('RA---STG', 'DEC--STG', **CD, PV1_0=1.0, PV1_1=10.0, PV1_2=70.0, PV1_3=170.0, PV1_4=20.0),
    'fiducial point without offset': types('RA---ZEA', 'DEC--ZEA', **CD, PV1_1=10.0, PV1_2=88.0),
    'only one of the fiducial coordinates': types('RA---ZEA', 'DEC--ZEA', **CD, PV1_2=88.0),
    'a cube with its spectrum first': dict(CTYPE1='FREQ', CTYPE2='RA---SIN', CTYPE3='DEC--SIN', CRVAL1=1e9, CRVAL2=10.0, CRVAL3=-30.0, CRPIX1=1.0, CRPIX2=100.0, CRPIX3=120.0, CDELT1=1e6, CDELT2=-1e-3, CDELT3=1e-3, WCSAXES=3),
    'alternate A': dict(types('RA---TAN', 'DEC--TAN', **CD), CTYPE1A='GLON-CAR', CTYPE2A='GLAT-CAR', CRVAL1A=10.0, CRVAL2A=0.0, CRPIX1A=5.0, CRPIX2A=6.0, CDELT1A=-1e-2, CDELT2A=1e-2),
}


def lookup(version, shape, reach):
    data = (rng.normal(size=shape) * 0.5).astype('float32')
    hdu = fits.ImageHDU(data)
    hdu.header.update(EXTVER=version, CRPIX1=1.0, CRPIX2=1.0, CRVAL1=float(rng.uniform(1, 60)), CRVAL2=float(rng.uniform(1, 60)), CDELT1=reach / shape[1], CDELT2=reach / shape[0])
    return hdu


def with_tables(card, cpdis, d2im):
    hdus = [fits.PrimaryHDU()]
    hdus[0].header.update(card)
    tables = {}
    for kind, record, name, pair in (('CPDIS', 'DP', 'WCSDVARR', cpdis), ('D2IMDIS', 'D2IM', 'D2IMARR', d2im)):
        for axis, table in pair.items():
            version = table.header['EXTVER']
            hdus[0].header[f'{kind}{axis}'] = 'LOOKUP'
            for field, value in (('EXTVER', version), ('NAXES', 2), ('AXIS.1', 1), ('AXIS.2', 2)):
                hdus[0].header.append((f'{record}{axis}', f'{field}: {value}'))
            table.name = name
            hdus.append(table)
            h = table.header
            tables[f'{name} {version}'] = dict(width=h['NAXIS1'], height=h['NAXIS2'], data=[float(v) for v in table.data.ravel()],
                                               crpix=[h['CRPIX1'], h['CRPIX2']], crval=[h['CRVAL1'], h['CRVAL2']], cdelt=[h['CDELT1'], h['CDELT2']])
    return fits.HDUList(hdus), tables


def entry(name, header, wcs, pixels, **more):
    lon, lat = (wcs.wcs.lng, wcs.wcs.lat)
    world = wcs.all_pix2world(pixels, 1)
    return dict(name=name, cards=[[c.rawkeyword, c.rawvalue] for c in header.cards], **more,
                pixels=[[x, y, *(([float(s[lon] % 360), float(s[lat])]) if np.isfinite(s[lon]) else [None, None])] for (x, y), s in zip(pixels, world)])


cases = []
for name, card in HEADERS.items():
    h = fits.Header()
    for k, v in card.items():
        h[k] = v
    letter = name[-1] if name.startswith('alternate') else ' '
    w = WCS(h, key=letter)
    pixels = [[p[0] / 30, p[1] / 30] for p in PIXELS] if 'only CD1_1' in name or w.naxis > 2 or letter != ' ' else PIXELS
    cases.append(entry(name, h, w.celestial, pixels, **({'alternate': letter} if letter != ' ' else {})))
for name, card, cpdis, d2im in (
    ('lookup tables', types('RA---TAN', 'DEC--TAN', **CD), {1: lookup(1, (5, 7), 2500.0), 2: lookup(2, (4, 6), 2500.0)}, {}),
    ('lookup tables, SIP and detector columns', types('RA---TAN-SIP', 'DEC--TAN-SIP', **CD, **SIP3), {1: lookup(1, (5, 7), 3000.0), 2: lookup(2, (4, 6), 3000.0)}, {1: lookup(1, (1, 40), 2048.0)}),
    ('detector tables', types('RA---TAN', 'DEC--TAN', **CD), {}, {1: lookup(1, (3, 3), 2500.0), 2: lookup(2, (6, 2), 4500.0)}),
):
    hdus, tables = with_tables(card, cpdis, d2im)
    cases.append(entry(name, hdus[0].header, WCS(hdus[0].header, hdus), PIXELS, tables=tables))
data = os.path.join(os.path.dirname(astropy.wcs.__file__), 'tests', 'data')
for name in ('siponly.hdr', 'tpvonly.hdr', 'irac_sip.hdr', 'too_many_pv.hdr', '2wcses.hdr', '3d_cd.hdr', 'zpn-hole.hdr', 'outside_sky.hdr'):
    with open(os.path.join(data, name), 'rb') as f:
        h = fits.Header.fromstring(f.read().decode('latin1'), sep='' if name not in ('3d_cd.hdr', 'nonstandard_units.hdr') else '')
    cases.append(entry(f'astropy {name}', fits.Header([c for c in h.cards if c.keyword and c.keyword not in ('COMMENT', 'HISTORY')]), WCS(h).celestial, [[10.0, 20.0], [100.5, 50.25], [200.0, 199.0]]))

h = fits.getheader(os.path.join(data, 'dss.14.29.56-62.41.05.fits.gz'))
plate = fits.Header([c for c in h.cards if c.keyword.startswith(('PLT', 'AMD', 'PPO', 'CNPIX', 'XPIXELSZ', 'YPIXELSZ', 'CTYPE', 'CRVAL', 'CRPIX', 'CD'))])
cases.append(entry('plate solution of the Digitized Sky Survey', plate, WCS(h), [[1.0, 1.0], [50.5, 99.0], [1000.0, -500.0]]))


def wat(kind, cross, x_order, y_order, size):
    n = {1: x_order * y_order, 2: x_order * y_order - min(x_order, y_order) * (min(x_order, y_order) - 1) // 2, 0: x_order + y_order - 1}[cross]
    values = [float(kind), float(x_order), float(y_order), float(cross), -0.2, 0.2, -0.35, 0.35] + list(rng.normal(size=n) * size)
    return ' '.join(repr(float(v)) for v in values)


def iraf(projection, surfaces, projp=''):
    cards = types(f'RA---{projection}', f'DEC--{projection}', **CD)
    for axis, (name, text) in enumerate(zip(('lngcor', 'latcor'), surfaces), 1):
        whole = f'wtype={projection.lower()} axtype={"ra" if axis == 1 else "dec"}{projp} {name} = "{text}"'
        for n, at in enumerate(range(0, len(whole), 68), 1):
            cards[f'WAT{axis}_{n:03d}'] = whole[at:at + 68]
    return cards


for name, card in (
    ('TNX, Chebyshev with half cross terms', iraf('TNX', [wat(1, 2, 4, 4, 1e-4), wat(1, 2, 4, 4, 1e-4)])),
    ('TNX, polynomial', iraf('TNX', [wat(3, 2, 4, 4, 1e-2), wat(3, 2, 4, 4, 1e-2)])),
    ('ZPX', iraf('ZPX', [wat(1, 2, 4, 4, 1e-4), wat(1, 2, 4, 4, 1e-4)], projp=' projp1=1. projp3=220.')),
):
    channel = Ast.FitsChan()
    h = fits.Header()
    for k, v in card.items():
        h[k] = v
    for c in h.cards:
        channel.putfits(str(c), False)
    channel.clear('Card')
    frames = channel.read()
    world = np.degrees(frames.tran(np.array(PIXELS).T, True))
    cases.append(dict(name=f'{name} (AST)', cards=[[k, v] for k, v in card.items()], pixels=[[x, y, float(lon % 360), float(lat)] for (x, y), lon, lat in zip(PIXELS, *world)]))
print('{"origin": "astropy %s, WCSLIB %s, AST %s (TNX, ZPX), made by wcsHeaders.py; the astropy *.hdr headers are from its tests, BSD-3", "cases": [' % (astropy.__version__, astropy.wcs._wcs.WCSLIB_VERSION, Ast.version() if hasattr(Ast, 'version') else ''))
print(',\n'.join(json.dumps(c) for c in cases))
print(']}')
