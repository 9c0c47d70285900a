import { expect } from 'chai';
import { crc32, inflateSync } from 'node:zlib';
import { encodePng } from '../../src/formats/png.ts';
import { random } from '../../src/numeric/random.ts';

/** A second reading of the format, by the text of the specification: chunks, their CRC, and the filters None and Up. */
function decodePng(bytes: Uint8Array): { width: number; height: number; rgb: Uint8Array } {
  const view = Buffer.from(bytes);
  expect(view.toString('latin1', 0, 8)).to.equal('\x89PNG\r\n\x1a\n');
  const chunks = new Map<string, Buffer>();
  let at = 8;
  while (at < view.length) {
    const length = view.readUInt32BE(at);
    expect(view.readUInt32BE(at + 8 + length)).to.equal(crc32(view.subarray(at + 4, at + 8 + length)));
    chunks.set(view.toString('latin1', at + 4, at + 8), view.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  expect([...chunks.keys()]).to.deep.equal(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR')!;
  expect([...header.subarray(8)]).to.deep.equal([8, 2, 0, 0, 0]);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const row = 3 * width;
  const stored = inflateSync(chunks.get('IDAT')!);
  const rgb = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) {
    const filter = stored[y * (row + 1)]!;
    expect(filter).to.be.oneOf([0, 2]);
    for (let k = 0; k < row; k++) rgb[y * row + k] = stored[y * (row + 1) + 1 + k]! + (filter === 2 && y > 0 ? rgb[(y - 1) * row + k]! : 0);
  }
  return { width, height, rgb };
}

describe('formats/png', () => {
  for (const [width, height] of [[1, 1], [31, 7], [200, 150]] as const) {
    it(`the pixels of ${width} x ${height} come back`, () => {
      const rng = random(width);
      const rgb = Uint8Array.from({ length: 3 * width * height }, () => Math.floor(256 * rng.uniform()));
      expect(decodePng(encodePng(width, height, rgb))).to.deep.equal({ width, height, rgb });
    });
  }
  it('a smooth picture gets small, and the same bytes every time', () => {
    const rgb = Uint8Array.from({ length: 3 * 256 * 256 }, (_, i) => Math.floor(i / 768));
    expect(encodePng(256, 256, rgb).length).to.be.below(2000);
    expect(encodePng(256, 256, rgb)).to.deep.equal(encodePng(256, 256, rgb));
  });
  for (const [width, height, n] of [[2, 2, 11], [0, 5, 0], [2, 2, 13]] as const) {
    it(`refuses ${n} bytes for ${width} x ${height}`, () => expect(() => encodePng(width, height, new Uint8Array(n))).to.throw(RangeError));
  }
});
