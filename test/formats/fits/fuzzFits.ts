/** Mutated FITS files, and what every one of them is put through: it may be refused by an ApError, and nothing else. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  card, compressImage, digestHdu, hasPixels, imageShape, memorySource, readCutout, readFits, salvageFits, scanFits, tableCsv,
  verifyFits, writeFits,
  type HduInput,
} from '../../../src/formats/fits/index.ts';
import { ApError } from '../../../src/model/errors.ts';

const REAL = '../shared/data/fits';
/** Real files up to this size are mutated; larger ones would only be slower. */
const MAX_SEED_BYTES = 24_000;
const MAX_SECONDS = 1;
/** Small files may be read into this much; larger ones into four times their size. */
const MEMORY_FLOOR = 96 * 2 ** 20;

/** xorshift32: repeatable and fast. */
export function generator(seed: number): (n: number) => number {
  let state = seed | 1;
  return n => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

/** Files to begin with: one of every kind that we write, and the small real ones when they are at hand. */
export function seeds(): { readonly name: string; readonly bytes: Uint8Array }[] {
  return [...madeSeeds(), ...realSeeds()];
}

function madeSeeds(): { name: string; bytes: Uint8Array }[] {
  const image = (data: Int16Array | Float32Array | Uint16Array | BigInt64Array): HduInput => ({ kind: 'image', shape: [8, data.length / 8], data });
  const floats = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i) * 100);
  const columns: HduInput = {
    kind: 'bintable', name: 'T', nRows: 3, columns: [
      { name: 'id', type: 'numbers', values: BigInt64Array.of(1n, 2n, 3n) }, { name: 'w', type: 'strings', values: ['a', 'bb', ''] },
      { name: 'list', type: 'arrays', values: [Int16Array.of(1, 2), new Int16Array(0), Int16Array.of(3)] },
      { name: 'far', type: 'arrays', isWide: true, values: [Float64Array.of(1), Float64Array.of(2, 3), new Float64Array(0)] },
      { name: 'bits', type: 'bits', repeat: 11, values: new Uint8Array(33).fill(1) }, { name: 'ok', type: 'logical', values: [0, 1, 255] },
      { name: 'z', type: 'complex', values: Float32Array.of(1, 2, 3, 4, 5, 6) }, { name: 'u', type: 'numbers', values: Uint32Array.of(1, 2, 3) },
    ],
  };
  const packed = (codec: 'RICE_1' | 'GZIP_2', data: Int16Array | Float32Array): HduInput =>
    compressImage({ kind: 'image', shape: [8, 8], data }, { codec });
  return [
    { name: 'images', bytes: writeFits([image(Int16Array.from(floats)), image(floats), image(Uint16Array.from(floats, Math.abs))], { checksum: true }) },
    { name: 'table', bytes: writeFits([columns]) },
    { name: 'long cards', bytes: writeFits([{ kind: 'image', shape: [], data: null, cards: [card('LONG', 'x&'.repeat(120)), card('ESO DET', 2n ** 70n)] }]) },
    { name: 'rice', bytes: writeFits([packed('RICE_1', Int16Array.from(floats)), packed('RICE_1', floats)]) },
    { name: 'gzip2', bytes: writeFits([packed('GZIP_2', floats)]) },
  ];
}

function realSeeds(): { name: string; bytes: Uint8Array }[] {
  if (!existsSync(REAL)) return [];
  return readdirSync(REAL, { recursive: true, encoding: 'utf8' })
    .filter(name => /\.(fits|fit|std|gz|fz)$/.test(name) && statSync(path.join(REAL, name)).size <= MAX_SEED_BYTES).sort()
    .map(name => ({ name, bytes: readFileSync(path.join(REAL, name)) }))
    .map(({ name, bytes }) => ({ name, bytes: bytes[0] === 0x1f ? gunzipSync(bytes) : bytes }))
    .filter(({ bytes }) => bytes.length <= MAX_SEED_BYTES);
}

