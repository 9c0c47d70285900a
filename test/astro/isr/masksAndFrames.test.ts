import { expect } from 'chai';
import { addFrameVariance, checkShape, divideByFlat, electronScales, flatScale, subtractFrame } from '../../../src/astro/isr/calibrationFrames.ts';
import { applyDefects, DEFECT_COLUMNS, defectsOfTable } from '../../../src/astro/isr/defects.ts';
import { growMask, markNonFinite, widenSaturationTrails } from '../../../src/astro/isr/maskGrowth.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { Exposure, MaskedImage } from '../../../src/model/image.ts';
import type { Detector } from '../../../src/model/instrument.ts';
import { MASK } from '../../../src/model/mask.ts';
import { tableFromRows } from '../../../src/model/table.ts';
import { sim } from '../../../src/instruments/sim/index.ts';

function filled(width: number, height: number, image: number, variance: number): MaskedImage {
  const target = allocMaskedImage(width, height);
  target.image.fill(image);
  target.variance.fill(variance);
  return target;
}

const picture = (rows: readonly string[]): Int32Array => Int32Array.from(rows.join(''), c => (c === '#' ? MASK.SAT : 0));
const rowsOf = (mask: Int32Array, width: number): string[] =>
  Array.from({ length: mask.length / width }, (_, y) => [...mask.subarray(y * width, (y + 1) * width)].map(b => ((b & MASK.SAT) !== 0 ? '#' : '.')).join(''));

describe('mask growth', () => {
  const growth: readonly [string, number, readonly string[], readonly string[]][] = [
    ['radius 0 does nothing', 0, ['...', '.#.', '...'], ['...', '.#.', '...']],
    ['radius 1 is a cross', 1, ['...', '.#.', '...'], ['.#.', '###', '.#.']],
    ['radius 1.5 is a square', 1.5, ['....', '.#..', '....'], ['###.', '###.', '###.']],
    ['does not run over the edge', 1, ['..#', '...', '...'], ['.##', '..#', '...']],
  ];
  for (const [name, radius, before, after] of growth) {
    it(name, () => {
      const width = before[0]!.length;
      const data = picture(before);
      growMask({ width, height: before.length, data }, MASK.SAT, radius);
      expect(rowsOf(data, width)).to.deep.equal(after);
    });
  }

  it('carries along only the bits asked for', () => {
    const data = Int32Array.of(0, MASK.SAT | MASK.BAD, 0);
    growMask({ width: 3, height: 1, data }, MASK.SAT, 1);
    expect([...data]).to.deep.equal([MASK.SAT, MASK.SAT | MASK.BAD, MASK.SAT]);
  });

  for (const [run, grow] of [[5, 0], [6, 1], [7, 1], [8, 3], [9, 3], [10, 4], [14, 4]] as const) {
    it(`a trail of ${run} pixels grows by ${grow}`, () => {
      const row = '.'.repeat(8) + '#'.repeat(run) + '.'.repeat(8);
      const data = picture([row]);
      widenSaturationTrails({ width: row.length, height: 1, data });
      expect(rowsOf(data, row.length)[0]).to.equal('.'.repeat(8 - grow) + '#'.repeat(run + 2 * grow) + '.'.repeat(8 - grow));
    });
  }

  it('non-finite pixels are marked, image or variance', () => {
    const mask = new Int32Array(4);
    expect(markNonFinite(Float32Array.of(1, NaN, 1, Infinity), Float32Array.of(1, 1, NaN, 1), mask)).to.equal(3);
    expect([...mask]).to.deep.equal([0, MASK.UNMASKEDNAN, MASK.UNMASKEDNAN, MASK.UNMASKEDNAN]);
  });
});

