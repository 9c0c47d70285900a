import json
from importlib.metadata import version
import numpy as np
from lsst.sphgeom import (DISJOINT, Angle, Box, Circle, ConvexPolygon, Ellipse, HtmPixelization, IntersectionRegion, LonLat, UnionRegion, UnitVector3d)
rng = np.random.default_rng(7)
at = lambda ra, dec: UnitVector3d(LonLat.fromDegrees(ra, dec))
deg = Angle.fromDegrees
polygon = lambda vs: (dict(vertices_deg=vs), ConvexPolygon([at(*v) for v in vs]))
circle = lambda ra, dec, r: (dict(ra=ra, dec=dec, radius_deg=r), Circle(at(ra, dec), deg(r)))
box = lambda a, b, c, d: (dict(raMin=a, raMax=b, decMin=c, decMax=d), Box.fromDegrees(a, c, b, d))
ellipse = lambda ra, dec, a, b, o: (dict(ra=ra, dec=dec, alpha_deg=a, beta_deg=b, angle_deg=o), Ellipse(at(ra, dec), deg(a), deg(b), deg(o)))
compound = lambda op, *parts: (dict(operator=op, operands=[p[0] for p in parts]), (UnionRegion if op == 'union' else IntersectionRegion)(*[p[1] for p in parts]))
regions = [
    polygon([[52.9, -28.1], [53.1, -28.1], [53.1, -27.9], [52.9, -27.9]]), polygon([[350, -10], [10, -12], [5, 10]]),
    polygon([[0, 80], [120, 78], [240, 82]]), circle(53, -28, 0.1), circle(0, 90, 12), circle(200, 5, 100), circle(359.5, -45, 3),
    box(350, 10, -5, 5), box(100, 140, 60, 90), box(0, 360, -20, -10), box(10, 300, 30, 50),
    ellipse(53, -28, 2, 1, 30), ellipse(300, 60, 4, 9, 100), ellipse(0, 90, 3, 1, 10), ellipse(12, 0, 40, 5, 90),
    compound('union', circle(10, 10, 5), box(40, 50, 5, 12)), compound('intersection', circle(10, 10, 5), box(8, 30, 5, 12)),
]
def near(region):
    b = region.getBoundingCircle()
    c, r = LonLat(UnitVector3d(b.getCenter())), min(1.3 * b.getOpeningAngle().asDegrees(), 179)
    out = []
    while len(out) < 40:
        v = rng.normal(size=3); v /= np.linalg.norm(v)
        w = np.array([b.getCenter().x(), b.getCenter().y(), b.getCenter().z()])
        t = np.radians(r) * np.sqrt(rng.uniform())
        e = v - w * (v @ w); e /= np.linalg.norm(e)
        p = np.cos(t) * w + np.sin(t) * e
        ra, dec = float(np.degrees(np.arctan2(p[1], p[0])) % 360), float(np.degrees(np.arcsin(p[2])))
        out.append([ra, dec, bool(region.contains(at(ra, dec)))])
    return out
def ranges(find, region):
    # Pixelizations of this release crash on ellipses and compound regions; null stands for the answer.
    if isinstance(region, (Ellipse, UnionRegion, IntersectionRegion)): return None
    found = find(region)
    return [[int(begin), int(end)] for begin, end in found.ranges()]
rows = []
for ours, theirs in regions:
    radius = theirs.getBoundingCircle().getOpeningAngle().asDegrees()
    level = int(np.clip(np.round(np.log2(90 / radius)) + 2, 2, 12))
    htm = HtmPixelization(level)
    rows.append(dict(region=ours, encoded=theirs.encode().hex(), points=near(theirs), level=level,
                     envelope=ranges(htm.envelope, theirs), interior=ranges(htm.interior, theirs)))
relation = [[bool(a[1].relate(b[1]) & DISJOINT) for b in regions] for a in regions]
index = []
# The first ones lie on edges and corners of trixels, or so near that rounding decides wrongly.
places = [(270.0, -45.0), (270.0, 45.0), (45.0, 0.0), (180.0, 0.0), (0.0, 90.0), (123.0, -90.0), (90.0, 35.26438968275465), (31.672305263097257, -20.177804062135756)]
places += [(float(rng.uniform(0, 360)), float(np.degrees(np.arcsin(rng.uniform(-1, 1))))) for _ in range(40)]
for ra, dec in places:
    index.append([ra, dec] + [int(HtmPixelization(l).index(at(ra, dec))) for l in (0, 7, 20, 24)])
print(json.dumps(dict(origin=f"lsst-sphgeom {version('lsst-sphgeom')}, made by regions.py", index=index, regions=rows, disjoint=relation)))
