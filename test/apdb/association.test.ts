/** The association task on the file: the same answers as on the double in memory, and after a rerun. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApdb, openApdb } from '../../src/apdb/openApdb.ts';
import type { Apdb } from '../../src/model/apdb.ts';
import { rowsOf } from '../../src/model/table.ts';
import { associateApdb } from '../../src/tasks/associateApdb.ts';
import { standardizeDiaSource } from '../../src/tasks/standardizeDiaSource.ts';
import { configOf, contextOf, diaCatalog, exposureOf } from '../tasks/diaSourceFixtures.ts';
import { MemoryApdb } from '../tasks/memoryApdb.ts';

function process(apdb: Apdb, visit: number, rows: readonly Record<string, number>[]): unknown {
  const diffIm = exposureOf(visit, 60_000 + visit, [{ x: 70, y: 40, flux: 500 }]);
  const { diaSourceTable } = standardizeDiaSource.run(
    { diaSourceCat: diaCatalog(visit, rows), diffIm }, configOf(standardizeDiaSource), contextOf());
  const context = contextOf({ apdb });
  const out = associateApdb.run(
    { diaSourceTable, diffIm, exposure: diffIm, template: diffIm, solarSystemObjects: null }, configOf(associateApdb), context);
  return {
    metadata: context.metadata, sources: rowsOf(out.associatedDiaSources), objects: rowsOf(out.diaObjects),
    forced: rowsOf(out.diaForcedSources),
    alerts: out.alerts!.alerts.map(a => [a.diaSourceId, a.prvDiaSources?.map(s => s.psfFlux), a.prvDiaForcedSources?.map(s => s.psfFlux)]),
  };
}

describe('apdb: the association task', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'apdb-'));
  after(() => { rmSync(directory, { recursive: true }); });
  const star = { x: 70, y: 40, psfFlux: 500, psfFluxErr: 10 };
  const visits: readonly (readonly Record<string, number>[])[] = [
    [star, { x: 20, y: 80, psfFlux: NaN }], [{ ...star, x: 70.3 }], [], [star, { x: 20, y: 80 }], [{ x: 110, y: 5 }],
  ];

  it('has the same results as in memory, and the same again when each visit is rerun at once', () => {
    const file = path.join(directory, 'a.sqlite3');
    createApdb(file);
    const [apdb, plain] = [openApdb(file), new MemoryApdb()];
    visits.forEach((rows, k) => {
      const expected = process(plain, k + 1, rows);
      expect(process(apdb, k + 1, rows), `visit ${k + 1}`).to.deep.equal(expected);
      expect(process(apdb, k + 1, rows), `visit ${k + 1} again`).to.deep.equal(expected);
    });
    apdb.close();
  });

  it('goes on after the file was closed and opened', () => {
    const file = path.join(directory, 'b.sqlite3');
    createApdb(file);
    const plain = new MemoryApdb();
    visits.forEach((rows, k) => {
      const apdb = openApdb(file);
      expect(process(apdb, k + 1, rows)).to.deep.equal(process(plain, k + 1, rows));
      apdb.close();
    });
  });
});
