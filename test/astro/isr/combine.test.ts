/** Combination of frames, search for defects. */
import { expect } from 'chai';
import { combineFrames } from '../../../src/astro/isr/combine.ts';
import { parseDefectsText, defectsOfTable } from '../../../src/astro/isr/defects.ts';
import { badPixels, defectsOfPixels } from '../../../src/astro/isr/findDefects.ts';
import { allocMaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import { random } from '../../../src/numeric/random.ts';
import { moments } from '../../../src/numeric/statistics.ts';

const OPTIONS = { nSigma: 4, avoidBits: MASK.BAD };
const frames = (n: number): ReturnType<typeof allocMaskedImage>[] => Array.from({ length: n }, (_, k) => {
  const rng = random(3, `frame ${k}`);
  const frame = allocMaskedImage(200, 200);
  for (let p = 0; p < 40_000; p++) {
    frame.image[p] = 100 + 6 * rng.normal();
    frame.variance[p] = 36;
  }
  return frame;
});

describe('combineFrames', () => {
  it('is the mean with the variance of the mean, for normal noise', () => {
    const { frame, nClipped } = combineFrames(frames(9), new Array<number>(9).fill(1), OPTIONS);
    const { mean, variance } = moments(frame.image);
    expect(mean).to.be.closeTo(100, 0.05);
    expect(variance).to.be.closeTo(4, 0.1);
    expect(moments(frame.variance).mean).to.be.closeTo(4, 0.02);
    expect(nClipped / 360_000).to.be.lessThan(5e-4);
  });
  it('leaves out cosmic rays, masked and NaN values; without any value NaN and BAD', () => {
    const list = frames(5);
    list[2]!.image[0] = 5000;
    list[1]!.image[1] = NaN;
    list[3]!.mask[1] = MASK.BAD;
    list[3]!.image[1] = 1e6;
    for (const frame of list) frame.mask[2] = MASK.BAD;
    const { frame, nEmpty } = combineFrames(list, [1, 1, 1, 1, 1], OPTIONS);
    expect(frame.image[0]).to.be.closeTo(100, 12);
    expect(frame.image[1]).to.be.closeTo(100, 12);
    expect(frame.variance[1]).to.be.closeTo(12, 1e-6);
    expect([frame.image[2], frame.variance[2], frame.mask[2], nEmpty]).to.deep.equal([NaN, Infinity, MASK.BAD, 1]);
  });
  it('of two values far apart the middle is taken with their distance as noise', () => {
    const [a, b] = [allocMaskedImage(1, 1), allocMaskedImage(1, 1)];
    b.image[0] = 100;
    a.variance[0] = b.variance[0] = 1;
    const { frame, nClipped } = combineFrames([a, b], [1, 1], OPTIONS);
    expect([frame.image[0], frame.variance[0], nClipped]).to.deep.equal([50, 2500, 2]);
  });
  it('scales values and variances', () => {
    const { frame } = combineFrames(frames(4), [0.5, 0.5, 0.5, 0.5], OPTIONS);
    expect(moments(frame.image).mean).to.be.closeTo(50, 0.05);
    expect(frame.variance[7]).to.be.closeTo(36 / 4 / 4, 1e-6);
  });
});

describe('defects from frames', () => {
  it('dead and hot pixels and a bad column, but not a slope nor the dark edge of the field', () => {
    const flat = allocMaskedImage(100, 100);
    const dark = allocMaskedImage(100, 100);
    const rng = random(4, 'defects');
    for (let p = 0; p < 10_000; p++) {
      flat.image[p] = Math.min(1, (1 + (p % 100)) / 20) * (1 + 0.01 * rng.normal());
      dark.image[p] = 2 * rng.normal();
    }
    flat.image[5050] = 0.3;
    for (let y = 20; y < 60; y++) flat.image[y * 100 + 70] = 0.6;
    dark.image[4040] = 100;
    dark.image[3030] = NaN;
    const bad = badPixels(flat, dark, { reach_px: 8, maxResponse: 0.2, nSigma: 10 });
    expect(defectsOfPixels(bad, 100, 100, 5)).to.deep.equal([
      { x0: 70, y0: 20, width: 1, height: 40, plane: 'BAD' },
      { x0: 30, y0: 30, width: 1, height: 1, plane: 'BAD' },
      { x0: 40, y0: 40, width: 1, height: 1, plane: 'BAD' },
      { x0: 50, y0: 50, width: 1, height: 1, plane: 'BAD' },
    ]);
  });
  it('equal runs of neighbouring columns make one rectangle; short gaps are bridged', () => {
    const bad = new Uint8Array(25);
    for (const p of [1, 11, 2, 12, 4, 24]) bad[p] = 1;
    expect(defectsOfPixels(bad, 5, 5, 2)).to.deep.equal([
      { x0: 1, y0: 0, width: 2, height: 3, plane: 'BAD' }, { x0: 4, y0: 0, width: 1, height: 1, plane: 'BAD' },
      { x0: 4, y0: 4, width: 1, height: 1, plane: 'BAD' },
    ]);
  });
  it('a text table with comments; a line that is none', () => {
    expect(defectsOfTable(parseDefectsText('# x0 y0 w h\n5 6 1 100\n0,0,2,2 SUSPECT # corner\n'))).to.deep.equal([
      { x0: 5, y0: 6, width: 1, height: 100, plane: 'BAD' }, { x0: 0, y0: 0, width: 2, height: 2, plane: 'SUSPECT' },
    ]);
    for (const line of ['1 2 3', '1 2 0 4', '1 2 3 4 UGLY', 'a b c d']) expect(() => parseDefectsText(`\n${line}`), line).to.throw(/line 2/);
  });
});
