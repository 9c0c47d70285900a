# Rows of DiaSource and DiaObject that Rubin's pipeline made from DECam HiTS 2015, visit 419802, detectors S26 and S22
# (ap_verify_ci_hits2015, preloaded catalogs): every object with two or more sources and five with one.
import json, math, sys
import pyarrow.parquet as pq
base = sys.argv[1]
limit = int(sys.argv[2])
clean = lambda v: None if v is None or (isinstance(v, float) and math.isnan(v)) else (str(v) if isinstance(v, int) and abs(v) > 2**53 else v)
seen = set()
out = {'origin': 'ap_verify_ci_hits2015 preloaded catalogs, visit 419802, Rubin pipeline w_2025; made by summaries.py', 'objects': [], 'sources': []}
for det in ('S26', 'S22'):
    objects = pq.read_table(f'{base}/preloaded_dia_object_DECam_419802_{det}_dia_catalogs_apdb.parq').to_pylist()
    sources = pq.read_table(f'{base}/preloaded_dia_source_DECam_419802_{det}_dia_catalogs_apdb.parq').to_pylist()
    many = [o for o in objects if o['nDiaSources'] > 1]
    kept = [o for o in many if o['diaObjectId'] not in seen][:limit] + [o for o in objects if o['nDiaSources'] == 1][:limit if limit > 99 else 5]
    kept = [o for o in kept if o['diaObjectId'] not in seen]
    ids = {o['diaObjectId'] for o in kept}
    seen |= ids
    skip = lambda k: k.startswith('__') or k in ('pixelId', 'validityEndMjdTai')
    out['objects'] += [{k: clean(v) for k, v in o.items() if not skip(k) and v is not None and not (isinstance(v, float) and math.isnan(v))} for o in kept]
    names = ('diaSourceId', 'diaObjectId', 'band', 'midpointMjdTai', 'ra', 'dec', 'raErr', 'decErr', 'psfFlux', 'psfFluxErr', 'scienceFlux', 'scienceFluxErr')
    out['sources'] += [{k: clean(s[k]) for k in names} for s in sources if s['diaObjectId'] in ids]
print(json.dumps(out, indent=0))
