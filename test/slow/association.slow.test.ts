/** A million generated sources of a hundred visits: crowded clusters, proper motions, asteroids and 5 % spurious. */
import { expect } from 'chai';
import { associateCatalog } from '../../src/astro/association/associateCatalog.ts';
import { associationQuality } from '../../src/astro/association/associationQuality.ts';
import { diaSourceCatalog } from '../../src/simulate/diaSourceCatalog.ts';

const NOTHING = { objects: { nRows: 0, columns: {} }, sources: { nRows: 0, columns: {} } };

describe('association of a million sources', () => {
  for (const method of ['optimal', 'greedy'] as const) {
    it(`is complete and pure outside crowding: ${method}`, () => {
      const { sources, truth, isCrowded } = diaSourceCatalog({ seed: 11 });
      expect(sources.nRows).to.be.within(990_000, 1_010_000);
      const association = associateCatalog(sources, NOTHING, { association: { method }, summary: { position: 'mean' }, historyWindow_d: 360 });
      while (association.next() !== null);
      const outside = associationQuality(truth, association.diaObjectId, row => isCrowded[row] === 0);
      const crowded = associationQuality(truth, association.diaObjectId, row => isCrowded[row] === 1);
      process.stdout.write(`      ${method}: completeness ${outside.completeness.toFixed(5)}, purity ${outside.purity.toFixed(5)}; `
        + `crowded ${crowded.completeness.toFixed(4)}, ${crowded.purity.toFixed(4)}\n`);
      expect(outside.nSeenBefore).to.be.above(800_000);
      expect(outside.completeness).to.be.at.least(0.995);
      expect(outside.purity).to.be.at.least(0.995);
    });
  }
});
