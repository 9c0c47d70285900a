/** Windows of the PSF against the same rendered at full size. */
import { expect } from 'chai';
import { gaussianPsf } from '../../../src/astro/psf/gaussianPsf.ts';
import { psfGridAt } from '../../../src/astro/psf/psfGrid.ts';
import { prepareWindow, psfEnvelope, psfWindow, renderWindow } from '../../../src/astro/psf/psfWindow.ts';
import { renderGridWithSlopes } from '../../../src/astro/psf/renderPsf.ts';
import type { PsfModel } from '../../../src/model/psf.ts';

/** A PSF that widens along x: constant and linear term. */
function varying(sigma: number): PsfModel {
  const [a, b] = [gaussianPsf(sigma, 25, 400, 300), gaussianPsf(1.15 * sigma, 25, 400, 300)];
  const n = a.size * a.size;
  const basis = new Float64Array(3 * n);
  for (let i = 0; i < n; i++) [basis[i], basis[n + i]] = [(a.basis[i]! + b.basis[i]!) / 2, (b.basis[i]! - a.basis[i]!) / 2];
  return { ...a, order: 1, basis };
}

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i]!)), 0);
}

describe('psfWindow', () => {
  const models: [string, PsfModel][] = [
    ['at whole pixels', varying(1.8)], ['at half pixels', varying(1.2)], ['at steps that do not divide a pixel', { ...varying(1.8), sampling_px: 0.95 }],
  ];
  for (const [name, psf] of models) {
    for (const half of [4, 8, 12]) {
      it(`renders a model sampled ${name} within ${half} pixels as the whole grid does`, () => {
        const window = psfWindow(psf);
        for (const [x, y] of [[100.3, 50.8], [399.4, -0.4], [37, 12.5]] as const) {
          prepareWindow(window, x, y, half);
          renderWindow(window, x + 0.7, y - 0.3, half, true);
          const whole = renderGridWithSlopes(psfGridAt(psf, x, y), x + 0.7, y - 0.3, half);
          expect(largest(whole.data, window.value)).to.be.below(1e-12);
          expect(largest(whole.dx, window.dx)).to.be.below(1e-12);
          expect(largest(whole.dy, window.dy)).to.be.below(1e-12);
          renderWindow(window, x + 0.7, y - 0.3, half, false);
          expect(largest(whole.data, window.value)).to.be.below(1e-12);
        }
      });
    }
  }

  it('has an envelope that falls from the peak and bounds the PSF', () => {
    const envelope = psfEnvelope(varying(1.8));
    expect(envelope[0]).to.be.closeTo(1 / (2 * Math.PI * 1.935 ** 2), 0.002);
    expect([...envelope].every((v, r) => r === 0 || v <= envelope[r - 1]!)).to.equal(true);
    expect(envelope[12]!).to.be.below(1e-6);
  });
});
