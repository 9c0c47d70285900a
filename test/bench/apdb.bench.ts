/**
 * The association database on SQLite from 10^5 to 10^7 DIASources: the history of one detector (10^4 objects, 10^5 sources,
 * 10^5 forced sources) and the store of a visit of 10^4 sources. Aim: times within 1.5 of each other. The largest database
 * takes about 11 GB in the temporary folder and some minutes to make; `AP_VERIFY_BENCH_ROWS` says another largest size.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Bench, BenchCase } from './bench.ts';
import { makeSurvey, SOURCES_PER_VISIT } from './apdbSurvey.ts';
import type { Survey } from './apdbSurvey.ts';

const SIZES = [100_000, 1_000_000, 10_000_000];
const REPEAT = 7;

function cases(): BenchCase[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apdb-bench-'));
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }); });
  const largest = Number(process.env.AP_VERIFY_BENCH_ROWS ?? SIZES.at(-1));
  return SIZES.filter(size => size <= largest).flatMap(size => {
    const file = path.join(folder, `${size}.sqlite3`);
    const begin = performance.now();
    const survey = makeSurvey(file, size);
    const made_s = (performance.now() - begin) / 1000;
    process.stdout.write(`apdb           ${size} sources: ${(statSync(file).size / 1e9).toFixed(1)} GB, ${made_s.toFixed(0)} s to make\n`);
    return casesOf(survey, size.toExponential(0).replace('+', ''));
  });
}

/** Every run works on another field, so that no cache of the last one helps. */
function casesOf(survey: Survey, name: string): BenchCase[] {
  const { apdb, nFields, now_mjd } = survey;
  let k = 0;
  let stored: number | null = null;
  let store = (): void => {};
  const field = (): number => (k++ * 37) % nFields;
  return [
    {
      name: `${name} sources: history of a detector`, repeat: REPEAT,
      run: () => {
        const region = survey.region(field());
        const ids = [...apdb.getDiaObjects(region).columns.diaObjectId!.values] as bigint[];
        const rows = apdb.getDiaSources(region, ids, now_mjd).nRows + apdb.getDiaForcedSources(region, ids, now_mjd).nRows;
        if (rows < 20 * 0.99 * SOURCES_PER_VISIT) throw new Error(`${rows} rows of history`);
      },
    },
    {
      name: `${name} sources: store 10^4 sources, objects, forced`, repeat: REPEAT,
      prepare: () => {
        if (stored !== null) survey.forget(stored);
        stored = field();
        store = survey.nextVisit(stored);
      },
      run: () => { store(); },
    },
  ];
}

export default { name: 'apdb', cases } satisfies Bench;
