/** Pictures for reports: 8-bit RGB PNG (PNG specification, third edition; one IDAT chunk). */
import { crc32, deflateSync } from 'node:zlib';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Filter type "Up" of the specification: each byte less the one above it. */
const FILTER_UP = 2;

/**
 * The picture as PNG; the same pixels give the same bytes with one version of zlib.
 * @param rgb width * height * 3 values, rows from the top.
 */
export function encodePng(width: number, height: number, rgb: Uint8Array): Uint8Array {
  if (width < 1 || height < 1 || rgb.length !== width * height * 3) {
    throw new RangeError(`${rgb.length} bytes do not make a picture of ${width} x ${height}`);
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, 2);
  return Buffer.concat([
    SIGNATURE, chunk('IHDR', new Uint8Array(header.buffer)), chunk('IDAT', deflateSync(filtered(width, height, rgb))), chunk('IEND', new Uint8Array(0)),
  ]);
}

/** Rows, each behind its filter type. */
function filtered(width: number, height: number, rgb: Uint8Array): Uint8Array {
  const row = width * 3;
  const out = new Uint8Array((row + 1) * height);
  for (let y = 0; y < height; y++) {
    const to = y * (row + 1) + 1;
    out[to - 1] = FILTER_UP;
    for (let k = 0, from = y * row; k < row; k++) out[to + k] = rgb[from + k]! - (y === 0 ? 0 : rgb[from + k - row]!);
  }
  return out;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
