# Light curve statistics by pandas, numpy and scipy, as Rubin's meas_base computes them (numpy 2.x, pandas 3.x, scipy 1.17):
#   python3 lightCurves.py > lightCurves.json
import json, sys
import numpy as np, pandas as pd, scipy
from scipy.optimize import lsq_linear
rng = np.random.default_rng(7)

def stetson_mean(f, e, mean):
    k = np.sqrt(len(f) / (len(f) - 1))
    for _ in range(20):
        new = np.average(f, weights=1 / e**2 / (1 + (np.abs(k * (f - mean) / e) / 2)**2))
        change, mean = abs(new - mean), new
        if change < 1e-6 and change / abs(mean) < 1e-6: break
    return mean

def statistics(t, f, e):
    ok = np.isfinite(f) & np.isfinite(e)
    w = 1 / e[ok]**2
    mean = (w * f[ok]).sum() / w.sum() if ok.any() else np.nan
    out = dict(mean=mean, meanErr=1 / np.sqrt(w.sum()) if ok.any() else np.nan, n=int(ok.sum()),
               chi2=np.nansum(((f - mean) / e)[ok]**2) if ok.any() else np.nan, mad=np.nanmedian(np.abs(f - np.nanmedian(f))),
               skew=pd.Series(f).skew(), percentiles=list(np.nanpercentile(f, [5, 25, 50, 75, 95])))
    known = np.isfinite(f)
    out['maxSlope'] = (np.diff(f[known]) / np.diff(t[known])).max() if known.sum() > 1 else np.nan
    if ok.sum() > 1:
        # About the mean time: raw MJD costs six digits in float64.
        m, b = lsq_linear(np.array([(t[ok] - t[ok].mean()) / e[ok], 1 / e[ok]]).T, f[ok] / e[ok], tol=1e-15).x
        out['slope'], out['atMean'] = m, b
        k = np.sqrt(ok.sum() / (ok.sum() - 1))
        p = (k * (f[ok] - stetson_mean(f[ok], e[ok], mean)) / e[ok])**2 - 1
        out['stetsonJ'] = np.mean(np.sign(p) * np.sqrt(np.abs(p)))
    else:
        out['slope'] = out['atMean'] = out['stetsonJ'] = np.nan
    return {k: v if isinstance(v, (int, list)) else (None if np.isnan(v) else float(v)) for k, v in out.items()}

cases = []
for n, hole in [(1, None), (2, None), (3, None), (3, 1), (5, 2), (8, None), (40, 7), (200, 3)]:
    t = np.sort(60000 + 100 * rng.random(n)); f = 300 * rng.standard_normal(n) + 50 * np.arange(n) / n - 100; e = 50 + 100 * rng.random(n)
    if hole is not None: f[hole] = np.nan
    if n == 40: e[11] = np.nan
    cases.append(dict(time=list(t), flux=[None if np.isnan(v) else v for v in f], fluxErr=[None if np.isnan(v) else v for v in e], expected=statistics(t, f, e)))
print(json.dumps({'origin': f'numpy {np.__version__}, pandas {pd.__version__}, scipy {scipy.__version__}; made by lightCurves.py', 'cases': cases}))
