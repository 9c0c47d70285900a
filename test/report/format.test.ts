import { expect } from 'chai';
import { boundText, durationText, fixedText, keysText, marginText, numberText, unitText, valueText } from '../../src/report/format.ts';
import type { Measurement, Specification, Unit } from '../../src/model/verification.ts';

describe('format', () => {
  describe('numberText', () => {
    const cases: readonly [number, number | undefined, string][] = [
      [0, undefined, '0'], [-0, undefined, '0'], [1, undefined, '1'], [1.5, undefined, '1.5'], [97.94999, undefined, '97.95'],
      [0.000123456, undefined, '0.0001235'], [-3.14159, 3, '−3.14'], [1234, undefined, '1234'], [12345, 5, '12\u2009345'], [1234567, 9, '1\u2009234\u2009567'],
      [100, undefined, '100'], [9.9999, 3, '10'], [120_000_000, undefined, '1.2 × 10⁸'], [-1e-7, undefined, '−1 × 10⁻⁷'], [1e300, undefined, '1 × 10³⁰⁰'],
      [NaN, undefined, '–'], [Infinity, undefined, '∞'], [-Infinity, undefined, '−∞'],
    ];
    for (const [value, digits, expected] of cases) {
      it(`${value} with ${digits ?? 'default'} digits: ${expected}`, () => expect(numberText(value, digits)).to.equal(expected));
    }
    it('reads back as the number within its digits', () => {
      for (let k = -40; k <= 60; k++) {
        const value = (k % 2 === 0 ? 1 : -1) * 1.2347 * 10 ** (k / 10);
        const back = Number(numberText(value, 5).replaceAll('\u2009', '').replace('−', '-'));
        expect(Math.abs(back / value - 1)).to.be.lessThan(5e-5);
      }
    });
  });

  describe('fixedText', () => {
    const cases: readonly [number, number, string][] = [
      [1.005, 1, '1.0'], [-0.04, 1, '0.0'], [-0.06, 1, '−0.1'], [98765.4321, 2, '98\u2009765.43'], [2, 0, '2'], [0.5, 20, '0.500000000000'],
    ];
    for (const [value, decimals, expected] of cases) {
      it(`${value} with ${decimals}: ${expected}`, () => expect(fixedText(value, decimals)).to.equal(expected));
    }
  });

  describe('valueText', () => {
    const cases: readonly [string, number | null, Measurement['interval'], Unit, string][] = [
      ['two digits of the smaller error', 86.81, [84.51, 88.82], 'percent', '86.8 +2.0 −2.3 %'],
      ['one error when both are alike', 1.0342, [1.0282, 1.0402], '', '1.0342 ± 0.0060 '],
      ['the larger error when the smaller is tiny beside it', 100, [98.1, 100.001], 'percent', '100.0 +0.0 −1.9 %'],
      ['an interval that ends at the value', 100, [70, 100], 'percent', '100 +0 −30 %'],
      ['counts without decimals', 61, [53.2, 69.9], 'ct', '61 +9 −8 '],
      ['no interval', 23.62, null, 'mag', '23.62  mag'],
      ['an interval without width', 5, [5, 5], 'mas', '5 ± 0 mas'],
      ['no value', null, null, 'mas', '–  '],
      ['powers of ten for the very large', 1e300, [-1e300, 1e300], 'mag', '1 × 10³⁰⁰ +0 −2 × 10³⁰⁰ mag'],
      ['powers of ten for the very small', 3e-9, [2e-9, 4e-9], 'mas', '3 × 10⁻⁹ ± 1 × 10⁻⁹ mas'],
      ['a large error', 18442, [18306, 18578], 's', '18\u2009442 ± 136 s'],
    ];
    for (const [name, value, interval, unit, expected] of cases) {
      it(name, () => {
        const text = valueText(value, interval, unit);
        expect(`${text.value} ${text.error} ${text.unit}`).to.equal(expected);
      });
    }
  });

  describe('bounds and margins', () => {
    const base: Specification = {
      name: 'a.b.c', metric: 'a.b', type: 'exists', unit: 'percent', severity: 'fail', decision: 'point', keys: {}, tags: [], source: 'specs.yaml:1',
    };
    const cases: readonly [Partial<Specification>, string][] = [
      [{ type: 'threshold', operator: '>=', bound: 95 }, '≥ 95 %'], [{ type: 'threshold', operator: '<', bound: 2000, unit: 'deg-2' }, '< 2000 deg⁻²'],
      [{ type: 'threshold', operator: '!=', bound: 0, unit: 'ct' }, '≠ 0'], [{ type: 'threshold', operator: '==', bound: 1, unit: '' }, '= 1'],
      [{ type: 'range', range: [-3, 3] }, '−3 … 3 %'], [{}, 'measured'],
    ];
    for (const [change, expected] of cases) it(expected, () => expect(boundText({ ...base, ...change })).to.equal(expected));
    it('a margin has its sign', () => {
      expect([0.3, -8.2, 0, null].map(m => marginText(m, 'percent'))).to.deep.equal(['+0.3 %', '−8.2 %', '0 %', '–']);
    });
    it('units have signs', () => expect((['percent', 'sigma', 'ct', 'mas', ''] as const).map(unitText)).to.deep.equal(['%', 'σ', '', 'mas', '']));
  });

  describe('durationText and keysText', () => {
    const cases: readonly [number, string][] = [[0, '0 s'], [0.0421, '0.0421 s'], [48.26, '48.3 s'], [192.4, '3 min 12 s'], [3599.9, '59 min 59 s'], [7500, '2 h 05 min']];
    for (const [seconds, expected] of cases) it(expected, () => expect(durationText(seconds)).to.equal(expected));
    it('keys are listed', () => expect(keysText({ band: 'g', visit: 3 })).to.equal('band g, visit 3'));
  });
});
