/** Toy tasks and a catalog in memory: enough astronomy to test the machinery, none more. */
import type { DatasetRef, DatasetType } from '../../src/model/dataset.ts';
import { dataIdText } from '../../src/model/dataset.ts';
import { AlgorithmError, NoWorkFound } from '../../src/model/errors.ts';
import type { Instrument } from '../../src/model/instrument.ts';
import type { GraphCatalog, GraphRow } from '../../src/pipeline/graphCatalog.ts';
import { datasetKey, reduceDataId } from '../../src/pipeline/quantum.ts';
import type { GraphDataset } from '../../src/pipeline/quantum.ts';
import type { QuantumOutcome } from '../../src/pipeline/outcome.ts';
import { loadPipeline } from '../../src/pipeline/pipelineYaml.ts';
import { resolvePipeline } from '../../src/pipeline/resolvePipeline.ts';
import type { ResolveOptions, ResolvedPipeline } from '../../src/pipeline/resolvePipeline.ts';
import type { ResourceReading } from '../../src/pipeline/runQuantum.ts';
import { connection, defineTask } from '../../src/pipeline/task.ts';
import type { Task } from '../../src/pipeline/task.ts';

type Dict = Readonly<Record<string, number>>;
const type = <T = Dict>(name: string, dimensions: DatasetType['dimensions'], isCalibration = false): DatasetType<T> =>
  ({ name, dimensions, storageClass: 'StructuredDataDict', isCalibration });

const visitDetector = ['instrument', 'visit', 'detector'] as const;
export const toyRaw = type('toy_raw', ['instrument', 'exposure', 'detector']);
export const toyFlat = type('toy_flat', ['instrument', 'detector', 'physical_filter'], true);
export const toyRefcat = type('toy_refcat', ['htm7']);
const toyClean = type('toy_clean', ['instrument', 'exposure', 'detector']);
export const toyVisit = type('toy_visit', visitDetector);
export const toyTemplate = type('toy_template', visitDetector);
const toyExtra = type('toy_extra', visitDetector);
const toyTemplateDetector = type('toy_template_detector', visitDetector);
const toyDifference = type('toy_difference', visitDetector);
const toyRows = type('toy_rows', visitDetector);

