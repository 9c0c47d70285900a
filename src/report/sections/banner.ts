import type { ComparedMetric } from '../../model/reportData.ts';
import type { Verdict, VerificationResult } from '../../model/verification.ts';
import { durationText, keysText, numberText } from '../format.ts';
import { nextSteps } from '../nextSteps.ts';
import { contextOf, errorsToBound, measurementOf, metricRows, stateOf, verdictRow } from '../rows.ts';
import type { MetricRow, RowState } from '../rows.ts';
import { defineSection } from '../section.ts';

const WORDS: Readonly<Record<VerificationResult['verdict']['status'], string>> = {
  pass: 'Pass', fail: 'Fail', incomplete: 'Incomplete', 'pipeline-failed': 'Pipeline failed',
};

export const banner = defineSection({
  name: 'banner', title: 'Verdict',
  view(result) {
    const { verdict, dataset, pipeline, run, images } = result;
    const bands = [...new Set(images.map(i => i.band))].sort();
    const revision = /\+([0-9a-f]{7,})$/.exec(pipeline.version)?.[1];
    return {
      heading: dataset.title, status: verdict.status, word: WORDS[verdict.status],
      sentence: verdict.sentence.replaceAll('>=', '≥').replaceAll('<=', '≤'), exitCode: String(verdict.exitCode),
      first: firstVerdict(result), next: nextSteps(result), counts: counts(result), baseline: baselineView(result),
      facts: [
        { term: 'Dataset', text: `${dataset.name} ${dataset.version}` },
        { term: 'Pipeline', text: `${pipeline.name} ${pipeline.version.replace(/\+[0-9a-f]{7,}$/, '')}` },
        { term: 'Revision', text: revision ?? pipeline.version },
        { term: 'Images', text: `${images.length}${bands.length > 0 ? ` in ${bands.join(', ')}` : ''}` },
        ...(pipeline.query === null ? [] : [{ term: 'Only', text: pipeline.query }]),
        ...(pipeline.overrides.length === 0 ? [] : [{ term: 'Changed', text: pipeline.overrides.join('; ') }]),
        { term: 'Started', text: `${run.started.slice(0, 16).replace('T', ' ')} UTC` },
        { term: 'Took', text: `${durationText(run.seconds)}, ${run.workers} ${run.workers === 1 ? 'worker' : 'workers'}` },
      ],
    };
  },
});

/**
 * The one specification that a reader wants to see: the first that fails, else the first that is incomplete, else
 * the one that passes with the smallest margin in units of its error. null when the pipeline failed, for its numbers cannot be trusted.
 */
function firstVerdict(result: VerificationResult): MetricRow & { label: string } | null {
  const { verdict, verdicts, metrics, measurements } = result;
  if (verdict.status === 'pipeline-failed') return null;
  const inState = (state: RowState): Verdict[] => verdicts.filter(v => stateOf(v) === state);
  const closest = inState('pass').filter(v => errorsToBound(v) !== null).sort((a, b) => errorsToBound(a)! - errorsToBound(b)!)[0];
  const [label, chosen] = ([['First failure', inState('fail')[0]], ['First without a usable value', inState('incomplete')[0]],
    ['Closest to its bound', closest]] as const).find(([, v]) => v !== undefined) ?? ['', undefined];
  const metric = metrics.find(m => m.name === chosen?.specification.metric);
  if (chosen === undefined || metric === undefined) return null;
  return { label, ...verdictRow(metric, chosen, measurementOf(chosen, measurements), contextOf(result)) };
}

const DIRECTIONS: readonly (readonly [ComparedMetric['change'], string])[] = [
  ['worse', '▼'], ['better', '▲'], ['changed', '◆'], ['same', '='], ['gone', '−'], ['new', '+'], ['redefined', '≠'],
];

interface BaselineView {
  readonly counts: readonly { readonly kind: string; readonly sign: string; readonly n: string; readonly word: string }[];
  readonly when: string;
  readonly named: readonly { readonly text: string; readonly title: string; readonly anchor: string | null }[];
  readonly catalog: string | null;
}

/** Counts in all directions, what got worse by name, and the sources. null without a baseline. */
function baselineView(result: VerificationResult): BaselineView | null {
  const { run: { comparison }, metrics } = result;
  if (comparison === undefined) return null;
  const { changes, baseline, catalog } = comparison;
  const always = new Set(['worse', 'better', 'same']);
  const numberOf = (kind: ComparedMetric['change']): number => changes.filter(c => c.change === kind).length;
  const worst = changes.filter(c => c.change === 'worse' || c.change === 'gone').slice(0, 3);
  const rows = new Map(metricRows(result).map(r => [`${r.name} ${r.keys}`, r.id]));
  return {
    counts: DIRECTIONS.filter(([kind]) => always.has(kind) || numberOf(kind) > 0)
      .map(([kind, sign]) => ({ kind, sign, n: String(numberOf(kind)), word: kind })),
    when: `${baseline.version}, ${baseline.started.slice(0, 16).replace('T', ' ')} UTC`,
    named: worst.map(c => ({
      title: metrics.find(m => m.name === c.metric)?.title ?? c.metric, anchor: rows.get(`${c.metric} ${keysText(c.keys)}`) ?? null,
      text: c.after === null ? 'has no value any more' : `${numberText(c.before ?? NaN)} to ${numberText(c.after)}`,
    })),
    catalog: catalog === null ? null : `${catalog.nGained} gained, ${catalog.nLost} lost, ${catalog.nChanged} changed of ${catalog.nBefore} DIASources`,
  };
}

const CHIPS: readonly (readonly [RowState, string, string])[] = [
  ['fail', 'failing', 'failing'], ['incomplete', 'incomplete', 'incomplete'], ['warn', 'warning', 'warnings'], ['pass', 'passing', 'passing'],
  ['absent', 'without value', 'without value'], ['measured', 'measured only', 'measured only'], ['na', 'not applicable', 'not applicable'],
];

/** How many rows are in each state; what passes is counted apart when it can only warn. */
function counts(result: VerificationResult): { state: string; n: string; text: string }[] {
  const rows = metricRows(result);
  return CHIPS.flatMap(([state, one, many]) => {
    const own = rows.filter(r => r.state === state);
    const soft = state === 'pass' ? own.filter(r => r.severity !== 'gate').length : 0;
    const n = own.length - soft;
    return [
      { state, n: String(n), text: state === 'pass' ? (n === 1 ? 'gate passing' : 'gates passing') : n === 1 ? one : many },
      { state, n: String(soft), text: soft === 1 ? 'warn-only check passing' : 'warn-only checks passing' },
    ];
  }).filter(chip => chip.n !== '0');
}

