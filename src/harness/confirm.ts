/** Confirmation by re-runs: does a gate that closed close again? */
import { keysJson } from './history.ts';
import { isGating } from './judge.ts';
import type { Verdict } from '../model/verification.ts';

/** The specifications, with keys, that close the gate. */
export function closedGates(verdicts: readonly Verdict[]): Verdict[] {
  return verdicts.filter(v => v.status === 'fail' && isGating(v.specification.severity));
}

/**
 * The verdicts of the first run with what the re-runs say. A failure that comes back every time is confirmed. One that
 * comes and goes is neither a failure nor a pass: it is incomplete and counts its failures, so that a retry never hides a
 * metric that flickers. A failure of a re-run alone is counted too.
 */
export function confirmed(first: readonly Verdict[], reruns: readonly (readonly Verdict[])[]): Verdict[] {
  if (reruns.length === 0) return [...first];
  const again = reruns.map(verdicts => new Map(verdicts.map(v => [identity(v), v])));
  return first.map(verdict => {
    const others = again.map(run => run.get(identity(verdict)));
    const failed = [verdict, ...others].filter(v => v?.status === 'fail').length;
    const of = reruns.length + 1;
    if (failed === 0) return verdict;
    const attempts = { failed, of };
    if (failed === of) return { ...verdict, attempts, reason: `${verdict.reason}, in all ${of} runs` };
    return { ...verdict, status: 'incomplete', attempts, reason: `flickers: ${failed} of ${of} runs failed; the first: ${verdict.reason}` };
  });
}

function identity({ specification: { name, keys } }: Verdict): string {
  return `${name} ${keysJson(keys)}`;
}
