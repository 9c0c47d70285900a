/** A registry that the real client made years ago (ap_verify_ci_dc2): open for reading, with the older dataset tables and universe 7. */
import { expect } from 'chai';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openRepository } from '../../src/butler/repository.ts';
import { expectError, temporaryFolder } from './fixtures.ts';

const SOURCE = '../shared/data/butler/dc2';

describe('a registry of the real client', () => {
  it('is read and queried, and not written', function () {
    if (!existsSync(SOURCE)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    const root = temporaryFolder();
    copyFileSync(path.join(SOURCE, 'butler.yaml'), path.join(root, 'butler.yaml'));
    writeFileSync(path.join(root, 'gen3.sqlite3'), gunzipSync(readFileSync(path.join(SOURCE, 'gen3.sqlite3.gz'))));
    expectError(() => openRepository(root), 'REPOSITORY', /datasets version 1\.0\.0; expected: 2\.0\.0/);
    const repository = openRepository(root, { readonly: true });
    const flat = repository.datasetType('flat')!;
    expect(flat).to.deep.include({ dimensions: ['instrument', 'detector', 'physical_filter'], storageClass: 'Exposure', isCalibration: true });
    const detectors = repository.queryDataIds(['detector'], { datasets: ['flat'], collections: ['*'], where: "band = 'r'" }).map(d => d.detector);
    expect(detectors).to.deep.equal([164, 168]);
    const refs = repository.query(flat, ['2.2i/calib/gen2/*'], { where: "physical_filter = 'r_sim_1.4' and detector in (160..165)" });
    expect(refs.length).to.be.greaterThan(0);
    expect(refs.every(ref => ref.dataId.detector === 164 && repository.pathOf(ref).includes('/flat/'))).to.equal(true);
    expect(repository.find(flat, { instrument: 'LSSTCam-imSim', detector: 164, physical_filter: 'r_sim_1.4' }, ['LSSTCam-imSim/calib'],
      { begin_ns: 1_650_000_000_000_000_000n, end_ns: 1_650_000_000_000_000_001n })).to.not.equal(null);
    expect(repository.queryDataIds(['tract', 'patch'], { where: "skymap = 'DC2' and patch < 20" }).length).to.be.greaterThan(0);
    const { region } = repository.queryDimensionRecords('tract', { where: "skymap = 'DC2' and tract = 4431" })[0]!;
    expect(region).to.be.instanceOf(Uint8Array);
    repository.close();
  });
});
