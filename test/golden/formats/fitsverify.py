"""Verdicts of fitsverify on the files below a folder: [errors, warnings].

python3 fitsverify.py ../shared/data/fits > fitsverify.json      (needs: apt-get install fitsverify)
"""
import json
import os
import re
import subprocess
import sys


def verdict(file):
    text = subprocess.run(['fitsverify', '-q', file], capture_output=True, text=True).stdout
    found = re.findall(r'(\d+) warnings and (\d+) errors', text)
    return [int(found[-1][1]), int(found[-1][0])] if found else [0, 0]


folder = sys.argv[1]
names = sorted(os.path.relpath(os.path.join(root, name), folder) for root, _, files in os.walk(folder) for name in files if 'LICENCE' not in name)
title = subprocess.run(['fitsverify', os.path.join(folder, names[0])], capture_output=True, text=True).stdout
version = ' '.join(re.search(r'(fitsverify \S+).*?\((CFITSIO \S+?)\)', title).groups())
print(json.dumps({'tool': version, 'files': {name: verdict(os.path.join(folder, name)) for name in names}}, indent=1))