describe('defects', () => {
  it('sets the planes of rectangles, cut at the edges', () => {
    const target = filled(4, 3, 0, 1);
    const table = tableFromRows(DEFECT_COLUMNS, [
      { x0: 3, y0: -1, width: 5, height: 3, plane: 'BAD' }, { x0: 0, y0: 2, width: 1, height: 1, plane: 'SUSPECT' },
    ]);
    expect(applyDefects(target, defectsOfTable(table))).to.equal(3);
    const S = MASK.SUSPECT;
    expect([...target.mask]).to.deep.equal([0, 0, 0, 1, 0, 0, 0, 1, S, 0, 0, 0]);
  });
  it('an unknown plane is an error', () => {
    const table = tableFromRows(DEFECT_COLUMNS, [{ x0: 0, y0: 0, width: 1, height: 1, plane: 'UGLY' }]);
    expect(() => defectsOfTable(table)).to.throw(/row 0.*UGLY/);
  });
});

describe('calibration frames', () => {
  it('subtracts a scaled frame, adds its variance by the square, ORs its mask', () => {
    const target = filled(2, 1, 10, 4);
    const dark = filled(2, 1, 6, 1);
    dark.mask[1] = MASK.BAD;
    const whole = { amplifiers: [{ detectorBox: { x0: 0, y0: 0, width: 2, height: 1 } }] } as unknown as Detector;
    subtractFrame(target, dark, whole, [0.5]);
    addFrameVariance(target, dark, whole, [0.5]);
    expect([...target.image]).to.deep.equal([7, 7]);
    expect([...target.variance]).to.deep.equal([4.25, 4.25]);
    expect([...target.mask]).to.deep.equal([0, MASK.BAD]);
  });

  it('divides by the flat with its own noise; a dead pixel of the flat is BAD and NaN', () => {
    const target = filled(3, 1, 8, 4);
    const flat = filled(3, 1, 2, 0.01);
    flat.image[1] = 0;
    flat.image[2] = NaN;
    expect(divideByFlat(target, flat)).to.equal(2);
    expect(target.image[0]).to.equal(4);
    expect(target.variance[0]).to.be.closeTo((4 + 16 * 0.01) / 4, 1e-6);
    expect(target.image[1]).to.satisfy(Number.isNaN);
    expect([...target.mask]).to.deep.equal([0, MASK.BAD, MASK.BAD]);
  });

  it('the flat may be scaled by a number or by its own level', () => {
    const target = filled(2, 1, 8, 4);
    expect(divideByFlat(target, filled(2, 1, 2, 0.01), 4)).to.equal(0);
    expect(target.image[0]).to.equal(16);
    expect(target.variance[0]).to.be.closeTo((4 + 256 * 0.01 / 16) * 4, 1e-5);
    expect([flatScale(filled(9, 9, 3, 1), 'MEAN'), flatScale(filled(9, 9, 3, 1), 'MEDIAN')]).to.deep.equal([3, 3]);
  });

  it('ADU frames become electrons by amplifier; other units and shapes are errors', () => {
    const [detector] = sim.detectors;
    const plane = filled(1000, 1000, 1, 1);
    const frame = { ...plane, unit: 'adu', detector: 0 } as unknown as Exposure;
    expect(electronScales(frame, detector!)).to.deep.equal([1.62, 1.74]);
    expect(electronScales({ ...frame, unit: 'electron' }, detector!)).to.deep.equal([1, 1]);
    const target = filled(1000, 1000, 0, 0);
    subtractFrame(target, frame, detector!, electronScales(frame, detector!));
    addFrameVariance(target, frame, detector!, electronScales(frame, detector!));
    expect([target.image[0], target.image[999]]).to.deep.equal([Math.fround(-1.62), Math.fround(-1.74)]);
    expect(target.variance[999]).to.be.closeTo(1.74 ** 2, 1e-6);
    expect(() => electronScales({ ...frame, unit: 'nJy' }, detector!)).to.throw(/nJy/);
    expect(() => checkShape(frame, filled(2, 2, 0, 0), 'bias')).to.throw(/1000 x 1000.*2 x 2/);
  });
});
