"""Expected contents of every FITS file below the shared data folder, by astropy (its tile decompression is CFITSIO's).

python3 fitsCorpus.py DATA_FOLDER > fitsCorpus.json      (needs: pip install astropy numpy uncompresspy)

Per HDU: index, extname, type, shape in C order, SHA-256 of the physical values (the rules stand in digestFits.ts), min, max,
sum, NaN count; tables: one hash a column. Stored integers are scaled here in float64, as the standard defines them (astropy
itself uses float32 for 16-bit integers); what astropy makes of the file by itself must agree to float32 accuracy.
"""
import glob
import hashlib
import json
import math
import os
import sys
import warnings

import astropy
import numpy as np
from astropy.io import fits

warnings.simplefilter('ignore')
UNSIGNED = {('u1', -128): 'i1', ('i2', 1 << 15): 'u2', ('i4', 1 << 31): 'u4', ('i8', 1 << 63): 'u8'}


def as_hashed(values):
    values = np.asarray(values)
    if values.dtype.kind == 'c':
        return np.ascontiguousarray(values).view(values.real.dtype)
    return values


def hashed(values, target):
    values = as_hashed(values)
    if values.dtype.kind in 'iub':
        wide = values.astype('<u8' if values.dtype == np.uint64 else '<i8')
    else:
        wide = values.astype('<f8')
        wide[np.isnan(wide)] = np.frombuffer(b'\0\0\0\0\0\0\xf8\x7f', '<f8')[0]
    target.update(np.ascontiguousarray(wide).tobytes())


def summary(values):
    values = np.asarray(values).ravel()
    if values.dtype.kind in 'iu':
        if values.size == 0:
            return {'min': None, 'max': None, 'sum': 0, 'nan_count': 0}
        return {'min': int(values.min()), 'max': int(values.max()), 'sum': sum(values.tolist()), 'nan_count': 0}
    good = values[np.isfinite(values)].astype('f8')
    return {'min': float(good.min()) if good.size else None, 'max': float(good.max()) if good.size else None,
            'sum': math.fsum(good), 'nan_count': int(np.isnan(values).sum())}


def physical(stored, scale, zero, null):
    """Stored integers or floats -> physical values."""
    kind = stored.dtype.newbyteorder('=').str[1:]
    if scale == 1 and null is None:
        if zero == 0:
            return stored
        if (kind, zero) in UNSIGNED:
            wide = stored.astype(object) + int(zero)
            return wide.astype(UNSIGNED[kind, zero])
    values = stored.astype('f8') * scale + float(zero)
    if null is not None:
        values[stored == null] = np.nan
    return values


def image(hdu, again):
    stored = hdu.data
    if stored is None:
        return {'shape': [], 'data_sha256': None}
    header = again.header
    integer = stored.dtype.kind in 'iu'
    values = physical(stored, header.get('BSCALE', 1), header.get('BZERO', 0), header.get('BLANK') if integer else None)
    digest = hashlib.sha256()
    hashed(values, digest)
    return {'shape': list(values.shape), 'data_sha256': digest.hexdigest(), **summary(values)}


def groups(hdu):
    data = hdu.data.data
    digest = hashlib.sha256()
    hashed(data.astype('f8'), digest)
    return {'shape': list(data.shape), 'data_sha256': digest.hexdigest(), **summary(data.astype('f8')),
            'parameters': {name: hdu.data.par(name).astype('f8').tolist() for name in dict.fromkeys(n.lower() for n in hdu.parnames) if name}}


def text(cell):
    return str(cell).split('\0')[0].rstrip()


def logical(raw):
    return np.where(raw == 84, 1, np.where(raw == 70, 0, 255)).astype('i8')


