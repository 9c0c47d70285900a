import { expect } from 'chai';
import { ApError } from '../../src/model/errors.ts';
import {
  base64OfBytes, bytesOfBase64, bytesOfHex, decodeCircle, decodePolygon, encodeCircle, encodePolygon, hexOfBytes,
} from '../../src/sky/regionEncoding.ts';

const square = { vertices_deg: [[52.9, -28.1], [53.1, -28.1], [53.1, -27.9], [52.9, -27.9]] as [number, number][] };

describe('sky/regionEncoding', () => {
  // Origin: lsst.sphgeom ConvexPolygon.encode, Circle.encode, 2026 release.
  it('writes the bytes of sphgeom', () => {
    const bytes = encodePolygon(square);
    expect(bytes.length).to.equal(97);
    expect(hexOfBytes(bytes).slice(0, 50)).to.equal('70378c5a1a0307e13f0b791dada583e63fed5877040f25debf');
    // The cosine of the C library and that of V8 may differ in the last bit: doubles are compared, not bytes.
    const circle = encodeCircle({ ra: 53, dec: -28, radius_deg: 0.1 });
    const golden = bytesOfHex('6323f60b05fe00e13f43d8e5a79d90e63f79502474d20bdebfe08fdf8c9b8dc93ef561b70371985c3f');
    expect(circle[0]).to.equal(golden[0]);
    doubles(circle).forEach((value, k) => expect(value / doubles(golden)[k]!).to.be.closeTo(1, 3e-16));
  });
  it('turns clockwise vertices round', () => {
    const clockwise = { vertices_deg: square.vertices_deg.toReversed() };
    expect(decodePolygon(encodePolygon(clockwise)).vertices_deg[0]![0]).to.be.closeTo(52.9, 1e-12);
    expect(decodePolygon(encodePolygon(clockwise)).vertices_deg[0]![1]).to.be.closeTo(-28.1, 1e-12);
  });
  it('reads what it wrote, as bytes, hex and base64', () => {
    const bytes = encodePolygon(square);
    for (const again of [bytes, bytesOfHex(hexOfBytes(bytes)), bytesOfBase64(base64OfBytes(bytes))]) {
      decodePolygon(again).vertices_deg.forEach(([ra, dec], k) => {
        expect(ra).to.be.closeTo(square.vertices_deg[k]![0], 1e-12);
        expect(dec).to.be.closeTo(square.vertices_deg[k]![1], 1e-12);
      });
    }
    const circle = decodeCircle(encodeCircle({ ra: 350.5, dec: 80, radius_deg: 1.5 }));
    expect(circle.ra).to.be.closeTo(350.5, 1e-10);
    expect(circle.radius_deg).to.be.closeTo(1.5, 1e-12);
  });
  const bad: [string, Uint8Array][] = [
    ['a circle', encodeCircle({ ra: 1, dec: 2, radius_deg: 1 })],
    ['a cut polygon', encodePolygon(square).subarray(0, 90)],
    ['two vertices', encodePolygon(square).subarray(0, 49)],
    ['a clockwise polygon', clockwiseBytes()],
  ];
  for (const [name, bytes] of bad) {
    it(`refuses ${name}`, () => expect(() => decodePolygon(bytes)).to.throw(ApError, 'expected'));
  }
  it('refuses odd hex', () => expect(() => bytesOfHex('abc')).to.throw(ApError));
});

function clockwiseBytes(): Uint8Array {
  const good = encodePolygon(square);
  const out = Uint8Array.from(good);
  for (let k = 0; k < 4; k++) out.set(good.subarray(1 + 24 * (3 - k), 25 + 24 * (3 - k)), 1 + 24 * k);
  return out;
}

function doubles(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: (bytes.length - 1) / 8 }, (_, k) => view.getFloat64(1 + 8 * k, true));
}
