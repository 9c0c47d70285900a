import { expect } from 'chai';
import { agreementWithRubin, RUBIN_CATALOGS } from './rubinCatalogs.ts';

describe('DIAObjects from Rubin\'s DIASources', () => {
  const sizes = { hits2015: 551, dc2: 119 };
  for (const name of RUBIN_CATALOGS) {
    for (const method of ['optimal', 'greedy'] as const) {
      it(`are Rubin's own: ${name}, ${method}`, async function () {
        const agreement = await agreementWithRubin(name, method);
        if (agreement === null) {
          process.stdout.write('      skipped: ../shared/data is not here\n');
          return this.skip();
        }
        expect(agreement.nReference).to.equal(sizes[name]);
        expect(agreement.nSameGroup).to.equal(sizes[name]);
        const filled = agreement.columns.filter(c => c.nBoth > 0);
        expect(filled.map(c => c.column)).to.include.members(['position', 'nDiaSources', 'raErr']);
        for (const c of filled) expect([c.nBeyond, c.nOnlyTheirs, c.nOnlyOurs], c.column).to.deep.equal([0, 0, 0]);
        // Rubin leaves these to be filled later.
        expect(agreement.columns.filter(c => c.nBoth === 0 && c.nOnlyOurs > 0).map(c => c.column))
          .to.deep.equal(['firstDiaSourceMjdTai', 'lastDiaSourceMjdTai']);
      });
    }
  }
});
