# What the Starlink AST library makes of our text of a TAN-SIP WCS: sky of pixels, and pixels back by its iteration.
# python astSip.py < text > astSip.json      (starlink-pyast; the text is what astTanText gives for the WCS in the test)
import json, sys
import numpy as np
import starlink.Ast as Ast


class Source:
    def __init__(self, lines):
        self.lines = iter(lines)

    def astsource(self):
        return next(self.lines, None)


text = sys.stdin.read()
frames = Ast.Channel(Source(text.splitlines())).read()
pixels = np.array([[0.0, 0.0], [2047.0, 1489.0], [100.5, 900.25], [1023.5, 743.5]])
sky = frames.tran(pixels.T, True)
back = frames.tran(sky, False).T
points = [[*map(float, p), float(np.degrees(s[0]) % 360), float(np.degrees(s[1])), *map(float, b)] for p, s, b in zip(pixels, sky.T, back)]
print(json.dumps({'origin': f'starlink-pyast, AST {Ast.version()}, made by astSip.py', 'text': text, 'points': points}, indent=1))
