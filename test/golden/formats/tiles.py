"""Tile-compressed images as astropy (cfitsio) writes them, and the pixels that it reads from them again.

    python3 test/golden/formats/tiles.py > test/golden/formats/tiles.json

Needs astropy 6 or newer. `fits` is the gzipped file in base64; a NaN among the pixels is null.
"""
import base64
import gzip
import io
import json
import math

import numpy as np
from astropy.io import fits

rng = np.random.default_rng(1)
sky = rng.normal(100, 5, (12, 20))
with_nan = sky.astype('f4')
with_nan[3, 4] = np.nan
with_nan[5, 6] = 0
counts = np.round(sky)
extreme = counts.astype('i4')
extreme[2, 3:7] = [2**31 - 1, -2**31, 0, -1]

CASES = {
    'RICE_1 int16': (counts.astype('i2'), {'compression_type': 'RICE_1'}),
    'RICE_1 int32, extreme values': (extreme, {'compression_type': 'RICE_1'}),
    'RICE_1 uint8': (counts.astype('u1'), {'compression_type': 'RICE_1'}),
    'RICE_1 uint16': (counts.astype('u2') * 600, {'compression_type': 'RICE_1'}),
    'RICE_1 int16, tiles 7 x 5': (counts.astype('i2'), {'compression_type': 'RICE_1', 'tile_shape': (5, 7)}),
    'RICE_1 float32, no dither': (sky.astype('f4'), {'compression_type': 'RICE_1', 'quantize_method': -1}),
    'RICE_1 float32, dither 1, NaN': (with_nan, {'compression_type': 'RICE_1', 'quantize_method': 1, 'dither_seed': 77}),
    'RICE_1 float64, dither 2, NaN': (with_nan.astype('f8'), {'compression_type': 'RICE_1', 'quantize_method': 2, 'dither_seed': 10000}),
    'GZIP_1 int16': (counts.astype('i2'), {'compression_type': 'GZIP_1'}),
    'GZIP_1 float32, lossless': (with_nan, {'compression_type': 'GZIP_1', 'quantize_level': 0}),
    'GZIP_2 int32': (extreme, {'compression_type': 'GZIP_2'}),
    'GZIP_2 float64, lossless': (with_nan.astype('f8'), {'compression_type': 'GZIP_2', 'quantize_level': 0}),
    'NOCOMPRESS float32': (with_nan, {'compression_type': 'NOCOMPRESS', 'quantize_level': 0}),
}


def case(data, options):
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, **options)]).writeto(buffer)
    pixels = fits.open(io.BytesIO(buffer.getvalue()))[1].data.astype('f8')
    values = [None if math.isnan(v) else v for v in pixels.ravel().tolist()]
    return {'fits': base64.b64encode(gzip.compress(buffer.getvalue(), 9, mtime=0)).decode(), 'shape': list(data.shape[::-1]), 'values': values}


print('{\n' + ',\n'.join(f'{json.dumps(name)}: {json.dumps(case(*args))}' for name, args in CASES.items()) + '\n}')
