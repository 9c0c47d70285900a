/** Exports and queries, against the real client: it imports what we export, we import what it exports, and both find the same. */
import { expect } from 'chai';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { defineVisits, ingestRaws } from '../../src/butler/ingestRaws.ts';
import { createRepository } from '../../src/butler/repository.ts';
import type { Repository } from '../../src/butler/repository.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import { gain, note, put, simRepository, temporaryFolder, writeRaw } from '../butler/fixtures.ts';
import { pythonJson, rubinPython } from './rubinPython.ts';

const T = 1_768_187_000_000_000_000n;

const IMPORT = `
import json, sys
from lsst.daf.butler import Butler, Timespan
root, directory, t = sys.argv[1], sys.argv[2], int(sys.argv[3])
Butler.makeRepo(root)
b = Butler.from_config(root, writeable=True)
b.import_(directory=directory, filename=directory + "/export.yaml", transfer="copy")
gain = lambda begin: b.get("gain", instrument="sim", detector=0, collections="calib", timespan=Timespan(None, None, _nsec=(begin, begin + 1)))
json.dump({
    "ids": sorted(str(r.id) for t in ("note", "gain") for r in b.query_datasets(t, collections="*", find_first=False, explain=False)),
    "chain": list(b.collections.query("all", flatten_chains=True)),
    "best": b.get("note", instrument="sim", detector=0, collections="best"),
    "gains": [gain(t - 1), gain(t)],
    "regions": [r.region.encode().hex() for r in b.query_dimension_records("visit_detector_region")],
    "spans": [[str(x) for x in r.timespan.nsec] for r in b.query_dimension_records("exposure")],
}, sys.stdout)
`;
const EXPORT = `
import json, sys
from lsst.daf.butler import Butler
b = Butler.from_config(sys.argv[1], writeable=True)
with b.export(directory=sys.argv[2], filename="export.yaml", transfer="copy") as e:
    refs = [r for t in ("note", "gain", "raw") for r in b.query_datasets(t, collections="*", find_first=False, explain=False)]
    e.saveDatasets(refs)
    e.saveDataIds(b.registry.queryDataIds(["visit", "detector"], instrument="sim").expanded())
    for c in ("calib", "best", "all"): e.saveCollection(c)
json.dump(sorted(str(r.id) for r in refs), sys.stdout)
`;
const QUERY = `
import json, sys
from lsst.daf.butler import Butler
b = Butler.from_config(sys.argv[1])
out = []
for where in json.loads(sys.argv[2]):
    out.append(sorted([d["visit"], d["detector"]] for d in b.query_data_ids(["visit", "detector"], where="instrument = 'sim' AND (" + where + ")", explain=False)))
json.dump(out, sys.stdout)
`;

/**
 * What both must select alike: the part of the language that both have (a region under `not` is ours alone).
 * The client takes what shares a level-7 trixel with a circle for overlapping; ours is the exact test. Nothing here is that near.
 */
const QUERIES = [
  'visit = 1', 'visit in (1..3)', 'visit in (1..5:2, 4)', 'not visit = 1', 'visit not in (2..9)', "band = 'g'", "band = 'g' and not (visit = 1 or detector = 0)",
  'visit.exposure_time > 20', 'visit.exposure_time > 20.0 and detector = 1', 'visit % 2 = 1', 'visit + detector = 3', '-visit < -1', 'visit.azimuth = NULL',
  'visit.zenith_angle != NULL', 'visit in (1, visit)', "visit.name = 'obs-2'", "glob(visit.target_name, 'FI*')", "exposure.observation_type = 'science'",
  "exposure.obs_id in ('obs-1', 'obs-3')", 'exposure.can_see_sky', "visit.timespan.begin > T'2026-01-12T03:10:30'", "visit.timespan.begin > T'2026-01-12T03:10:30/tai'",
  "visit.timespan overlaps (T'2026-01-12T03:10:10', T'2026-01-12T03:20:00')", "visit.timespan overlaps (T'2026-01-12T03:10:30', T'2026-01-12T03:11:00')",
  "visit.timespan overlaps T'61052.1321'", "visit.timespan.end < T'mjd/61052.134/utc'", 'visit.region overlaps POINT(53.0, -28.0)',
  'visit_detector_region.region overlaps POINT(53.02, -28.02)', 'visit.region overlaps CIRCLE(53.0, -25.5, 0.5)', 'visit.region overlaps BOX(53, -27, 0.5, 2.0)',
  'visit_detector_region.region overlaps POLYGON(52.9, -28.1, 53.2, -28.1, 53.0, -27.9)', "visit.region overlaps REGION('CIRCLE 53.0 -28.0 0.01')",
];

