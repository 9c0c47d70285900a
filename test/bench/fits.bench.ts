/**
 * FITS on a frame of 2048 x 4096 pixels: RICE_1 decoding and encoding beside fpack and funpack (where they are on the
 * PATH; each is one process that reads a file and writes one), and a float32 image beside reading its bytes.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  compressImage, imageAsFloat32, readFits, readPixels, scanFits, storedPixels, writeFits, type ByteSource, type PixelArray,
} from '../../src/formats/fits/index.ts';
import { random } from '../../src/numeric/random.ts';
import type { Bench, BenchCase } from './bench.ts';

const SHAPE = [2048, 4096] as const;

function isInstalled(tool: string): boolean {
  try {
    execFileSync(tool, ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function cases(): BenchCase[] {
  const rng = random(1, 'fits bench');
  const sky = Float32Array.from({ length: SHAPE[0] * SHAPE[1] }, () => 1000 + 30 * rng.normal());
  const folder = mkdtempSync(path.join(os.tmpdir(), 'fits-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const hasTools = isInstalled('fpack') && isInstalled('funpack');
  const frames: readonly (readonly [string, PixelArray])[] = [
    ['int16', Int16Array.from(sky, Math.round)], ['int32', Int32Array.from(sky, Math.round)], ['float32', sky],
  ];
  const packing = frames.flatMap(([type, data]) => packingCases(folder, type, data, hasTools));
  return [...packing, ...readingCases(path.join(folder, 'float32.fits'))];
}

function packingCases(folder: string, type: string, data: PixelArray, hasTools: boolean): BenchCase[] {
  const [plain, packed, out] = ['', '.packed', '.out'].map(suffix => path.join(folder, `${type}${suffix}.fits`)) as [string, string, string];
  const image = { kind: 'image' as const, shape: SHAPE, data };
  writeFileSync(plain, writeFits([image]));
  writeFileSync(packed, writeFits([compressImage(image, { codec: 'RICE_1' })]));
  const tool = (name: string, source: string) => (): void => {
    rmSync(out, { force: true });
    execFileSync(name, ['-O', out, source], { stdio: 'ignore' });
  };
  return [
    { name: `RICE_1 ${type}: decode a file`, repeat: 7, run: () => storedPixels(readFits(readFileSync(packed)).hdus[1]!) },
    ...(hasTools ? [{ name: `RICE_1 ${type}: funpack`, repeat: 7, run: tool('funpack', packed) }] : []),
    {
      name: `RICE_1 ${type}: encode to a file`, repeat: 7,
      run: () => writeFileSync(out, writeFits([compressImage(image, { codec: 'RICE_1' })])),
    },
    ...(hasTools ? [{ name: `RICE_1 ${type}: fpack`, repeat: 7, run: tool('fpack', plain) }] : []),
  ];
}

function readingCases(file: string): BenchCase[] {
  return [
    { name: 'float32 33.6 MB: read the bytes', repeat: 15, run: () => readFileSync(file) },
    { name: 'float32 33.6 MB: read the image from the file', repeat: 15, run: () => imageFromFile(file) },
    { name: 'float32 33.6 MB: read the bytes, then the image', repeat: 15, run: () => imageAsFloat32(readFits(readFileSync(file)).hdus[0]!) },
  ];
}

function imageFromFile(file: string): unknown {
  const descriptor = openSync(file, 'r');
  const read = (offset: number, target: Uint8Array): number => readSync(descriptor, target, 0, target.length, offset);
  const source: ByteSource = {
    byteLength: fstatSync(descriptor).size, readInto: read,
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, read(offset, bytes));
    },
  };
  try {
    return readPixels(source, scanFits(source).hdus[0]!);
  } finally {
    closeSync(descriptor);
  }
}

export default { name: 'fits', cases } satisfies Bench;
