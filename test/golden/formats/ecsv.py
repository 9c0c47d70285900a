import io, json
import numpy as np
import astropy
import astropy.units as u
from astropy.table import Column, MaskedColumn, Table
t = Table()
t['ra'] = Column([1 / 3, np.nan, -0.0], unit=u.deg, description='right "ascension": #1')
t['flux'] = MaskedColumn(np.array([1.5, 2, -np.inf], dtype='f4'), unit=u.nJy, mask=[False, True, False])
t['id'] = MaskedColumn(np.array([2**63 - 1, 5, -2**63], dtype='i8'), mask=[False, True, False])
t['u64'] = np.array([0, 2**53 + 1, 7], dtype='u8')
t['n'] = np.array([-128, 0, 127], dtype='i1')
t['flag'] = MaskedColumn([True, False, True], mask=[False, False, True])
t['band name'] = ['a "b"', '', "it's, # x"]
t['vector'] = [np.arange(2), np.arange(3), np.arange(1)]
def text(**more):
    out = io.StringIO()
    t.write(out, format='ascii.ecsv', **more)
    return out.getvalue()
print(json.dumps(dict(origin=f'astropy {astropy.__version__}, made by ecsv.py', blank=text(), comma=text(delimiter=','))))
