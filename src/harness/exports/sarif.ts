/** Breaches as SARIF 2.1.0, the form that code scanning reads. */
import { createHash } from 'node:crypto';
import type { Verdict, VerificationResult } from '../../model/verification.ts';
import { keysJson } from '../history.ts';
import { isGating } from '../judge.ts';
import { boundText } from '../verdict.ts';
import { factsText } from './verdictFacts.ts';

/** GitHub refuses more than 25,000 results in a run and shows the first 5,000. */
export const MAX_RESULTS = 5000;

/**
 * One run; a rule for each specification, a result for each verdict that is no pass. The gravest come first, and when there
 * are too many the rest is told as a notification. The fingerprint does not hold the value, so that the same breach is the
 * same alert tomorrow.
 */
export function sarifText(result: VerificationResult, toolVersion: string): string {
  const breaches = result.verdicts.filter(v => v.status === 'fail' || v.status === 'incomplete' || v.status === 'waived')
    .sort((a, b) => LEVELS.indexOf(levelOf(a)) - LEVELS.indexOf(levelOf(b)));
  const shown = breaches.slice(0, MAX_RESULTS);
  const rules = [...new Map(result.verdicts.map(v => [v.specification.name, v])).values()];
  const index = new Map(rules.map((v, k) => [v.specification.name, k]));
  return `${JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0',
    runs: [{
      tool: {
        driver: {
          name: 'ap-verify', version: toolVersion, semanticVersion: toolVersion,
          rules: rules.map(({ specification: s }) => ({
            id: s.name, shortDescription: { text: `${s.metric} ${boundText(s)}` }, defaultConfiguration: { level: isGating(s.severity) ? 'error' : s.severity === 'warn' ? 'warning' : 'note' },
            properties: { tags: [...s.tags] },
          })),
        },
      },
      automationDetails: { id: `${result.dataset.name}/${result.pipeline.name}/` },
      invocations: [{
        executionSuccessful: result.verdict.exitCode < 3, exitCode: result.verdict.exitCode, startTimeUtc: result.run.started,
        toolExecutionNotifications: breaches.length > shown.length
          ? [{ level: 'warning', message: { text: `${breaches.length - shown.length} further breaches are left out` } }] : [],
      }],
      results: shown.map(v => resultOf(v, index.get(v.specification.name)!, result)),
    }],
  }, null, 1)}\n`;
}

const LEVELS = ['error', 'warning', 'note'] as const;

function levelOf({ specification, status }: Verdict): (typeof LEVELS)[number] {
  if (status === 'waived' || specification.severity === 'note') return 'note';
  return isGating(specification.severity) ? 'error' : 'warning';
}

function resultOf(v: Verdict, ruleIndex: number, { dataset }: VerificationResult): unknown {
  const { specification: s } = v;
  const [, file = s.source, line = '1'] = /^(.*):(\d+)$/.exec(s.source) ?? [];
  return {
    ruleId: s.name, ruleIndex, level: levelOf(v), kind: 'fail', message: { text: factsText(v) },
    locations: [{ physicalLocation: { artifactLocation: { uri: encodeURI(file) }, region: { startLine: Math.max(1, Number(line)) } } }],
    partialFingerprints: { 'specification/v1': createHash('sha256').update(`${dataset.name} ${s.name} ${keysJson(s.keys)}`).digest('hex') },
    ...(v.status === 'waived' && { suppressions: [{ kind: 'external', status: 'accepted', justification: v.waiver!.reason }] }),
  };
}
