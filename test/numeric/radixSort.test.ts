import { expect } from 'chai';
import { random } from '../../src/numeric/random.ts';
import { argsort } from '../../src/numeric/statistics.ts';
import { argsortFloat32, sortFloat32, sortScratch } from '../../src/numeric/radixSort.ts';

describe('sortFloat32', () => {
  const rows: [string, (i: number) => number][] = (() => {
    const rng = random(1, 'sort');
    return [
      ['noise about zero', () => rng.normal()],
      ['numbers of all sizes', () => rng.normal() * 10 ** (60 * rng.uniform() - 30)],
      ['whole numbers with many ties', () => Math.round(5 * rng.normal())],
      ['infinities and zeros of both signs', i => [Infinity, -Infinity, 0, -0, 1e-45, -1e-45][i % 6]!],
    ];
  })();
  for (const [name, value] of rows) {
    it(`sorts ${name} as the built-in sort does`, () => {
      const values = Float32Array.from({ length: 5000 }, (_, i) => value(i));
      const expected = values.slice().sort();
      const scratch = sortScratch(5000);
      sortFloat32(values, 5000, scratch);
      const unsorted = Float32Array.from({ length: 5000 }, (_, i) => value(i));
      expect([...values].every((v, i) => Object.is(v, expected[i]))).to.equal(true);
      expect([...argsortFloat32(unsorted, 5000)]).to.deep.equal([...argsort(unsorted)]);
    });
  }

  it('leaves what lies behind the first n alone, also in a view', () => {
    const whole = Float32Array.of(9, 3, -1, 2, 7);
    sortFloat32(whole.subarray(1), 3, sortScratch(3));
    expect([...whole]).to.deep.equal([9, -1, 2, 3, 7]);
  });
});
