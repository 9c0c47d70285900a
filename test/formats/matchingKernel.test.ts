import { expect } from 'chai';
import fc from 'fast-check';
import { readMatchingKernel, writeMatchingKernel } from '../../src/formats/matchingKernel.ts';
import { ApError } from '../../src/model/errors.ts';
import type { MatchingKernel } from '../../src/model/kernel.ts';
import { nPolynomialTerms } from '../../src/model/psf.ts';

const anyKernel: fc.Arbitrary<MatchingKernel> = fc.record({
  size: fc.constantFrom(1, 3, 5), nBasis: fc.integer({ min: 0, max: 4 }), spatialOrder: fc.integer({ min: 0, max: 3 }),
  backgroundOrder: fc.integer({ min: 0, max: 2 }), values: fc.array(fc.double(), { minLength: 1, maxLength: 20 }),
  convolved: fc.constantFrom('template' as const, 'science' as const), n: fc.nat(),
}).map(({ size, nBasis, spatialOrder, backgroundOrder, values, convolved, n }) => {
  const list = (length: number, from: number): Float64Array => Float64Array.from({ length }, (_, i) => values[(i + from) % values.length]!);
  return {
    size, spatialOrder, backgroundOrder, convolved, width: 100, height: 50,
    basis: Array.from({ length: nBasis }, (_, k) => list(size * size, k)),
    coefficients: Array.from({ length: nBasis }, (_, k) => list(nPolynomialTerms(spatialOrder), 3 * k)),
    background: list(nPolynomialTerms(backgroundOrder), 1), kernelSum: values[0]!, conditionNumber: 1 / values[0]!,
    nStampsUsed: n, nStampsRejected: 0,
  };
});

const kernel = fc.sample(anyKernel.filter(k => k.basis.length === 2 && k.size === 3 && k.spatialOrder > 0), { seed: 1, numRuns: 1 })[0]!;
const changed = (change: object): Uint8Array => writeMatchingKernel({ ...kernel, ...change });

describe('formats/matchingKernel', () => {
  it('any kernel comes back, NaN and -0 included', () => fc.assert(fc.property(anyKernel, k => {
    expect(readMatchingKernel(writeMatchingKernel(k))).to.deep.equal(k);
  }), { numRuns: 100, seed: 1 }));

  const bad: readonly (readonly [string, Uint8Array])[] = [
    ['no JSON', Buffer.from('{')], ['no object', Buffer.from('3')], ['another document', Buffer.from('{"format": "x"}')], ['nothing', new Uint8Array(0)],
    ['a basis of another size', changed({ size: 5 })], ['another spatial order', changed({ spatialOrder: kernel.spatialOrder + 1 })],
    ['another background order', changed({ backgroundOrder: kernel.backgroundOrder + 1 })],
    ['coefficients of a part of the basis', changed({ coefficients: kernel.coefficients.slice(1) })],
    ['half a file', writeMatchingKernel(kernel).subarray(0, 100)],
  ];
  for (const [name, bytes] of bad) {
    it(`refuses ${name}`, () => {
      expect(() => readMatchingKernel(bytes)).to.throw(ApError).with.property('code', 'BAD_FORMAT');
    });
  }
});
