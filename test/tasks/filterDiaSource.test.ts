import { expect } from 'chai';
import { ApError } from '../../src/model/errors.ts';
import { rowsOf } from '../../src/model/table.ts';
import { filterDiaSource } from '../../src/tasks/filterDiaSource.ts';
import { configOf, contextOf, diaCatalog } from './diaSourceFixtures.ts';

const catalog = diaCatalog(1, [
  {}, { isSky: true }, { flagEdge: true }, { isDipole: true }, { scienceFlux: -50 }, { scienceFlux: NaN }, { reliability: 0.2 },
  { flagSaturated: true, isSky: true }, { flagShape: true },
]);

describe('tasks/filterDiaSource', () => {
  const cases: [string, Parameters<typeof configOf<typeof filterDiaSource.config>>[1], number[]][] = [
    ['default', {}, [0, 3, 5, 6, 8]],
    ['sky sources kept', { doRemoveSkySources: false }, [0, 1, 3, 5, 6, 8]],
    ['no flags', { badFlagList: [] }, [0, 2, 3, 5, 6, 8]],
    ['another flag', { badFlagList: ['flagShape'] }, [0, 2, 3, 5, 6]],
    ['dipoles removed', { doRemoveDipoles: true }, [0, 5, 6, 8]],
    ['negative on the science image kept', { doRemoveNegativeDirectImageSources: false }, [0, 3, 4, 5, 6, 8]],
    ['reliability: unscored sources stay', { minReliability: 0.5 }, [0, 3, 5, 8]],
  ];
  for (const [name, changes, expected] of cases) {
    it(name, () => {
      const context = contextOf();
      const out = filterDiaSource.run({ diaSourceCat: catalog }, configOf(filterDiaSource, changes), context);
      expect(rowsOf(out.filteredDiaSourceCat).map(r => Number(r.id) - 1000)).to.deep.equal(expected);
      expect(out.filteredDiaSourceCat.nRows + out.rejectedDiaSources.nRows).to.equal(catalog.nRows);
      expect(context.metadata.numGoodDiaSources).to.equal(expected.length);
      expect(context.metadata.numUnfilteredDiaSources).to.equal(9);
      expect(context.metadata.numSkySources).to.equal(2);
    });
  }
  it('an empty catalog stays empty', () => {
    const out = filterDiaSource.run({ diaSourceCat: diaCatalog(1, []) }, configOf(filterDiaSource), contextOf());
    expect([out.filteredDiaSourceCat.nRows, out.rejectedDiaSources.nRows]).to.deep.equal([0, 0]);
  });
  it('a flag that does not exist is a fault of the configuration', () => {
    expect(() => filterDiaSource.run({ diaSourceCat: catalog }, configOf(filterDiaSource, { badFlagList: ['flagX'] }), contextOf()))
      .to.throw(ApError, 'flagX');
  });
});
