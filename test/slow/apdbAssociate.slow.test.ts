/** `ap-verify apdb associate` and `light-curve`: files in, database and files out, and one clear error for what cannot be. */
import { expect } from 'chai';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openApdb } from '../../src/apdb/openApdb.ts';
import { readTableFile, writeTableFile } from '../../src/formats/tableFile.ts';
import { column, rowsOf, selectRows } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import { diaSourceCatalog } from '../../src/simulate/diaSourceCatalog.ts';
import { htmIndex, htmTrixel } from '../../src/sky/htm.ts';
import { rubinFiles } from '../astro/association/rubinCatalogs.ts';
import { apVerify, temporaryFolder } from '../e2e/apVerify.ts';
import type { Ended } from '../e2e/apVerify.ts';

const { sources } = diaSourceCatalog({ nVisits: 6, sourcesPerVisit: 60, field_deg: 0.03, seed: 3, crowdedFraction: 0.3 });
const visit = column(sources, 'visit', 'i64');
const rowsOfVisits = (from: number, to: number): Table =>
  selectRows(sources, Array.from(visit.keys()).filter(i => visit[i]! >= from && visit[i]! <= to));

/** All objects of the field that a database holds. */
function objectsIn(file: string): Record<string, unknown>[] {
  const db = openApdb(file);
  try {
    const trixels = [[0.01, -30.01], [359.99, -30.01], [0.01, -29.99], [359.99, -29.99]].map(([ra, dec]) => htmIndex(4, ra!, dec!));
    const rows = [...new Set(trixels)].flatMap(index => rowsOf(db.getDiaObjects(htmTrixel(index))));
    return [...new Map(rows.map(row => [row.diaObjectId, row])).values()].sort((a, b) => (a.diaObjectId! < b.diaObjectId! ? -1 : 1));
  } finally {
    db.close();
  }
}

