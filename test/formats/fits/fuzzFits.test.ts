import { expect } from 'chai';
import { faultOf, generator, mutated, seeds } from './fuzzFits.ts';

/** The whole of it, 10^6 inputs, is test/slow/fitsFuzz.slow.test.ts. */
const N = 4000;

describe('formats/fits: any damage', () => {
  it(`${N} mutated files are read or refused, without crash, hang or flood of memory`, () => {
    const random = generator(20260101);
    const files = seeds();
    expect(files.length).to.be.greaterThan(4);
    for (const { bytes, name } of files) expect(faultOf(bytes, true), name).to.equal(null);
    for (let i = 0; i < N; i++) {
      const { name, bytes } = files[i % files.length]!;
      const fault = faultOf(mutated(bytes, random), i % 8 === 0);
      expect(fault, `input ${i} (${name})`).to.equal(null);
    }
  });
});
