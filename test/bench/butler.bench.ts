/**
 * A repository with 100,000 datasets: how many a second come in, and how long a query takes. Aims: 2,000 datasets a second
 * without checksums, 50 ms for any query that an index serves.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRepository } from '../../src/butler/repository.ts';
import type { IngestItem, Repository, TransferMode } from '../../src/butler/repository.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import type { DatasetType } from '../../src/model/dataset.ts';
import { encodePolygon } from '../../src/sky/regionEncoding.ts';
import { orientedPolygon } from '../../src/sky/sphere.ts';
import type { Bench, BenchCase } from './bench.ts';

const N_DETECTORS = 100;
const N_VISITS = 1000;
const BATCH = 5000;
const BEGIN_ns = 1_768_187_000_000_000_000n;
const image: DatasetType<unknown> = { name: 'image', dimensions: ['instrument', 'visit', 'detector'], storageClass: 'Bytes', isCalibration: false };

function cases(): BenchCase[] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'butler-bench-'));
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }); });
  const file = path.join(folder, 'one.bin');
  writeFileSync(file, new Uint8Array(1024));
  const repository = createRepository(path.join(folder, 'repo'));
  repository.registerDatasetType(image);
  say(`${N_VISITS} visits of ${N_DETECTORS} detectors with their regions`, seconds(() => { fillRecords(repository); }));
  const ingested_s = seconds(() => {
    for (let k = 0; k < N_VISITS * N_DETECTORS; k += BATCH) ingest(repository, { run: 'run', file, mode: 'direct', first: k, n: BATCH });
  });
  say(`${N_VISITS * N_DETECTORS} datasets: ${Math.round(N_VISITS * N_DETECTORS / ingested_s)} datasets/s`, ingested_s);
  return [...ingestCases(repository, file), ...queryCases(repository)];
}

export default { name: 'butler', cases } satisfies Bench;

function say(what: string, time_s: number): void {
  process.stdout.write(`butler         ${what}, ${time_s.toFixed(1)} s\n`);
}

function seconds(work: () => void): number {
  const begin = performance.now();
  work();
  return (performance.now() - begin) / 1000;
}

/** Visits along a strip of the sky; every detector a small square of it. */
function fillRecords(repository: Repository): void {
  repository.registerInstrument(sim);
  const common = { instrument: 'sim' };
  const square = (ra: number, dec: number, h: number): Uint8Array =>
    encodePolygon(orientedPolygon([[ra - h, dec - h], [ra + h, dec - h], [ra + h, dec + h], [ra - h, dec + h]]));
  repository.transaction(() => {
    repository.insertRecords('detector', Array.from({ length: N_DETECTORS - sim.detectors.length }, (_, k) =>
      ({ ...common, id: sim.detectors.length + k, full_name: `X${k}`, name_in_raft: 'x', raft: null, purpose: 'SCIENCE' })));
    repository.insertRecords('day_obs', [{ ...common, id: 20260111, timespan: { begin_ns: null, end_ns: null } }]);
    for (let visit = 1; visit <= N_VISITS; visit++) {
      const [ra, dec] = [30 + (visit % 100), -30 + Math.floor(visit / 100)];
      const begin_ns = BEGIN_ns + BigInt(visit) * 40_000_000_000n;
      repository.insertRecords('visit', [{
        ...common, id: visit, name: `v${visit}`, physical_filter: visit % 2 === 0 ? 'sim-g' : 'sim-r', day_obs: 20260111, seq_num: visit,
        exposure_time: 30, target_name: 'strip', observation_reason: 'science', science_program: null, azimuth: null, zenith_angle: null,
        timespan: { begin_ns, end_ns: begin_ns + 30_000_000_000n }, region: square(ra, dec, 0.5),
      }]);
      repository.insertRecords('visit_detector_region', Array.from({ length: N_DETECTORS }, (_, detector) => {
        const [column, row] = [detector % 10, Math.floor(detector / 10)];
        return { ...common, visit, detector, region: square(ra - 0.45 + 0.1 * column, dec - 0.45 + 0.1 * row, 0.05) };
      }));
    }
  });
}

interface Ingest {
  readonly run: string;
  readonly file: string;
  readonly mode: TransferMode;
  readonly first: number;
  readonly n: number;
}

/** One file stands for all: what is measured is the registry and, with copies and links, the file system. */
function ingest(repository: Repository, { run, file, mode, first, n }: Ingest): void {
  repository.registerRun(run);
  repository.ingest(Array.from({ length: n }, (_, i): IngestItem => {
    const k = first + i;
    const dataId = { instrument: 'sim', visit: 1 + Math.floor(k / N_DETECTORS), detector: k % N_DETECTORS };
    return { type: image, dataId, run, path: file, mode };
  }));
}

function ingestCases(repository: Repository, file: string): BenchCase[] {
  let nRuns = 0;
  return (['direct', 'link', 'copy'] as const).map(mode => ({
    name: `ingest of 1,000 datasets, ${mode} (aim 500 ms)`, repeat: 3,
    run: () => { ingest(repository, { run: `more/${++nRuns}`, file, mode, first: 0, n: 1000 }); },
  }));
}

function queryCases(repository: Repository): BenchCase[] {
  const datasets = (where: string) => () => repository.query(image, ['run'], { where }).length;
  const dataIds = (where: string) => () => repository.queryDataIds(['visit', 'detector'], { where, datasets: ['image'], collections: ['run'] }).length;
  const queries: readonly (readonly [string, () => number])[] = [
    ['find', () => Number(repository.find(image, { instrument: 'sim', visit: 500, detector: 50 }, ['run']) !== null)],
    ['instrument, visit and detector', datasets("instrument = 'sim' and visit = 500 and detector = 50")],
    ['visit', datasets("instrument = 'sim' and visit = 500")],
    ['range of visits', datasets("instrument = 'sim' and visit in (1..100:10)")],
    ['filter and one detector', datasets("instrument = 'sim' and detector = 7 and band = 'g'")],
    ['time', datasets("instrument = 'sim' and visit.timespan overlaps (T'2026-01-12T06:00:00', T'2026-01-12T06:05:00')")],
    ['point', datasets("visit_detector_region.region overlaps point(53.1, -27.2) and instrument = 'sim'")],
    ['visit and detector, as data IDs', dataIds("instrument = 'sim' and visit = 500 and detector = 50")],
    ['circle, as data IDs', dataIds("visit_detector_region.region overlaps circle(80, -25, 0.2) and instrument = 'sim'")],
    ['visits at a point', () => repository.queryDataIds(['visit'], { where: 'visit.region overlaps point(53.1, -27.2)' }).length],
    ['one detector of all visits (no index)', datasets('detector = 7')],
  ];
  return queries.map(([name, query]) => ({ name: `${name} (${query()} found)`, run: query }));
}
