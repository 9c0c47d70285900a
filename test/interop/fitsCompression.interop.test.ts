import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  compressImage, hasPixels, imageAsFloat64, readFits, writeFits, type CompressOptions, type PixelArray,
} from '../../src/formats/fits/index.ts';
import { random } from '../../src/numeric/random.ts';
import { astropyPython } from './rubinPython.ts';

/** Tools of the field that read what we pack: CFITSIO's funpack and fitsverify (Debian libcfitsio-bin, fitsverify), astropy. */
const has = (tool: string, ...args: string[]): boolean => spawnSync(tool, args, { stdio: 'ignore' }).error === undefined;
const SHAPE = [123, 77];
const rng = random(11, 'interop');
const sky = Float64Array.from({ length: SHAPE[0]! * SHAPE[1]! }, (_, i) => (
  i % 41 === 0 ? NaN : i % 59 === 0 ? 0 : 500 + 12 * rng.normal()));
const counts = Int32Array.from(sky, v => (Number.isNaN(v) ? -7 : Math.round(v)));

const CASES: readonly (readonly [string, PixelArray, CompressOptions])[] = [
  ['uint8', Uint8Array.from(counts), { codec: 'RICE_1' }],
  ['int16', Int16Array.from(counts), { codec: 'RICE_1', tile: [50, 20] }],
  ['uint16', Uint16Array.from(counts), { codec: 'RICE_1' }],
  ['int32', Int32Array.from(counts, v => v * 100000), { codec: 'RICE_1', tile: [123, 77] }],
  ['uint32', Uint32Array.from(counts, v => v + 3e9), { codec: 'GZIP_2' }],
  ['int16 by GZIP_2', Int16Array.from(counts), { codec: 'GZIP_2', tile: [50, 20] }],
  ['float32 without loss', Float32Array.from(sky), { codec: 'GZIP_2', quantize: null }],
  ['float64 without loss', sky, { codec: 'GZIP_2', quantize: null }],
  ['float32, dither 1', Float32Array.from(sky), { codec: 'RICE_1', quantize: { seed: 4321 } }],
  ['float32, dither 2', Float32Array.from(sky), { codec: 'RICE_1', quantize: { method: 'SUBTRACTIVE_DITHER_2' } }],
  ['float64, no dither', sky, { codec: 'RICE_1', quantize: { method: 'NO_DITHER', q: 8 } }],
  // funpack of CFITSIO 4.2 scrambles float images that have both NaN and tiles narrower than the image, its own included.
  ['float32, dither 1 by GZIP_2', Float32Array.from(sky), { codec: 'GZIP_2', tile: [123, 30] }],
  ['float32, dither 1, narrow tiles', Float32Array.from(sky, v => v || 1), { codec: 'RICE_1', tile: [40, 30] }],
  ['float32 without noise', new Float32Array(sky.length).fill(3.25), { codec: 'RICE_1' }],
];

const ASTROPY = `
import sys
import numpy as np
from astropy.io import fits
hdu = next(h for h in fits.open(sys.argv[1], memmap=False) if h.data is not None)
sys.stdout.buffer.write(np.ascontiguousarray(hdu.data, dtype='<f8').tobytes())
`;

describe('compressed images that we write, read by the tools of the field', () => {
  let folder: string;
  let astropy: ReturnType<typeof astropyPython>;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'fits-interop-'));
    astropy = astropyPython();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, data, options] of CASES) {
    const packedFile = (): { file: string; ours: Float64Array } => {
      const bytes = writeFits([compressImage({ kind: 'image', name: 'SCI', shape: SHAPE, data }, options)], { checksum: true });
      const file = path.join(folder, 'packed.fits');
      writeFileSync(file, bytes);
      return { file, ours: imageAsFloat64(readFits(bytes).hdus[1]!) };
    };

    it(`${name}: funpack reads the same pixels`, function () {
      if (!has('funpack', '-V')) {
        process.stdout.write('      skipped: there is no funpack\n');
        this.skip();
      }
      const { file, ours } = packedFile();
      const out = path.join(folder, 'plain.fits');
      rmSync(out, { force: true });
      execFileSync('funpack', ['-O', out, file]);
      expect(imageAsFloat64(readFits(readFileSync(out)).hdus.find(hasPixels)!)).to.deep.equal(ours);
    });

    it(`${name}: astropy reads the same pixels`, function () {
      if ('reason' in astropy) {
        process.stdout.write(`      skipped: ${astropy.reason}\n`);
        this.skip();
      }
      const { file, ours } = packedFile();
      const bytes = Uint8Array.from(execFileSync(astropy.python, ['-W', 'ignore', '-c', ASTROPY, file], { maxBuffer: 2 ** 28 }));
      expect(new Float64Array(bytes.buffer)).to.deep.equal(ours);
    });

    it(`${name}: fitsverify finds no fault`, function () {
      if (!has('fitsverify')) {
        process.stdout.write('      skipped: there is no fitsverify\n');
        this.skip();
      }
      const { status, stdout } = spawnSync('fitsverify', ['-q', packedFile().file], { encoding: 'utf8' });
      expect([status, stdout.trim()]).to.deep.equal([0, `verification OK: ${path.join(folder, 'packed.fits')}`]);
    });
  }
});
