import { expect } from 'chai';
import Database from 'better-sqlite3';
import path from 'node:path';
import { defineVisits, ingestRaws } from '../../src/butler/ingestRaws.ts';
import { openRepository } from '../../src/butler/repository.ts';
import type { Repository } from '../../src/butler/repository.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import type { DatasetRef, DatasetType } from '../../src/model/dataset.ts';
import { packages } from '../../src/model/datasetTypes.ts';
import { tableFromRows } from '../../src/model/table.ts';
import { gain, note, put, simRepository, temporaryFolder, writeRaw } from '../butler/fixtures.ts';
import { pythonJson, rubinPython } from './rubinPython.ts';

const T = 1_768_187_000_000_000_000n;
const catalog: DatasetType<unknown> = { ...note, name: 'catalog', dimensions: ['instrument', 'visit', 'detector'], storageClass: 'Table' };
const kernel: DatasetType<unknown> = { ...note, name: 'kernel', storageClass: 'Bytes' };

const READ = `
import json, sys
from importlib.metadata import version
from lsst.daf.butler import Butler, Timespan
from lsst.utils.packages import Packages
root, t = sys.argv[1], int(sys.argv[2])
b = Butler.from_config(root, writeable=True)
text = lambda refs: sorted(f"{r.id} {r.run} {sorted(r.dataId.required.items())}" for r in refs)
point = lambda ra, dec: [r.id for r in b.query_dimension_records("visit", where=f"visit.region OVERLAPS POINT({ra}, {dec})", explain=False)]
calibration = lambda begin, end: b.get("gain", instrument="sim", detector=0, collections="calib", timespan=Timespan(None, None, _nsec=(begin, end)))
# By default the client drops units that are not in the Arrow schema itself.
table = b.get("catalog", instrument="sim", visit=1, detector=0, collections="all", parameters={"strip_astropy_meta_yaml": False})
exposure = b.query_dimension_records("exposure")[0]
found = {
    "version": version("lsst-daf-butler"),
    "collections": sorted(b.collections.query("*")),
    "chain": list(b.collections.query("all", flatten_chains=True)),
    "note": text(b.query_datasets("note", collections="all", limit=None)),
    "raw": text(b.query_datasets("raw", collections="sim/raw/all", limit=None)),
    "values": [b.get("note", instrument="sim", detector=d, collections="all") for d in (0, 1)],
    "gains": [calibration(t - 10, t - 5), calibration(t, t + 5)],
    "ids": [str(x) for x in table["id"]], "unit": str(table["flux_nJy"].unit), "columns": list(table.colnames),
    "inside": point(53.0, -28.0), "outside": point(10.0, 10.0),
    "joined": len(b.query_data_ids(["visit", "detector", "htm7"], where="instrument='sim'")),
    "exposure": [exposure.obs_id, exposure.day_obs, *[str(x) for x in exposure.timespan.nsec]],
    "packages": dict(b.get("packages", collections="all")),
    "band": [d["band"] for d in b.query_data_ids(["exposure", "band"], where="instrument='sim'")],
}
b.collections.register("py/run")
b.put(Packages({"one": "1.0", "two": "2.0+x"}), "packages", run="py/run")
b.put({"from": "python", "list": [1, 2]}, "note", instrument="sim", detector=1, run="py/run")
late = b.put({"epoch": "of python"}, "gain", instrument="sim", detector=1, run="py/run")
b.registry.certify("calib", [late], Timespan(None, None, _nsec=(t, t + 7)))
json.dump(found, sys.stdout)
`;
const MAKE = `
import json, sys
from lsst.daf.butler import Butler
Butler.makeRepo(sys.argv[1]); Butler.from_config(sys.argv[1], writeable=True)
json.dump("made", sys.stdout)
`;
const READ_NOTE = `
import json, sys
from lsst.daf.butler import Butler
json.dump(Butler.from_config(sys.argv[1]).get("note", instrument="sim", detector=0, collections="r1"), sys.stdout)
`;

