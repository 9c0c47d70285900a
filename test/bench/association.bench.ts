/**
 * Association: agreement with Rubin's own DIAObjects (when ../shared/data is here), recovery of the objects of a generated
 * catalog of 10^6 sources, and the time to match 10^4 sources, beside cKDTree of SciPy (when python3 has it).
 */
import { spawnSync } from 'node:child_process';
import { associateCatalog } from '../../src/astro/association/associateCatalog.ts';
import { associate } from '../../src/astro/association/associate.ts';
import type { SkyPositions } from '../../src/astro/association/associate.ts';
import { associationQuality } from '../../src/astro/association/associationQuality.ts';
import { agreementText } from '../../src/cli/agreementText.ts';
import { random } from '../../src/numeric/random.ts';
import { diaSourceCatalog } from '../../src/simulate/diaSourceCatalog.ts';
import { pairsOnSky } from '../../src/sky/skyMatch.ts';
import { agreementWithRubin, RUBIN_CATALOGS, TOLERANCE } from '../astro/association/rubinCatalogs.ts';
import type { Bench, BenchCase } from './bench.ts';

const FIELD_DEG = 3;
const NOTHING = { objects: { nRows: 0, columns: {} }, sources: { nRows: 0, columns: {} } };

async function cases(): Promise<BenchCase[]> {
  for (const name of RUBIN_CATALOGS) {
    for (const method of ['optimal', 'greedy'] as const) {
      const agreement = await agreementWithRubin(name, method);
      process.stdout.write(agreement === null ? `${name}: skipped, no ../shared/data\n` : `${name}, ${method}\n${agreementText(agreement, TOLERANCE)}\n`);
    }
  }
  recoverMillion();
  scipyTimes();
  return [100_000, 1_000_000].flatMap(nObjects => {
    const { sources, objects } = catalogs(nObjects);
    const name = `10^4 sources, 10^${Math.log10(nObjects)} objects`;
    return [
      { name: `pairs within 1 arcsec: ${name}`, run: () => pairsOnSky(sources.ra, sources.dec, objects.ra, objects.dec, 1) },
      { name: `optimal association: ${name}`, run: () => associate(sources, objects) },
      { name: `greedy association: ${name}`, run: () => associate(sources, objects, { method: 'greedy' }) },
    ];
  });
}

/** Objects over a field, and sources of which half belong to one. */
function catalogs(nObjects: number): { sources: SkyPositions; objects: SkyPositions } {
  const rng = random(3, 'association bench');
  const make = (n: number): Record<'ra' | 'dec' | 'raErr' | 'decErr', Float64Array> => ({
    ra: new Float64Array(n).map(() => 150 + FIELD_DEG * (rng.uniform() - 0.5)),
    dec: new Float64Array(n).map(() => FIELD_DEG * (rng.uniform() - 0.5)),
    raErr: new Float64Array(n).fill(0.05 / 3600), decErr: new Float64Array(n).fill(0.05 / 3600),
  });
  const [objects, sources] = [make(nObjects), make(10_000)];
  for (let i = 0; i < 5000; i++) {
    const j = Math.floor(rng.uniform() * nObjects);
    sources.ra[i] = objects.ra[j]! + (0.05 / 3600) * rng.normal();
    sources.dec[i] = objects.dec[j]! + (0.05 / 3600) * rng.normal();
  }
  return { sources, objects };
}

function recoverMillion(): void {
  const { sources, truth, isCrowded } = diaSourceCatalog();
  const start = performance.now();
  const association = associateCatalog(sources, NOTHING, { association: {}, summary: { position: 'mean' }, historyWindow_d: 360 });
  while (association.next() !== null);
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(`generated catalog: ${sources.nRows} sources of 100 visits in ${seconds.toFixed(1)} s\n`);
  for (const [name, crowded] of [['outside crowding', 0], ['in crowded clusters', 1]] as const) {
    const q = associationQuality(truth, association.diaObjectId, row => isCrowded[row] === crowded);
    process.stdout.write(`  ${name}: completeness ${q.completeness.toFixed(5)} of ${q.nSeenBefore}, purity ${q.purity.toFixed(5)} of ${q.nJoined}\n`);
  }
}

const SCIPY = `
import time, numpy as np
from scipy.spatial import cKDTree
rng = np.random.default_rng(3)
def unit(n):
    ra, dec = np.radians(150 + ${FIELD_DEG} * (rng.random(n) - .5)), np.radians(${FIELD_DEG} * (rng.random(n) - .5))
    return np.c_[np.cos(ra) * np.cos(dec), np.sin(ra) * np.cos(dec), np.sin(dec)]
sources = unit(10_000)
for n in (100_000, 1_000_000):
    objects, times = unit(n), []
    for k in range(6):
        a = time.perf_counter(); tree = cKDTree(objects)
        b = time.perf_counter(); tree.query(sources, distance_upper_bound=np.radians(1 / 3600))
        c = time.perf_counter(); times.append((b - a, c - b))
    build, query = np.median(times[1:], axis=0) * 1e3
    print(f'  cKDTree of SciPy, 10^4 sources, {n:.0e} objects: build {build:.1f} ms + nearest within 1 arcsec {query:.1f} ms')
`;

function scipyTimes(): void {
  const { status, stdout } = spawnSync(process.env.SCIPY_PYTHON ?? 'python3', ['-c', SCIPY], { encoding: 'utf8', timeout: 300_000 });
  process.stdout.write(status === 0 ? stdout : '  cKDTree: skipped, python3 has no SciPy (name one that has in SCIPY_PYTHON)\n');
}

export default { name: 'association', cases } satisfies Bench;
