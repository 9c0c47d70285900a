import type { Verdict, VerificationResult } from '../../model/verification.ts';
import { durationText } from '../format.ts';
import { anchorOf, errorsToBound, measurementOf, metricRows, stateOf, verdictRow } from '../rows.ts';
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
    return {
      heading: dataset.title, status: verdict.status, word: WORDS[verdict.status],
      sentence: verdict.sentence.replaceAll('>=', '≥').replaceAll('<=', '≤'), exitCode: String(verdict.exitCode),
      first: firstVerdict(result), next: nextSteps(result), counts: counts(result),
      facts: [
        { term: 'Dataset', text: `${dataset.name} ${dataset.version}` },
        { term: 'Pipeline', text: `${pipeline.name} ${pipeline.version}` },
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
function firstVerdict({ verdict, verdicts, metrics, measurements }: VerificationResult): MetricRow & { label: string } | null {
  if (verdict.status === 'pipeline-failed') return null;
  const inState = (state: RowState): Verdict[] => verdicts.filter(v => stateOf(v) === state);
  const closest = inState('pass').filter(v => closeness(v) !== null).sort((a, b) => closeness(a)! - closeness(b)!)[0];
  const [label, chosen] = ([['First failure', inState('fail')[0]], ['First without a usable value', inState('incomplete')[0]],
    ['Closest to its bound', closest]] as const).find(([, v]) => v !== undefined) ?? ['', undefined];
  const metric = metrics.find(m => m.name === chosen?.specification.metric);
  if (chosen === undefined || metric === undefined) return null;
  return { label, ...verdictRow(metric, chosen, measurementOf(chosen, measurements)) };
}

/** Margin in units of the error on the side of the bound, as the table shows it. null without an interval. */
function closeness(verdict: Verdict): number | null {
  return errorsToBound(verdict);
}

const CHIPS: readonly (readonly [RowState, string, string])[] = [
  ['fail', 'failing', 'failing'], ['incomplete', 'incomplete', 'incomplete'], ['warn', 'warning', 'warnings'], ['pass', 'passing', 'passing'],
  ['absent', 'without value', 'without value'], ['measured', 'measured only', 'measured only'], ['na', 'not applicable', 'not applicable'],
];

function counts(result: VerificationResult): { state: string; n: string; text: string }[] {
  const rows = metricRows(result);
  return CHIPS.map(([state, one, many]) => {
    const n = rows.filter(r => r.state === state).length;
    return { state, n: String(n), text: n === 1 ? one : many };
  }).filter(chip => chip.n !== '0');
}

interface Step {
  readonly text: string;
  readonly link: string | null;
  readonly linkText: string;
}

/** What a reader should do about the verdict, most urgent first. */
function nextSteps(result: VerificationResult): Step[] {
  if (result.verdict.status === 'pipeline-failed') {
    return [
      step('Mend what broke the first failed quantum; its message is in', '#failures', 'the list of failures'),
      step('Run the same command again: what is done is reused, and the run goes on where it stopped.'),
    ];
  }
  const urgent = result.verdicts.filter(v => ['fail', 'incomplete'].includes(stateOf(v)));
  if (urgent.length === 0) {
    return [
      step('Nothing has to be done.'),
      ...result.cutouts.length > 0 ? [step('Look through', '#cutouts', 'the strongest detections')] : [],
      ...result.verdicts.filter(v => stateOf(v) === 'warn').slice(0, 2).map(v => adviceOn(v, result)),
    ];
  }
  return urgent.sort((a, b) => rank(a) - rank(b)).slice(0, 3).map(v => adviceOn(v, result));
}

function rank(v: Verdict): number {
  return v.status === 'fail' ? 0 : 1;
}

function adviceOn(verdict: Verdict, { metrics }: VerificationResult): Step {
  const { metric: name } = verdict.specification;
  const metric = metrics.find(m => m.name === name);
  const title = metric?.title ?? name;
  const text = verdict.status === 'incomplete' ? `${title} has no usable value (${verdict.reason}); absence is not a pass. See`
    : `${title}: ${meaning(metric?.description ?? '')} See`;
  return step(text, `#${anchorOf(name)}`, 'how it is measured');
}

/** The part of a description that says what a bad value means: everything after the first sentence. */
function meaning(description: string): string {
  const rest = description.replace(/^.*?[.!?](?=\s|$)\s*/, '');
  return rest === '' ? description : rest;
}

function step(text: string, link: string | null = null, linkText = ''): Step {
  return { text, link, linkText };
}