function filledRepository(folder: string): Repository {
  const repository = simRepository(path.join(folder, 'r'));
  for (const type of [catalog, kernel, packages]) repository.registerDatasetType(type);
  ingestRaws(repository, sim, [writeRaw(folder, 'a.fits'), writeRaw(folder, 'b.fits', { DETNUM: 1 })], { run: 'sim/raw/all', mode: 'copy' });
  defineVisits(repository, sim);
  put(repository, note, { instrument: 'sim', detector: 0 }, { a: [1, 'zwei', null] });
  put(repository, note, { instrument: 'sim', detector: 0 }, { a: 'hidden' }, 'r2');
  put(repository, note, { instrument: 'sim', detector: 1 }, { b: true }, 'r2');
  put(repository, packages, {}, { 'ap-verify': '0.1.0+abc', 'odd: #name': "'1'" });
  put(repository, kernel, { instrument: 'sim', detector: 1 }, new Uint8Array([1, 2, 3]));
  put(repository, catalog, { instrument: 'sim', visit: 1, detector: 0 }, tableFromRows([
    { name: 'id', type: 'i64', unit: '', doc: 'identity' }, { name: 'flux_nJy', type: 'f64', unit: 'nJy', doc: 'flux' },
  ], [{ id: 2n ** 60n + 1n, flux_nJy: 1.5 }]));
  repository.registerCalibrationCollection('calib');
  const dataId = { instrument: 'sim', detector: 0 };
  repository.certify('calib', [put(repository, gain, dataId, { epoch: 'early' }, 'g1')], { begin_ns: null, end_ns: T });
  repository.certify('calib', [put(repository, gain, dataId, { epoch: 'late' }, 'g2')], { begin_ns: T, end_ns: null });
  repository.registerChain('all', ['r1', 'r2', 'calib']);
  return repository;
}

const textOf = (refs: readonly DatasetRef[]): string[] => refs.map(({ id, run, dataId }) => {
  const items = Object.entries(dataId).sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `('${key}', ${typeof value === 'string' ? `'${value}'` : value})`);
  return `${id} ${run} [${items.join(', ')}]`;
}).sort();

describe('the real butler client', () => {
  let python: string;
  before(function () {
    const found = rubinPython();
    if ('reason' in found) {
      process.stdout.write(`  skipped: ${found.reason}\n`);
      this.skip();
    } else python = found.python;
  });

  it('reads our repository, finds what we find, and writes into it', async () => {
    const repository = filledRepository(temporaryFolder());
    const found = pythonJson(python, READ, [repository.root, String(T)]) as Record<string, unknown>;
    process.stdout.write(`    lsst-daf-butler ${String(found.version)}\n`);
    expect(found).to.deep.include({
      collections: ['all', 'calib', 'g1', 'g2', 'r1', 'r2', 'sim/raw/all'],
      chain: ['r1', 'r2', 'calib'],
      note: textOf(repository.query(note, ['r1', 'r2'])),
      raw: textOf(repository.query(repository.datasetType('raw')!, ['sim/raw/all'])),
      values: [{ a: [1, 'zwei', null] }, { b: true }],
      gains: [{ epoch: 'early' }, { epoch: 'late' }],
      ids: [String(2n ** 60n + 1n)], unit: 'nJy', columns: ['id', 'flux_nJy'],
      inside: [1], outside: [],
      band: ['g'],
      packages: { 'ap-verify': '0.1.0+abc', 'odd: #name': "'1'" },
    });
    const { begin_ns, end_ns } = repository.records('exposure')[0]!.timespan as { begin_ns: bigint; end_ns: bigint };
    expect(found.exposure).to.deep.equal(['obs-1', 20260111, String(begin_ns), String(end_ns)]);
    expect(found.joined).to.be.greaterThan(1);

    const fromPython = repository.find(note, { instrument: 'sim', detector: 1 }, ['py/run'])!;
    expect(await repository.get(note, fromPython)).to.deep.equal({ from: 'python', list: [1, 2] });
    expect(await repository.get(packages, repository.find(packages, {}, ['py/run'])!)).to.deep.equal({ one: '1.0', two: '2.0+x' });
    const late = repository.find(gain, { instrument: 'sim', detector: 1 }, ['calib'], { begin_ns: T + 6n, end_ns: T + 9n })!;
    expect([late.run, await repository.get(gain, late)]).to.deep.equal(['py/run', { epoch: 'of python' }]);
    repository.removeRun('py/run');
    expect(repository.orphans()).to.deep.equal([]);
    repository.close();
    const db = new Database(path.join(repository.root, 'gen3.sqlite3'), { readonly: true });
    expect(db.pragma('foreign_key_check')).to.deep.equal([]);
    expect(db.pragma('integrity_check')).to.deep.equal([{ integrity_check: 'ok' }]);
    db.close();
  });

  it('makes a repository that we can use', () => {
    const root = path.join(temporaryFolder(), 'theirs');
    pythonJson(python, MAKE, [root]);
    const repository = openRepository(root);
    repository.registerInstrument(sim);
    repository.registerDatasetType(note);
    put(repository, note, { instrument: 'sim', detector: 0 }, { made: 'here' });
    repository.close();
    expect(pythonJson(python, READ_NOTE, [root])).to.deep.equal({ made: 'here' });
  });
});
