import { expect } from 'chai';
import { referencesOfBand } from '../../../src/astro/calibration/referenceMatches.ts';
import { ApError } from '../../../src/model/errors.ts';
import { tableFromRows } from '../../../src/model/table.ts';
import type { Table } from '../../../src/model/table.ts';

const NAMES = ['ra', 'dec', 'r_flux', 'r_fluxErr', 'pm_ra', 'pm_dec', 'epoch'];
const table = (rows: readonly Record<string, number>[], names: readonly string[] = NAMES): Table =>
  tableFromRows(names.map(name => ({ name, type: 'f64' as const, unit: '', doc: '' })), rows);

const BARNARD = { ra: 269.452, dec: 4.6934, r_flux: 1e9, r_fluxErr: 1e6, pm_ra: -801.551, pm_dec: 10362.394, epoch: 57388.5 };
const TEN_YEARS = 57388.5 + 3652.5;

describe('referencesOfBand', () => {
  it('moves stars to the epoch of the image', () => {
    const { ra, dec } = referencesOfBand([table([BARNARD])], 'r', TEN_YEARS);
    expect((dec[0]! - BARNARD.dec) * 3600).to.be.closeTo(103.624, 0.01);
    expect((ra[0]! - BARNARD.ra) * Math.cos((4.7 * Math.PI) / 180) * 3600).to.be.closeTo(-8.0155, 0.01);
  });

  it('crosses the zero of right ascension and leaves stars without motion, epoch or columns alone', () => {
    const star = { ...BARNARD, ra: 0.001, pm_ra: -2000, pm_dec: 0 };
    const rows = [star, { ...star, pm_dec: NaN }, { ...star, epoch: NaN }];
    const { ra } = referencesOfBand([table(rows)], 'r', TEN_YEARS);
    expect(ra[0]).to.be.closeTo(359.99542, 1e-4);
    expect([...ra.slice(1)]).to.deep.equal([0.001, 0.001]);
    expect(referencesOfBand([table([BARNARD], NAMES.slice(0, 4))], 'r', TEN_YEARS).dec[0]).to.equal(BARNARD.dec);
    expect(referencesOfBand([table([BARNARD])], 'r', NaN).dec[0]).to.equal(BARNARD.dec);
  });

  it('names the bands that there are', () => {
    expect(() => referencesOfBand([table([BARNARD])], 'z', 0)).to.throw(ApError, /r_flux.*z_flux/);
  });
});
