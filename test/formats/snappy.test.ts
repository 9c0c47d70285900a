import { expect } from 'chai';
import fc from 'fast-check';
import { random } from '../../src/numeric/random.ts';
import { snappyCompress, snappyDecompress } from '../../src/formats/snappy.ts';
import { ApError } from '../../src/model/errors.ts';

const back = (bytes: Uint8Array): Uint8Array => snappyDecompress(snappyCompress(bytes), 2 ** 28);

describe('formats/snappy', () => {
  it('any bytes come back', () => fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
    expect(back(bytes)).to.deep.equal(bytes);
  }), { seed: 3 }));
  it('blocks longer than the window come back, noise and repetition', () => {
    const rng = random(1, 'snappy');
    const noise = Uint8Array.from({ length: 200_001 }, () => rng.uniform() * 256);
    const repeated = Uint8Array.from({ length: 300_000 }, (_, i) => noise[i % 1000]!);
    expect(Buffer.compare(back(noise), noise)).to.equal(0);
    expect(Buffer.compare(back(repeated), repeated)).to.equal(0);
    expect(snappyCompress(repeated).length).to.be.lessThan(20_000);
  });
  // Blocks made by hand from format_description.txt.
  it('reads literals and copies of all three kinds', () => {
    const text = (...block: number[]): string => Buffer.from(snappyDecompress(Uint8Array.from(block), 1000)).toString();
    expect(text(5, 4 << 2, ...Buffer.from('hello'))).to.equal('hello');
    expect(text(5, 60 << 2, 4, ...Buffer.from('hello'))).to.equal('hello');
    expect(text(8, 1 << 2, 97, 98, ((6 - 4) << 2) | 1, 2)).to.equal('abababab');
    expect(text(8, 1 << 2, 97, 98, (5 << 2) | 2, 2, 0)).to.equal('abababab');
    expect(text(8, 1 << 2, 97, 98, (5 << 2) | 3, 2, 0, 0, 0)).to.equal('abababab');
  });
  const damaged: readonly [string, readonly number[]][] = [
    ['no bytes', []], ['a size of six bytes', [255, 255, 255, 255, 255, 1]], ['4 GiB from five bytes', [255, 255, 255, 255, 15, 0]],
    ['a copy from before the start', [8, 0, 97, (5 << 2) | 2, 9, 0]], ['a copy from nowhere', [8, 0, 97, (5 << 2) | 2, 0, 0]],
    ['a literal beyond the block', [8, 60 << 2, 200, 1]], ['too little', [8, 0, 97]], ['too much', [1, 4, 97, 98]], ['a cut offset', [8, 0, 97, (5 << 2) | 2, 1]],
  ];
  for (const [name, block] of damaged) it(`refuses ${name}`, () => expect(() => snappyDecompress(Uint8Array.from(block), 2 ** 40)).to.throw(ApError));
  it('refuses more than was allowed', () => expect(() => snappyDecompress(snappyCompress(new Uint8Array(100)), 99)).to.throw(ApError, 'at most 99'));
});