describe('ap-verify apdb associate', () => {
  const folder = temporaryFolder();
  const place = (name: string): string => path.join(folder(), name);
  const write = (name: string, table: Table): string => {
    writeFileSync(place(name), writeTableFile(name, table));
    return place(name);
  };
  const associate = (...args: readonly string[]): Promise<Ended> => apVerify(['apdb', 'associate', ...args]);

  it('Parquet, FITS and CSV give the same objects; in two runs as in one; stored visits are refused, skipped or replaced', async () => {
    const files = ['all.parquet', 'all.fits', 'all.csv'].map(name => write(name, sources));
    for (const [k, file] of files.entries()) {
      const ended = await associate(file, '--db', place(`all${k}.db`), '--objects', place(`objects${k}.parquet`));
      expect(ended.code, ended.stderr).to.equal(0);
      expect(ended.stderr).to.include(`6 visit-detectors, ${sources.nRows} sources`);
    }
    const whole = objectsIn(place('all0.db'));
    expect(whole.length).to.be.above(60);
    expect(objectsIn(place('all1.db'))).to.deep.equal(whole);
    expect(objectsIn(place('all2.db'))).to.deep.equal(whole);
    const exported = rowsOf(await readTableFile('objects0.parquet', readFileSync(place('objects0.parquet'))));
    expect(exported.map(o => o.diaObjectId).sort()).to.deep.equal(whole.map(o => o.diaObjectId).sort());

    const [first, second] = [write('first.parquet', rowsOfVisits(1, 4)), write('second.parquet', rowsOfVisits(5, 6))];
    expect((await associate(first, '--db', place('two.db'))).code).to.equal(0);
    expect((await associate(second, '--db', place('two.db'))).code).to.equal(0);
    expect(objectsIn(place('two.db'))).to.deep.equal(whole);

    const refused = await associate(files[0]!, '--db', place('two.db'));
    expect(refused.code).to.equal(4);
    expect(refused.stderr).to.include('6 of 6 visits are stored already').and.include('--existing');
    expect((await associate(files[0]!, '--db', place('two.db'), '--existing', 'skip')).code).to.equal(0);
    expect(objectsIn(place('two.db'))).to.deep.equal(whole);
    expect((await associate(second, '--db', place('two.db'), '--existing', 'replace')).code).to.equal(0);
    expect(objectsIn(place('two.db'))).to.deep.equal(whole);
  });

  it('a run that was interrupted goes on with --existing skip', async () => {
    const all = write('whole.parquet', sources);
    await associate(all, '--db', place('whole.db'));
    await associate(write('part.parquet', rowsOfVisits(1, 2)), '--db', place('part.db'));
    const ended = await associate(all, '--db', place('part.db'), '--existing', 'skip');
    expect(ended.stderr).to.include('2 of 6 visits are stored already');
    expect(objectsIn(place('part.db'))).to.deep.equal(objectsIn(place('whole.db')));
  });

  it('light curves as CSV, table and SVG', async () => {
    await associate(write('curves.parquet', sources), '--db', place('curves.db'));
    const object = objectsIn(place('curves.db')).find(o => o.nDiaSources === 6)!;
    const id = String(object.diaObjectId);
    const lightCurve = (...args: readonly string[]): Promise<Ended> => apVerify(['apdb', 'light-curve', ...args, '--db', place('curves.db')]);
    const { stdout } = await lightCurve(id);
    const table = await readTableFile('x.csv', Buffer.from(stdout));
    expect(column(table, 'visit', 'i64')).to.deep.equal(BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n));
    expect((await lightCurve(id, '--svg', place('curve.svg'), '--table', place('curve.fits'))).code).to.equal(0);
    expect(readFileSync(place('curve.svg'), 'utf8')).to.match(/^<\?xml[^>]*\?>\n<svg[^>]* xmlns=[\s\S]*<desc/);
    expect((await readTableFile('curve.fits', readFileSync(place('curve.fits')))).nRows).to.equal(6);
    expect((await lightCurve('12')).stderr).to.include('no source of DIAObject 12');
    expect((await lightCurve('twelve')).code).to.equal(64);
  });

  it('what cannot be associated or stored: one message, the documented exit code, no database', async () => {
    writeFileSync(place('few.csv'), 'diaSourceId,visit,midpointMjdTai,ra,dec,band\n1,1,60000,10,10,g\n2,2,60001,10.0001,10,g\n');
    writeFileSync(place('none.csv'), 'a,b\n1,2\n');
    const cases: readonly [readonly string[], number, string][] = [
      [[place('absent.parquet')], 4, 'absent.parquet'],
      [[place('none.csv')], 4, 'no column diaSourceId'],
      [[place('few.csv'), '--db', place('few.db')], 4, 'no column x, y'],
      [[place('few.csv'), '--objects', path.join(folder(), 'nowhere', 'x.csv')], 4, 'a place to write'],
      [[place('few.csv'), '--radius', '0'], 64, 'above 0'],
      [[place('few.csv'), '--mode', 'best'], 64, 'optimal, greedy'],
      [[place('few.csv'), '--compare', place('few.csv')], 4, 'without diaObjectId'],
    ];
    for (const [args, code, text] of cases) {
      const ended = await associate(...args);
      expect([ended.code, ended.stderr.includes(text)], ended.stderr).to.deep.equal([code, true]);
    }
    const plain = await associate(place('few.csv'), '--objects', place('few-objects.csv'));
    expect(plain.code, plain.stderr).to.equal(0);
    expect(rowsOf(await readTableFile('x.csv', readFileSync(place('few-objects.csv'))))[0]).to.include({ diaObjectId: 1n, nDiaSources: 2n });
  });

  it('agrees with the objects that Rubin made from the same sources', async function () {
    const [theirSources, theirObjects] = [rubinFiles('hits2015', 'dia_source'), rubinFiles('hits2015', 'dia_object')];
    if (theirObjects.length === 0) {
      process.stdout.write('      skipped: ../shared/data is not here\n');
      return this.skip();
    }
    const ended = await associate(...theirSources, '--db', place('hits.db'), ...theirObjects.flatMap(file => ['--compare', file]));
    expect(ended.code, ended.stdout).to.equal(0);
    expect(ended.stdout).to.include('551 of 551 objects have the same sources');
    const other = await associate(...theirSources, '--radius', '0.2', ...theirObjects.flatMap(file => ['--compare', file]));
    expect(other.code).to.equal(1);
    expect(other.stdout).to.match(/other sources: \d+/);
  });
});