const NASTY = ['0', '-1', '1', '2', '999', '1000000000000000', '9223372036854775807', '2147483647', '4294967296', '1E15', '-32', '64', '8',
  "'x'", 'T', '', 'NaN', "'1PJ(9)'", "'999999999D'", "'0A'", "'1QA(2)'", "'(1000000,1000000)'", '18446744073709551616', '/', "'unclosed"];

/** One changed copy. */
export function mutated(bytes: Uint8Array, random: (n: number) => number): Uint8Array {
  let out = Uint8Array.from(bytes);
  const nChanges = 1 + random(3);
  for (let k = 0; k < nChanges && out.length > 0; k++) out = CHANGES[random(CHANGES.length)]!(out, random);
  return out;
}

type Bytes = Uint8Array<ArrayBuffer>;

function changedByte(bytes: Bytes, random: (n: number) => number): Bytes {
  bytes[random(bytes.length)] = random(256);
  return bytes;
}

function changedCard(bytes: Bytes, random: (n: number) => number): Bytes {
  const at = 80 * random(Math.max(1, Math.floor(bytes.length / 80)));
  const value = NASTY[random(NASTY.length)]!;
  if (at + 10 >= bytes.length) return bytes;
  Buffer.from(bytes.buffer).write(value.startsWith("'") ? value.padEnd(20) : value.padStart(20), at + 10, 'latin1');
  return bytes;
}

function movedCard(bytes: Bytes, random: (n: number) => number): Bytes {
  const n = Math.max(1, Math.floor(bytes.length / 80));
  bytes.copyWithin(80 * random(n), 80 * random(n), 80 * (random(n) + 1));
  return bytes;
}

const CHANGES: readonly ((bytes: Bytes, random: (n: number) => number) => Bytes)[] = [
  changedByte, changedByte, changedByte, changedCard, changedCard, changedCard, movedCard,
  (bytes, random) => bytes.slice(0, random(bytes.length)),
  (bytes, random) => {
    const at = 2880 * random(Math.ceil(bytes.length / 2880));
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 2880)]);
  },
  (bytes, random) => { const at = random(bytes.length); bytes.fill(random(256), at, at + random(64)); return bytes; },
];

/** What went wrong with one input; null when nothing did. */
export function faultOf(bytes: Uint8Array, isThorough: boolean): string | null {
  const memory = process.memoryUsage().arrayBuffers;
  const start = performance.now();
  try {
    exercise(bytes, isThorough);
  } catch (error) {
    return error instanceof Error ? error.stack ?? error.message : String(error);
  }
  const seconds = (performance.now() - start) / 1000;
  if (seconds > MAX_SECONDS) return `${seconds} s`;
  const grown = process.memoryUsage().arrayBuffers - memory;
  return grown > Math.max(MEMORY_FLOOR, 4 * bytes.length) ? `${grown} bytes of memory for ${bytes.length} bytes` : null;
}

function exercise(bytes: Uint8Array, isThorough: boolean): void {
  const file = allowed(() => salvageFits(bytes));
  for (const hdu of file?.hdus ?? []) {
    allowed(() => digestHdu(hdu));
    if (isThorough && !hdu.isCompressedImage && !hasImageKind(hdu.kind)) allowed(() => tableCsv(hdu));
  }
  if (!isThorough) return;
  verifyFits(bytes);
  allowed(() => readFits(bytes));
  const source = memorySource(bytes);
  for (const head of allowed(() => scanFits(source))?.hdus ?? []) {
    const shape = allowed(() => (hasPixels(head) ? imageShape(head) : []));
    if (shape !== undefined && shape.length > 0) {
      allowed(() => readCutout(source, head, { start: shape.map(() => 0), size: shape.map(n => Math.min(n, 3)) }));
    }
  }
}

const hasImageKind = (kind: string): boolean => kind === 'image' || kind === 'randomGroups';

function allowed<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof ApError) return undefined;
    throw error;
  }
}
