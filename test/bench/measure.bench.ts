/** Measuring and judging a million sources. */
import { declarativeMeasures } from '../../src/harness/declarative.ts';
import { judge } from '../../src/harness/judge.ts';
import { measureAll } from '../../src/harness/measureAll.ts';
import { diaSourceDetector } from '../../src/model/datasetTypes.ts';
import type { Table } from '../../src/model/table.ts';
import type { Declaration, Metric } from '../../src/model/verification.ts';
import { random } from '../../src/numeric/random.ts';
import { memorySource } from '../harness/memorySource.ts';
import { metricOf, specificationOf } from '../harness/results.ts';
import type { Bench, BenchCase } from './bench.ts';

const [IMAGES, ROWS] = [100, 10_000];

function tableOf(seed: number): Table {
  const rng = random(seed, 'measure bench');
  const column = (make: () => number): Table['columns'][string] =>
    ({ type: 'f64', unit: '', doc: '', values: Float64Array.from({ length: ROWS }, make) });
  const columns = {
    snr: column(() => 5 / (1 - rng.uniform())), psfFlux: column(() => rng.normal()), isDipole: column(() => Number(rng.uniform() < 0.1)),
  };
  return { nRows: ROWS, columns };
}

const DECLARATIONS: readonly Omit<Declaration, 'dataset'>[] = [
  { statistic: 'count' }, { statistic: 'count', where: { psfFlux: { nan: true } } }, { statistic: 'fraction', of: { isDipole: 1 } },
  { statistic: 'fraction', where: { snr: { min: 10 } }, of: { psfFlux: { max: 0 } } }, { statistic: 'median', column: 'snr' },
  { statistic: 'mean', column: 'psfFlux' }, { statistic: 'scatter', column: 'psfFlux' }, { statistic: 'quantile', column: 'snr', q: 0.9 },
];

function cases(): BenchCase[] {
  const metrics: Metric[] = DECLARATIONS.map((d, k) =>
    metricOf({ name: `pkg.M${k}`, unit: '', minimumN: 0, declaration: { dataset: diaSourceDetector.name, ...d } }));
  const specifications = metrics.map(m => specificationOf({ name: `${m.name}.s`, metric: m.name, unit: '' }));
  const images = Array.from({ length: IMAGES }, (_, visit) => ({ visit, detector: 0, band: 'g' }));
  const source = memorySource();
  for (const { visit, detector } of images) source.put(diaSourceDetector, { visit, detector }, tableOf(visit));
  return [{
    name: `${DECLARATIONS.length} metrics of 10^6 sources in ${IMAGES} tables, judged`, repeat: 5,
    run: async () => {
      const measures = declarativeMeasures(metrics, [diaSourceDetector]);
      const { measurements } = await measureAll({ metrics, measures, source, run: { hasTruth: false, images, quanta: [] } });
      return judge(specifications, measurements, metrics).length;
    },
  }];
}

export default { name: 'measure', cases } satisfies Bench;