def column_hash(hdu, i, raw):
    column = hdu.columns[i]
    digest = hashlib.sha256(f'{column.name}\0'.encode('utf8'))
    form = str(column.format)
    is_ascii = isinstance(hdu, fits.TableHDU)
    data = hdu.data.field(i)
    if not is_ascii and ('P' in form or 'Q' in form):
        letter = form.split('P')[-1].split('Q')[-1][0]
        heap = np.asarray(hdu.data._get_heap_data()).view('u1')
        for cell, (n, start) in zip(data, raw[raw.dtype.names[i]]):
            if letter in 'AL':
                cell = heap[start:start + n]
                cell = logical(cell) if letter == 'L' else cell
            hashed(np.array([n]), digest)
            hashed(np.asarray(cell), digest)
    elif data.dtype.kind in 'SU':
        for cell in np.asarray(data).ravel():
            digest.update(text(cell.decode('latin1') if isinstance(cell, bytes) else cell).encode('utf8') + b'\0')
    elif form.endswith('L'):
        hashed(logical(raw[raw.dtype.names[i]]), digest)
    elif is_ascii:
        words = [text(word.decode('latin1')).strip() for word in raw[raw.dtype.names[i]]]
        values = np.array(data)
        # Blank is zero, as in CFITSIO; astropy makes it NaN in columns of floats.
        values[[word == '' for word in words]] = 0
        hashed(values, digest)
    elif form.lstrip('0123456789')[0] in 'BIJK':
        stored = raw[raw.dtype.names[i]]
        scale, zero = column.bscale or 1, column.bzero or 0
        null = column.null if isinstance(column.null, int) else None
        unscaled = scale == 1 and (zero == 0 or (stored.dtype.newbyteorder('=').str[1:], zero) in UNSIGNED)
        hashed(physical(stored, scale, zero, None if unscaled else null), digest)
    else:
        hashed(data, digest)
    return {'name': column.name, 'data_sha256': digest.hexdigest()}


def table(hdu):
    if hdu.data is None:
        return {'shape': [0], 'columns': []}
    raw = hdu.data.view(np.ndarray)
    columns = []
    for i in range(len(hdu.columns)):
        try:
            columns.append(column_hash(hdu, i, raw))
        except ValueError as error:
            columns.append({'name': hdu.columns[i].name, 'error': str(error)})
    return {'shape': [len(hdu.data)], 'columns': columns}


def describe(file):
    out = []
    with fits.open(file, do_not_scale_image_data=True, uint=True, disable_image_compression=False) as hdus, fits.open(file) as again:
        for i, hdu in enumerate(hdus):
            entry = {'index': i}
            if not isinstance(hdu, fits.CompImageHDU):
                entry['extname'] = str(hdu.header.get('EXTNAME', '')).strip()
            try:
                # The header as it stands: reading the data of a scaled HDU removes cards from it.
                kept = again[i]
                if isinstance(hdu, fits.GroupsHDU):
                    entry |= {'type': 'randomGroups', **groups(kept)}
                elif isinstance(hdu, (fits.BinTableHDU, fits.TableHDU)):
                    entry |= {'type': 'bintable' if isinstance(hdu, fits.BinTableHDU) else 'asciiTable', **table(hdu)}
                else:
                    entry |= {'type': 'image', 'bitpix': int(kept.header['BITPIX']), **image(hdu, kept)}
            except Exception as error:
                entry['error'] = f'{type(error).__name__}: {error}'[:120]
            out.append(entry)
    return out


def main(folder):
    names = sorted(f for pattern in ('fits', 'fit', 'fits.gz', 'fit.gz', 'fits.fz', 'fits.Z', 'std') for f in glob.glob(f'{folder}/**/*.{pattern}', recursive=True))
    files = {}
    for name in names:
        try:
            files[os.path.relpath(name, folder)] = describe(name)
        except Exception as error:
            files[os.path.relpath(name, folder)] = {'error': f'{type(error).__name__}: {error}'[:120]}
    print(json.dumps({'tool': f'astropy {astropy.__version__}, numpy {np.__version__}', 'files': files}, separators=(",", ":")).replace("],\"", "],\n\""))


main(sys.argv[1])
