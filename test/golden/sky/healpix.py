import json
import healpy as hp
import numpy as np
rng = np.random.default_rng(29)
points = []
places = [(0.0, 0.0), (0.0, 90.0), (10.0, -90.0), (359.9999999, 41.8), (45.0, 41.810314895778596), (90.0, -41.9), (180.0, 0.0), (123.4, 89.99999), (300.1, -89.9)]
places += [(float(rng.uniform(0, 360)), float(np.degrees(np.arcsin(rng.uniform(-1, 1))))) for _ in range(60)]
for ra, dec in places:
    for order in (0, 1, 3, 8, 13, 24, 29):
        n = 2 ** order
        nest = int(hp.ang2pix(n, ra, dec, nest=True, lonlat=True))
        ring = int(hp.ang2pix(n, ra, dec, lonlat=True))
        lon, lat = hp.pix2ang(n, nest, nest=True, lonlat=True)
        points.append([order, ra, dec, str(nest), str(ring), float(lon), float(lat)])
def degrees(v): return [[float(a % 360), float(b)] for a, b in zip(*hp.vec2ang(np.array(v).T, lonlat=True))]
boundaries = [[o, p, s, degrees(hp.boundaries(2 ** o, p, step=s, nest=True))] for o, p, s in [(0, 5, 2), (3, 0, 1), (3, 700, 3), (10, 1234567, 2)]]
discs = []
for order, ra, dec, r in [(3, 10, 20, 15), (4, 0, 90, 8), (5, 200, -41, 6), (2, 359, -88, 40), (7, 83.6, 22, 1.5), (1, 100, 0, 120)]:
    v = hp.ang2vec(ra, dec, lonlat=True)
    one = lambda inc: [int(p) for p in hp.query_disc(2 ** order, v, np.radians(r), inclusive=inc, fact=4, nest=True)]
    discs.append(dict(order=order, ra=ra, dec=dec, radius_deg=r, centers=one(False), inclusive=one(True)))
polygons = []
for order, vs in [(4, [[10, 10], [40, 12], [35, 45], [12, 40]]), (5, [[350, -10], [10, -12], [5, 10]]), (4, [[0, 80], [120, 78], [240, 82]]), (6, [[52, -29], [54, -29], [54, -27], [52, -27]])]:
    v = [hp.ang2vec(a, b, lonlat=True) for a, b in vs]
    one = lambda inc: [int(p) for p in hp.query_polygon(2 ** order, v, inclusive=inc, fact=4, nest=True)]
    polygons.append(dict(order=order, vertices_deg=vs, centers=one(False), inclusive=one(True)))
print(json.dumps(dict(origin=f'healpy {hp.__version__}, made by healpix.py', points=points, boundaries=boundaries, discs=discs, polygons=polygons)))