const clean = defineTask({
  name: 'CleanTask', doc: 'Add a constant.',
  dimensions: ['instrument', 'exposure', 'detector'],
  inputs: {
    raw: connection(toyRaw, 'input'),
    flat: connection(toyFlat, 'calibration', { optional: true, prerequisite: true, lookup: 'calibration', requiredWhen: 'doFlat' }),
  },
  outputs: { cleaned: connection(toyClean, 'output') },
  config: {
    doFlat: { default: true, doc: 'use the flat' },
    offset: { default: 1, doc: 'added', min: 0, max: 100 },
    mode: { default: 'fast', doc: 'how', choices: ['fast', 'slow'] },
    failOn: { default: [] as readonly number[], doc: 'exposures to fail on' },
    noWorkOn: { default: [] as readonly number[], doc: 'exposures without work' },
    crashOn: { default: [] as readonly number[], doc: 'exposures that kill the worker' },
    hangOn: { default: [] as readonly number[], doc: 'exposures that never end' },
    'detection.threshold': { default: 5, doc: 'a dotted field' },
    weights: { default: [1, 2], doc: 'a list of numbers' },
    url: { default: null, doc: 'anything' },
  },
  run({ raw, flat }, config, context) {
    const exposure = context.dataId.exposure as number;
    if (config.failOn.includes(exposure)) throw new AlgorithmError('bad pixels', { nBad: 7 });
    if (config.noWorkOn.includes(exposure)) throw new NoWorkFound('all masked');
    if (config.crashOn.includes(exposure)) process.exit(9);
    while (config.hangOn.includes(exposure)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    context.metadata.offset = config.offset;
    return { cleaned: { value: raw.value! * (flat?.value ?? 1) + config.offset } };
  },
});

const calibrate = defineTask({
  name: 'CalibrateTask', doc: 'Exposure to visit.',
  dimensions: visitDetector,
  inputs: {
    cleaned: connection(toyClean, 'input'),
    refcat: connection(toyRefcat, 'references', { multiple: true, prerequisite: true, lookup: 'refcat' }),
  },
  outputs: { image: connection(toyVisit, 'output'), extra: connection(toyExtra, 'sometimes', { optional: true }) },
  config: { noExtra: { default: false, doc: 'leave the optional output out' } },
  run: ({ cleaned, refcat }, { noExtra }) =>
    ({ image: { value: cleaned.value! + refcat.length }, extra: noExtra ? null : { value: 1 } }),
});

const template = defineTask({
  name: 'TemplateTask', doc: 'Mean of other visits.',
  dimensions: visitDetector,
  inputs: { templates: connection(toyTemplate, 'others', { multiple: true, lookup: 'overlapping' }) },
  outputs: { template: connection(toyTemplateDetector, 'output') },
  config: {},
  run: ({ templates }) => ({ template: { value: templates.reduce((sum, { value }) => sum + value.value!, 0) / templates.length } }),
});

const subtract = defineTask({
  name: 'SubtractTask', doc: 'Image minus template.',
  dimensions: visitDetector,
  inputs: {
    image: connection(toyVisit, 'science'),
    template: connection(toyTemplateDetector, 'template'),
    extra: connection(toyExtra, 'tolerated', { optional: true }),
  },
  outputs: { difference: connection(toyDifference, 'output') },
  config: {},
  run: ({ image, template: t, extra }) => ({ difference: { value: image.value! - t.value! + (extra?.value ?? 0) } }),
});

const associate = defineTask({
  name: 'AssociateTask', doc: 'In order.', sequential: true,
  dimensions: visitDetector,
  inputs: { difference: connection(toyDifference, 'input') },
  outputs: { rows: connection(toyRows, 'output') },
  config: {},
  run: ({ difference }) => ({ rows: { value: difference.value! } }),
});

export const toyTasks: Readonly<Record<string, Task>> = {
  CleanTask: clean, CalibrateTask: calibrate, TemplateTask: template, SubtractTask: subtract, AssociateTask: associate,
};

export const TOY_YAML = `
description: Toy pipeline
instrument: toy
tasks:
  associate: toys.AssociateTask
  subtract: toys.SubtractTask
  template:
    class: toys.TemplateTask
    config:
      connections.templates: toy_visit
  calibrate: toys.CalibrateTask
  clean: toys.CleanTask
subsets:
  early: [clean, calibrate]
contracts:
  - contract: clean.offset >= 1
    msg: the offset must be positive
`;

export function toyPipeline(extra = '', options: ResolveOptions = {}): ResolvedPipeline {
  const { ir } = loadPipeline('toy.yaml', { readText: () => TOY_YAML + extra });
  return resolvePipeline(ir, toyTasks, options);
}

/** Visits 1..4 (bands g r g r) with detectors 0 and 1; detectors of the same number overlap. */
export function toyRowsOf(visits: readonly number[] = [1, 2, 3, 4], detectors: readonly number[] = [0, 1]): readonly GraphRow[] {
  return visits.flatMap(visit => detectors.map(detector => {
    const band = visit % 2 === 1 ? 'g' : 'r';
    const dataId = { instrument: 'toy', visit, exposure: visit + 100, detector, band, physical_filter: `toy-${band}`, day_obs: 20260101 };
    const records = { visit: { id: visit, name: `v${visit}` }, detector: { id: detector, full_name: `d${detector}` } };
    return { dataId, records, timespan: { begin_ns: BigInt(visit), end_ns: BigInt(visit + 1) }, date: `2026-01-0${visit}T00:00:00Z` };
  }));
}

export type Store = Map<string, unknown>;

/** Raws and flats for all rows, values from the data ID. */
export function toyStore(rows: readonly GraphRow[]): Store {
  const store: Store = new Map();
  for (const { dataId } of rows) {
    store.set(datasetKey('toy_raw', reduceDataId(dataId, toyRaw.dimensions)), { value: (dataId.visit as number) * 10 + (dataId.detector as number) });
    store.set(datasetKey('toy_flat', reduceDataId(dataId, toyFlat.dimensions)), { value: 2 });
  }
  store.set(datasetKey('toy_refcat', { htm7: 5 }), { value: 0 });
  store.set(datasetKey('toy_refcat', { htm7: 6 }), { value: 0 });
  return store;
}

export function toyCatalog(rows: readonly GraphRow[], store: Store): GraphCatalog {
  const refs = (wanted: DatasetType, candidates: readonly GraphDataset['dataId'][]): DatasetRef[] => {
    const reduced = candidates.map(candidate => reduceDataId(candidate, wanted.dimensions));
    const ids = new Map(reduced.map(dataId => [dataIdText(dataId), dataId]));
    return [...ids.values()].filter(dataId => store.has(datasetKey(wanted.name, dataId)))
      .map(dataId => ({ id: datasetKey(wanted.name, dataId), datasetType: wanted.name, dataId, run: 'in' }));
  };
  const overlaps = (a: GraphRow, b: GraphRow): boolean => a.dataId.detector === b.dataId.detector;
  return {
    rows: () => rows,
    datasets: wanted => refs(wanted, rows.map(row => row.dataId)),
    calibration: (wanted, row) => refs(wanted, [row.dataId])[0] ?? null,
    overlapping: (wanted, row) => refs(wanted, rows
      .filter(other => overlaps(row, other) && other.dataId.band === row.dataId.band).map(other => other.dataId)),
    overlaps,
    refcats: wanted => refs(wanted, [{ htm7: 6 }, { htm7: 5 }]),
  };
}

export const toyInstrument: Instrument = {
  name: 'toy', doc: '', className: 'toy.Toy', detectorMax: 2, visitMax: 10, exposureMax: 1000, filters: [], detectors: [], overrides: {},
  translate: () => { throw new Error('toys have no headers'); },
};

/** A clock that moves one second a reading. */
export function toyClock(): () => ResourceReading {
  let t = 0;
  return () => ({ utc: `2026-01-01T00:00:${String(t++ % 60).padStart(2, '0')}.000000+00:00`, wall_s: t, cpu_s: t / 2, maxRss_byte: 1e6 });
}

/** Commit into the store: what the butler does in earnest. */
export function commitTo(store: Store): (quantum: unknown, outcome: QuantumOutcome) => void {
  return (_, outcome) => {
    for (const { dataset, staged } of outcome.outputs) store.set(datasetKey(dataset.datasetType.name, dataset.dataId), staged);
  };
}
