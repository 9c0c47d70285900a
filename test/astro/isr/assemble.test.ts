import { expect } from 'chai';
import { assembleDetector, markAbove, markDeadAmplifiers, markEdges, setVariance } from '../../../src/astro/isr/assemble.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { Amplifier, Detector } from '../../../src/model/instrument.ts';
import { MASK } from '../../../src/model/mask.ts';

/** Two amplifiers of 2 x 2 pixels, one overscan column each. */
function detector(flips: Partial<Amplifier>): Detector {
  const amp = (name: string, x0: number, extra: Partial<Amplifier>): Amplifier => ({
    name, rawData: { x0, y0: 0, width: 2, height: 2 }, rawSerialOverscan: { x0: x0 + 2, y0: 0, width: 1, height: 2 }, rawPrescan: null,
    detectorBox: { x0: x0 === 0 ? 0 : 2, y0: 0, width: 2, height: 2 }, flipX: false, flipY: false,
    gain_electronPerAdu: 2, readNoise_electron: 3, saturation_adu: 100, ...extra,
  });
  return { id: 0, name: 'D', width: 4, height: 2, amplifiers: [amp('A', 0, {}), amp('B', 3, { gain_electronPerAdu: 1, ...flips })] };
}
const rows = (...levels: number[]) => ({ rows_adu: Float64Array.from(levels), columns_adu: null });
const RAW = { width: 6, height: 2, data: Float32Array.from([1, 2, 0, 5, 6, 0, 3, 4, 0, 7, 100, 0]) };

describe('assembly', () => {
  const cases: readonly [string, Partial<Amplifier>, readonly number[]][] = [
    ['as read', {}, [0, 2, 5, 6, 4, 6, 7, 100]],
    ['flipped in x', { flipX: true }, [0, 2, 6, 5, 4, 6, 100, 7]],
    ['flipped in y', { flipY: true }, [0, 2, 7, 100, 4, 6, 5, 6]],
    ['flipped in both', { flipX: true, flipY: true }, [0, 2, 100, 7, 4, 6, 6, 5]],
  ];
  for (const [name, flips, expected] of cases) {
    it(`${name}: level subtracted, times gain, in place`, () => {
      const target = allocMaskedImage(4, 2);
      assembleDetector(RAW, detector(flips), [rows(1, 1), rows(0, 0)], target);
      expect([...target.image]).to.deep.equal(expected);
      expect(markAbove(RAW, detector(flips), target, [100, 100], MASK.SAT)).to.deep.equal([0, 1]);
      expect([...target.mask]).to.deep.equal(expected.map(v => (v === 100 ? MASK.SAT : 0)));
    });
  }

  it('each row has its own level', () => {
    const target = allocMaskedImage(4, 2);
    assembleDetector(RAW, detector({}), [rows(1, 3), rows(5, 0)], target);
    expect([...target.image]).to.deep.equal([0, 2, 0, 1, 0, 2, 7, 100]);
  });

  it('each column has a level on top of it, in the order of the raw frame', () => {
    const target = allocMaskedImage(4, 2);
    const levels = { rows_adu: Float64Array.of(0, 0), columns_adu: Float64Array.of(1, 2) };
    assembleDetector(RAW, detector({ flipX: true }), [rows(0, 0), levels], target);
    expect([...target.image]).to.deep.equal([2, 4, 4, 4, 6, 8, 98, 6]);
  });

  it('the suspect frame lies around each box', () => {
    const target = allocMaskedImage(5, 5);
    expect(markEdges(target, [{ x0: 0, y0: 0, width: 5, height: 5 }], 1, MASK.SUSPECT)).to.equal(16);
    expect([...target.mask].filter(bits => bits === 0).length).to.equal(9);
    expect(target.mask[12]).to.equal(0);
  });

  it('a pixel that is negative beyond noise is counted and masked', () => {
    const target = allocMaskedImage(4, 2);
    target.image[0] = -25;
    target.image[1] = -23;
    expect(setVariance(target, detector({}), [3, 1], true)).to.equal(1);
    expect([target.mask[0], target.mask[1], target.variance[0]]).to.deep.equal([MASK.BAD, 0, 9]);
  });

  it('variance is the signal, at least zero, and the read noise squared', () => {
    const target = allocMaskedImage(4, 2);
    target.image.set([-5, 0, 10, 20, 1, 2, 3, NaN]);
    setVariance(target, detector({}), [3, 1]);
    expect([...target.variance]).to.deep.equal([9, 9, 11, 21, 10, 11, 4, NaN]);
  });

  it('an amplifier that is saturated throughout becomes BAD', () => {
    const target = allocMaskedImage(4, 2);
    target.mask.set([0, 2, 2, 2, 2, 2, 2, 2]);
    expect(markDeadAmplifiers(target, detector({}), MASK.SAT)).to.deep.equal(['B']);
    expect([...target.mask]).to.deep.equal([0, 2, 3, 3, 2, 2, 3, 3]);
  });
});
