import { expect } from 'chai';
import { fitZeroPoint } from '../../../src/astro/calibration/fitZeroPoint.ts';
import { AlgorithmError } from '../../../src/model/errors.ts';
import { nJyOfAbMag } from '../../../src/model/photoCalib.ts';
import { random } from '../../../src/numeric/random.ts';

/** Matches about zero point 27 with photon noise, an intrinsic scatter, and a fraction of strangers. */
function matches(n: number, intrinsic_mag: number, strangers: number) {
  const r = random(n, 'zero point');
  const rows = Array.from({ length: n }, (_, i) => {
    const instFlux = 10 ** (3 + 2.5 * r.uniform());
    const instFluxErr = Math.sqrt(instFlux + 4000);
    const measured = instFlux + instFluxErr * r.normal();
    const off = i < strangers * n ? 1 + r.uniform() : intrinsic_mag * r.normal();
    return { instFlux: measured, instFluxErr, refFlux: nJyOfAbMag(27 - 2.5 * Math.log10(instFlux) + off), refFluxErr: NaN };
  });
  return {
    instFlux: rows.map(r2 => r2.instFlux), instFluxErr: rows.map(r2 => r2.instFluxErr),
    refFlux: rows.map(r2 => r2.refFlux), refFluxErr: rows.map(r2 => r2.refFluxErr),
  };
}

describe('astro/calibration/fitZeroPoint', () => {
  for (const [name, n, intrinsic, strangers] of [
    ['clean', 400, 0, 0], ['with intrinsic scatter', 400, 0.03, 0], ['a third are strangers', 300, 0.02, 0.33], ['a handful', 8, 0.02, 0],
  ] as [string, number, number, number][]) {
    it(`finds the zero point: ${name}`, () => {
      const found = fitZeroPoint(matches(n, intrinsic, strangers));
      expect(Math.abs(found.zeroPoint_mag - 27)).to.be.below(4 * found.zeroPointErr_mag);
      expect(found.intrinsicScatter_mag).to.be.closeTo(intrinsic, 0.012);
      expect(found.nUsed).to.be.within(0.9 * (1 - strangers) * n - 1, (1 - strangers) * n + 2);
      expect(found.calibration_nJy).to.be.closeTo(nJyOfAbMag(found.zeroPoint_mag), 1e-9);
      expect(found.calibrationErr_nJy / found.calibration_nJy).to.be.closeTo(found.zeroPointErr_mag / 1.0857, 1e-4);
    });
  }
  it('leaves out fluxes that are not positive or not numbers', () => {
    const m = matches(50, 0, 0);
    [m.instFlux[0], m.refFlux[1], m.instFluxErr[2], m.instFlux[3]] = [-1, NaN, 0, NaN];
    expect([...fitZeroPoint(m).used.slice(0, 4)]).to.deep.equal([0, 0, 0, 0]);
  });
  it('fails with numbers when too few matches are valid', () => {
    const m = matches(50, 0, 0);
    expect(() => fitZeroPoint({ ...m, instFlux: m.instFlux.map(() => -1) })).to.throw(AlgorithmError, 'too few')
      .with.nested.property('metadata.nMatches', 50);
    expect(() => fitZeroPoint({ instFlux: [], instFluxErr: [], refFlux: [], refFluxErr: [] })).to.throw(AlgorithmError);
  });
  it('fails when the matches do not agree', () => {
    const flux = [1, 100, 1e4, 1e6];
    const same = (value: number): number[] => flux.map(() => value);
    const odd = { instFlux: same(1e4), instFluxErr: same(1), refFlux: flux, refFluxErr: same(NaN) };
    expect(() => fitZeroPoint(odd, { nSigma: 0.3 })).to.throw(AlgorithmError, 'do not agree');
  });
});
