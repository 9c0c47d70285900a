/** What a reader should do about a verdict. */
import type { Verdict, VerificationResult } from '../model/verification.ts';
import { anchorOf, stateOf } from './rows.ts';

export interface Step {
  readonly text: string;
  readonly link: string | null;
  readonly linkText: string;
}

/** Most urgent first, at most three. */
export function nextSteps(result: VerificationResult): Step[] {
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
