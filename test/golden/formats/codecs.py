"""Tile-compressed images as fpack and astropy write them, and the pixels that funpack reads from them again.

    python3 test/golden/formats/codecs.py > test/golden/formats/codecs.json

Needs fpack and funpack (Debian libcfitsio-bin) on the PATH and astropy 6 or newer. `fits` is the gzipped file in base64,
`values` the stored pixels after BSCALE and BZERO as gzipped little-endian float64 in base64; `plain` the same of the floats
that fpack was given, to be packed again.
"""
import base64
import gzip
import json
import pathlib
import subprocess
import tempfile

import astropy
import numpy as np
from astropy.io import fits

rng = np.random.default_rng(5)
NY, NX = 29, 37
y, x = np.mgrid[:NY, :NX]
star = 2000 * np.exp(-((x - 20) ** 2 + (y - 15) ** 2) / 18)
sky = 100 + star + rng.normal(0, 5, (NY, NX))
floats = sky.astype('f4')
floats[3, 4:9] = np.nan
floats[10, :] = np.nan
floats[12:15, 30:33] = 0
counts = np.round(sky)
wild = counts.astype('i4')
wild[5, 5:9] = [2**31 - 1, -2**31, 0, -1]
wild[6, :] = rng.integers(-2**31, 2**31, NX)
mask = ((counts > 150) * 4 + (x > 25) * (1 << 12)).astype('i4')
flat = np.full((NY, NX), 7, 'i2')
cube = np.round(rng.normal(50, 9, (5, 19, 23))).astype('i2')

# name: (pixels, fpack options) or (pixels, astropy options)
CASES = {
    'RICE_1 int16': (counts.astype('i2') - 90, '-r'),
    'RICE_1 int32, wild': (wild, '-r'),
    'RICE_1 uint8': (np.clip(counts, 0, 255).astype('u1'), '-r'),
    'RICE_1 uint16': (counts.astype('u2') * 30, '-r'),
    'RICE_1 int16, flat, one tile': (flat, '-r -w'),
    'RICE_1 int16, cube, tiles 20 x 9 x 2': (cube, '-r -t 20,9,2'),
    'RICE_1 float32, dither 1, NaN': (floats, '-r -q7 4'),
    'RICE_1 float32, dither 2, NaN and zeros': (floats, '-r -qz9999 4'),
    'RICE_1 float32, no dither': (floats, '-r -q0 4'),
    'RICE_1 float64, dither 1, tiles 16 x 16': (sky, '-r -q123 2 -t 16,16'),
    'RICE_1 float32, absolute step': (floats, '-r -q17 -0.5'),
    'RICE_1 float32, no noise: gzip fallback': (np.where(y < 20, floats, 3).astype('f4'), '-r -q3 4'),
    'GZIP_1 int16': (counts.astype('i2'), '-g1'),
    'GZIP_1 int32, wild': (wild, '-g1'),
    'GZIP_1 float32, lossless': (floats, '-g1 -q 0'),
    'GZIP_2 int16': (counts.astype('i2'), '-g2'),
    'GZIP_2 float32, lossless': (floats, '-g2 -q 0'),
    'GZIP_2 float64, lossless': (sky, '-g2 -q 0'),
    'GZIP_2 float32, dither 1': (floats, '-g2 -q5 4'),
    'PLIO_1 int16': (mask.astype('i2'), '-p'),
    'PLIO_1 int32': (mask * 100, {'compression_type': 'PLIO_1'}),
    'PLIO_1 uint8, one tile': (mask.astype('u1'), '-p -w'),
    'HCOMPRESS_1 int16': (counts.astype('i2') - 90, '-h'),
    'HCOMPRESS_1 int32': (counts.astype('i4') * 1000, '-h'),
    'HCOMPRESS_1 int16, tiles 17 x 10': (counts.astype('i2'), '-h -t 17,10'),
    'HCOMPRESS_1 int16, scale': (counts.astype('i2'), '-h -s 4'),
    'HCOMPRESS_1 int32, scale and smoothing': (counts.astype('i4'), {'compression_type': 'HCOMPRESS_1', 'hcomp_scale': 12, 'hcomp_smooth': 1, 'tile_shape': (NY, NX)}),
    'HCOMPRESS_1 float32, dither 1, NaN': (floats, '-h -q11 4'),
    'HCOMPRESS_1 int16, flat': (flat, '-h'),
    'NOCOMPRESS int16': (counts.astype('i2'), {'compression_type': 'NOCOMPRESS'}),
    'NOCOMPRESS float32': (floats, {'compression_type': 'NOCOMPRESS', 'quantize_level': 0}),
}


def packed(gz):
    return base64.b64encode(gzip.compress(gz, 9, mtime=0)).decode()


def case(pixels, options, folder):
    plain, fz, out = (folder / name for name in ('plain.fits', 'packed.fits', 'unpacked.fits'))
    for file in (plain, fz, out):
        file.unlink(missing_ok=True)
    if isinstance(options, dict):
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels, **options)]).writeto(fz)
    else:
        fits.PrimaryHDU(pixels).writeto(plain)
        subprocess.run(['fpack', *options.split(), '-O', fz, plain], check=True)
    # CFITSIO does not know NOCOMPRESS: there astropy is the authority.
    is_plain = isinstance(options, dict) and options['compression_type'] == 'NOCOMPRESS'
    if not is_plain:
        subprocess.run(['funpack', '-O', out, fz], check=True)
    hdus = fits.open(fz if is_plain else out, memmap=False)
    values = np.asarray(next(hdu.data for hdu in hdus if hdu.data is not None))
    found = {'fits': packed(fz.read_bytes()), 'shape': list(values.shape[::-1]), 'values': packed(values.astype('<f8').tobytes())}
    return {**found, 'plain': packed(pixels.astype('<f8').tobytes())} if pixels.dtype.kind == 'f' and not isinstance(options, dict) else found


with tempfile.TemporaryDirectory() as name:
    version = subprocess.run(['fpack', '-V'], capture_output=True, text=True).stdout.strip()
    cases = {name_: case(*args, pathlib.Path(name)) for name_, args in CASES.items()}
    print(json.dumps({'tools': f'{version}; astropy {astropy.__version__}', 'cases': cases}, indent=0))
