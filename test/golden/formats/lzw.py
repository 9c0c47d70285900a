"""Files of compress (Debian ncompress 5.0): what they hold is made again by the test from the same rule.

    python3 test/golden/formats/lzw.py > test/golden/formats/lzw.json
"""
import base64
import json
import subprocess


def content(n, modulus):
    """Bytes of the generator x <- 1103515245 x + 12345 mod 2^31, its upper bits modulo `modulus`."""
    x, out = 1, bytearray()
    for _ in range(n):
        x = (1103515245 * x + 12345) % 2**31
        out.append((x >> 16) % modulus)
    return bytes(out)


cases = {}
for n, modulus, bits in [(0, 2, 16), (1, 200, 16), (5000, 1, 16), (5000, 3, 16), (40000, 200, 12), (120000, 2, 10), (60000, 90, 16)]:
    made = subprocess.run(['compress', '-f', '-b', str(bits), '-c'], input=content(n, modulus), capture_output=True).stdout
    cases[f'{n} bytes below {modulus}, {bits} bits'] = {'n': n, 'modulus': modulus, 'packed': base64.b64encode(made).decode()}
print(json.dumps(cases, indent=0))
