/** junit.xml for CI systems: one test case a specification. */
import type { Verdict, VerificationResult } from '../../model/verification.ts';
import { isGating } from '../judge.ts';
import { boundText } from '../verdict.ts';

/**
 * A suite named after dataset and pipeline; a case for each verdict. A failing gate is a `failure`, an
 * incomplete one an `error`; what does not gate (warnings, notes, not applicable) is `skipped` with its reason.
 */
export function junitXml(result: VerificationResult): string {
  const cases = result.verdicts.map(v => ({ verdict: v, outcome: outcomeOf(v) }));
  const number = (outcome: Outcome): number => cases.filter(c => c.outcome === outcome).length;
  const attributes = [
    attribute('name', `${result.dataset.name} / ${result.pipeline.name}`), attribute('tests', cases.length),
    attribute('failures', number('failure')), attribute('errors', number('error')), attribute('skipped', number('skipped')),
    attribute('time', result.run.seconds.toFixed(3)), attribute('timestamp', result.run.started),
  ].join('');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite${attributes}>`,
    '    <properties>',
    ...properties(result).map(([name, value]) => `      <property${attribute('name', name)}${attribute('value', value)}/>`),
    '    </properties>',
    ...cases.map(({ verdict, outcome }) => testCase(verdict, outcome)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

type Outcome = 'passed' | 'failure' | 'error' | 'skipped';

function outcomeOf({ status, specification }: Verdict): Outcome {
  if (status === 'pass') return 'passed';
  if (status === 'note' || status === 'waived' || !isGating(specification.severity)) return 'skipped';
  return status === 'fail' ? 'failure' : 'error';
}

function properties({ dataset, pipeline, verdict }: VerificationResult): [string, string][] {
  return [
    ['dataset.version', dataset.version], ['pipeline.version', pipeline.version], ['pipeline.configHash', pipeline.configHash],
    ['verdict', verdict.status], ['exitCode', String(verdict.exitCode)],
  ];
}

function testCase(verdict: Verdict, outcome: Outcome): string {
  const { specification: s } = verdict;
  const keys = Object.entries(s.keys).map(([k, v]) => ` ${k}=${v}`).join('');
  const open = `    <testcase${attribute('classname', s.metric)}${attribute('name', `${s.name}${keys}`)}${attribute('file', s.source.replace(/:\d+$/, ''))}`;
  if (outcome === 'passed') return `${open}/>`;
  const message = outcome === 'failure' ? factsOf(verdict) : `${verdict.status}: ${verdict.reason}`;
  const body = outcome === 'skipped'
    ? `<skipped${attribute('message', message)}/>`
    : `<${outcome}${attribute('message', message)}${attribute('type', s.severity)}>${escape(`${factsOf(verdict)}\n${s.source}`)}</${outcome}>`;
  return `${open}>\n      ${body}\n    </testcase>`;
}

function factsOf({ specification, value, interval, n, margin, reason }: Verdict): string {
  const number = (x: number): string => String(Number(x.toPrecision(6)));
  return [
    `observed ${value === null ? 'nothing' : number(value)}`,
    interval === null ? null : `interval ${number(interval[0])} .. ${number(interval[1])}`,
    n === null ? null : `n ${n}`, `bound ${boundText(specification)}`, margin === null ? null : `margin ${number(margin)}`, reason,
  ].filter(part => part !== null).join('; ');
}

function attribute(name: string, value: string | number): string {
  return ` ${name}="${escape(String(value))}"`;
}

/** XML 1.0 text: the five entities, and characters that XML does not allow become U+FFFD. */
function escape(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;').replaceAll('\t', '&#9;').replaceAll('\r', '&#13;');
}