function source(folder: string): Repository {
  const repository = simRepository(path.join(folder, 'r'));
  const files = [1, 2, 3].flatMap(n => [0, 1].map(detector => writeRaw(folder, `${n}-${detector}.fits`, {
    EXPID: n, DETNUM: detector, OBSID: `obs-${n}`, GROUPID: `obs-${n}`, SEQNUM: n, EXPTIME: 10 * n, 'DATE-OBS': `2026-01-12T03:1${n - 1}:00.000`,
    FILTER: n === 3 ? 'sim-r' : 'sim-g', CRVAL2: -29 + n, DEC: -29 + n,
  })));
  ingestRaws(repository, sim, files, { run: 'sim/raw/all', mode: 'copy' });
  defineVisits(repository, sim);
  const best = put(repository, note, { instrument: 'sim', detector: 0 }, { best: true }, 'r2');
  put(repository, note, { instrument: 'sim', detector: 0 }, { best: false });
  repository.registerTagged('best');
  repository.associate('best', [best]);
  repository.registerCalibrationCollection('calib');
  const at = { instrument: 'sim', detector: 0 };
  repository.certify('calib', [put(repository, gain, at, { epoch: 'early' }, 'g1')], { begin_ns: null, end_ns: T });
  repository.certify('calib', [put(repository, gain, at, { epoch: 'late' }, 'g2')], { begin_ns: T, end_ns: null });
  repository.registerChain('all', ['r1', 'r2', 'best', 'calib', 'sim/raw/all']);
  return repository;
}

describe('exchange with the real butler client', () => {
  let python: string;
  before(function () {
    const found = rubinPython();
    if ('reason' in found) {
      process.stdout.write(`  skipped: ${found.reason}\n`);
      this.skip();
    } else python = found.python;
  });

  it('it imports what we export', () => {
    const folder = temporaryFolder();
    const repository = source(folder);
    const image = { ...note, name: 'image', dimensions: ['instrument', 'visit', 'detector'] } as const;
    repository.registerDatasetType(image);
    // Not the raw frames: their formatter belongs to a package that the client does not bring along.
    const images = [1, 2, 3].flatMap(visit => [0, 1].map(detector => put(repository, image, { instrument: 'sim', visit, detector }, {})));
    const refs = [note, gain].flatMap(type => repository.query(type, ['*'], { isFindFirst: false }));
    const unique = [...new Map(refs.map(ref => [ref.id, ref])).values()];
    repository.exportTo([...unique, ...images], { directory: path.join(folder, 'out'), mode: 'copy', collections: ['all'] });
    const found = pythonJson(python, IMPORT, [path.join(folder, 'py'), path.join(folder, 'out'), String(T)]) as Record<string, unknown>;
    expect(new Set(found.ids as string[])).to.deep.equal(new Set(unique.map(ref => ref.id)));
    expect(found).to.deep.include({
      chain: ['r1', 'r2', 'best', 'calib', 'sim/raw/all'], best: { best: true }, gains: [{ epoch: 'early' }, { epoch: 'late' }],
      spans: repository.records('exposure').map(({ timespan }) => Object.values(timespan as object).map(String)),
      regions: repository.records('visit_detector_region').map(({ region }) => Buffer.from(region as Uint8Array).toString('hex')),
    });
    repository.close();
  });

  it('we import what it exports', async () => {
    const folder = temporaryFolder();
    const repository = source(folder);
    mkdirSync(path.join(folder, 'out'));
    const ids = pythonJson(python, EXPORT, [repository.root, path.join(folder, 'out')]) as string[];
    const target = createRepository(path.join(folder, 'target'));
    const { ingested } = target.importFrom({ directory: path.join(folder, 'out'), mode: 'copy' });
    expect(new Set(ingested.map(ref => ref.id))).to.deep.equal(new Set(ids));
    for (const element of ['exposure', 'visit', 'visit_definition', 'visit_detector_region', 'physical_filter'] as const) {
      const records = repository.records(element);
      expect(target.records(element), element).to.deep.equal(element === 'physical_filter' ? records.filter(r => /sim-[gr]$/.test(String(r.name))) : records);
    }
    expect(await target.get(note, target.find(note, { instrument: 'sim', detector: 0 }, ['best'])!)).to.deep.equal({ best: true });
    const at = (ns: bigint): unknown => target.find(gain, { instrument: 'sim', detector: 0 }, ['calib'], { begin_ns: ns, end_ns: ns + 1n })?.run;
    expect([at(T - 1n), at(T)]).to.deep.equal(['g1', 'g2']);
    expect(target.collections('all')).to.deep.equal(repository.collections('all'));
    repository.close();
    target.close();
  });

  it('finds the same data IDs for the same expressions', () => {
    const repository = source(temporaryFolder());
    const theirs = pythonJson(python, QUERY, [repository.root, JSON.stringify(QUERIES)]) as number[][][];
    const rows = QUERIES.map((where, k) => {
      const ours = repository.queryDataIds(['visit', 'detector'], { where: `instrument = 'sim' AND (${where})` });
      return { where, ours: ours.map(d => `${String(d.visit)}/${String(d.detector)}`).sort(), theirs: theirs[k]!.map(([v, d]) => `${v}/${d}`).sort() };
    });
    for (const { where, ours, theirs: other } of rows) expect(ours, where).to.deep.equal(other);
    expect(rows.filter(({ ours }) => ours.length > 0 && ours.length < 6).length, 'queries that select a part').to.be.greaterThan(15);
    repository.close();
  });
});
