/** The arguments of `ap_pipe.py` in our words: data IDs, config overrides and steps (ap-pipeline 2). */
import type { DataId, Dimension } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';

/** Keys of older data IDs and the dimensions that they name; null: no dimension, left out. */
const KEYS: Readonly<Record<string, readonly Dimension[] | null>> = {
  visit: ['visit'], exposure: ['exposure'], detector: ['detector'], ccd: ['detector'], ccdnum: ['detector'], instrument: ['instrument'],
  filter: ['band', 'physical_filter'], band: ['band'], physical_filter: ['physical_filter'], hdu: null,
};

/**
 * The test that `--id visit=1 detector=0` stands for. Values may be alternatives `1^3` and ranges `1..9:2`; a key that comes again
 * begins another data ID, and a data ID that fits any of them is taken. @throws ApError USAGE.
 */
export function dataIdTest(pairs: readonly string[]): (dataId: DataId) => boolean {
  const groups: Map<string, (dataId: DataId) => boolean>[] = [];
  for (const pair of pairs) {
    const [, key, values] = /^(\w+)=(.+)$/.exec(pair) ?? [];
    if (key === undefined || values === undefined || !(key in KEYS)) {
      throw new ApError('USAGE', { where: '--id', found: pair, expected: `key=value with one of the keys ${Object.keys(KEYS).join(', ')}` });
    }
    const dimensions = KEYS[key]!;
    let group = groups.at(-1);
    if (group === undefined || group.has(key)) {
      group = new Map();
      groups.push(group);
    }
    const isIn = valueTest(values);
    group.set(key, dataId => dimensions === null || dimensions.some(d => dataId[d] !== undefined && isIn(dataId[d])));
  }
  return dataId => groups.some(group => [...group.values()].every(test => test(dataId)));
}

function valueTest(text: string): (value: string | number) => boolean {
  const tests = text.split('^').map(part => {
    const [, first, last, stride = '1'] = /^(\d+)\.\.(\d+)(?::(\d+))?$/.exec(part) ?? [];
    if (first === undefined || last === undefined) return (value: string | number) => String(value) === part;
    return (value: string | number) => typeof value === 'number' && value >= Number(first) && value <= Number(last)
      && (value - Number(first)) % Math.max(1, Number(stride)) === 0;
  });
  return value => tests.some(test => test(value));
}

/** Sub-tasks of ApPipeTask and the labels that do their work. */
const LABELS: readonly (readonly [string, string])[] = [
  ['ccdProcessor.isr.', 'isr'], ['ccdProcessor.charImage.', 'characterizeImage'], ['ccdProcessor.calibrate.', 'calibrate'],
  ['differencer.', 'imageDifference'], ['diaPipe.', 'diaPipe'],
];

export interface Overrides {
  /** `label:field=value`. */
  readonly config: readonly string[];
  /** File of the association database, from `diaPipe.apdb.db_url`; null: not given. */
  readonly apdb: string | null;
}

/** `-c` as it was (`differencer.doDecorrelation=True`) and as it is (`label:field=value`). @throws ApError USAGE. */
export function overridesOf(texts: readonly string[]): Overrides {
  let apdb: string | null = null;
  const config = texts.flatMap(text => {
    const url = /^diaPipe[.:]apdb\.db_url=['"]?(?:sqlite:\/\/\/)?(.+?)['"]?$/.exec(text)?.[1];
    if (url !== undefined) {
      apdb = url;
      return [];
    }
    if (/^diaPipe[.:]apdb\.isolation_level=/.test(text) || /^[^=.]+:/.test(text)) return text.includes('isolation_level') ? [] : [text];
    const found = LABELS.find(([prefix]) => text.startsWith(prefix));
    if (found !== undefined) return [`${found[1]}:${text.slice(found[0].length)}`];
    throw new ApError('USAGE', { where: '-c', found: text, expected: `label:field=value, or one of ${LABELS.map(([prefix]) => `${prefix}field=value`).join(', ')}` });
  });
  return { config, apdb };
}

export const STEPS = ['ccdProcessor', 'differencer', 'diaPipe'] as const;
export type Step = (typeof STEPS)[number];

const CCD_TASKS = new Set(['IsrTask', 'CharacterizeImageTask', 'CalibrateTask', 'CalibrateImageTask']);

/** The step of ApPipeTask that a task class belongs to. */
export function stepOf(taskName: string): Step {
  if (CCD_TASKS.has(taskName)) return 'ccdProcessor';
  return taskName === 'DiaPipelineTask' ? 'diaPipe' : 'differencer';
}

/** Steps whose outputs are taken when they exist: the named one and those before it; `all` is every one. @throws ApError USAGE. */
export function reusedSteps(name: string | undefined): ReadonlySet<Step> {
  if (name === undefined) return new Set();
  const last = name === 'all' ? STEPS.length - 1 : STEPS.indexOf(name as Step);
  if (last < 0) throw new ApError('USAGE', { where: '--reuse-outputs-from', found: name, expected: `${STEPS.join(', ')} or all` });
  return new Set(STEPS.slice(0, last + 1));
}
