import { expect } from 'chai';
import fc from 'fast-check';
import { connectedComponents } from '../../src/numeric/connectedComponents.ts';

/** Flood fill, one label a pixel (0: off), numbered in raster order. */
function floodFill(on: Uint8Array, width: number, height: number): Int32Array {
  const label = new Int32Array(on.length);
  let count = 0;
  for (let start = 0; start < on.length; start++) {
    if (on[start] === 0 || label[start] !== 0) continue;
    label[start] = ++count;
    const stack = [start];
    while (stack.length > 0) {
      const at = stack.pop()!;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const x = (at % width) + dx, y = Math.floor(at / width) + dy;
          if (x < 0 || y < 0 || x >= width || y >= height || on[y * width + x] === 0 || label[y * width + x] !== 0) continue;
          label[y * width + x] = count;
          stack.push(y * width + x);
        }
      }
    }
  }
  return label;
}

describe('connectedComponents', () => {
  it('labels as a flood fill does, for any binary image', () => {
    const side = fc.integer({ min: 1, max: 12 });
    const image = fc.tuple(side, side).chain(([width, height]) => {
      const n = width * height;
      return fc.array(fc.integer({ min: 0, max: 1 }), { minLength: n, maxLength: n }).map(bits => ({ width, height, bits }));
    });
    fc.assert(fc.property(image, ({ width, height, bits }) => {
      const on = Uint8Array.from(bits);
      const { runs, label, count } = connectedComponents(on, width, height);
      const drawn = new Int32Array(on.length);
      label.forEach((l, r) => drawn.fill(l + 1, runs[3 * r]! * width + runs[3 * r + 1]!, runs[3 * r]! * width + runs[3 * r + 2]! + 1));
      expect([...drawn]).to.deep.equal([...floodFill(on, width, height)]);
      expect(count).to.equal(Math.max(0, ...drawn));
    }), { numRuns: 400, seed: 1 });
  });

  it('an empty image has no components', () => {
    expect(connectedComponents(new Uint8Array(20), 5, 4).count).to.equal(0);
  });
});
