# Sky positions of pixels of the real files in ../shared/data, by astropy.
# python realHeaders.py ../shared/data > realHeaders.json       (astropy; the files are not part of the repository)
import json, os, sys, warnings
import astropy
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, _wcs

warnings.simplefilter('ignore')
root = sys.argv[1]
cases, seen = [], {}
for folder, _, names in sorted(os.walk(root)):
    for name in sorted(names):
        path = os.path.join(folder, name)
        if not name.lower().endswith(('.fits', '.fit', '.fits.gz', '.fits.fz', '.fit.gz')):
            continue
        try:
            hdus = fits.open(path)
            headers = [(i, h.header.copy()) for i, h in enumerate(hdus)]
        except Exception:
            continue
        for i, header in headers:
            for key in list(header):  # one observatory writes its numbers in quotes, which WCSLIB does not read
                if key.startswith(('CRVAL', 'CRPIX', 'CD1_', 'CD2_', 'PV1_', 'PV2_')) and isinstance(header[key], str):
                    try:
                        header[key] = float(header[key])
                    except ValueError:
                        pass
            if header.get('XTENSION') == 'BINTABLE' and not header.get('ZIMAGE'):
                continue  # pixel lists
            try:
                whole = WCS(header, hdus)
                if not whole.has_celestial:
                    continue
                wcs = whole.celestial
            except Exception:
                continue
            # A few files of each kind in each folder are enough.
            kind = (folder, str(header.get('CTYPE1')), 'A_ORDER' in header, 'PV1_5' in header, 'CROTA2' in header)
            seen[kind] = seen.get(kind, 0) + 1
            if seen[kind] > 4:
                continue
            width, height = header.get('ZNAXIS1', header.get('NAXIS1', 100)), header.get('ZNAXIS2', header.get('NAXIS2', 100))
            pixels = [[1.0, 1.0], [float(width), float(height)], [0.3 * width, 0.8 * height], [width / 2, 17.25]]
            world = wcs.all_pix2world(pixels, 1)
            lon, lat = wcs.wcs.lng, wcs.wcs.lat
            if not np.all(np.isfinite(world)):
                continue
            cases.append(dict(file=os.path.relpath(path, root), hdu=i, points=[[x, y, float(s[lon] % 360), float(s[lat])] for (x, y), s in zip(pixels, world)]))
print('{"origin": "astropy %s, WCSLIB %s, made by realHeaders.py", "cases": [' % (astropy.__version__, _wcs.WCSLIB_VERSION))
print(',\n'.join(json.dumps(c) for c in cases))
print(']}')
