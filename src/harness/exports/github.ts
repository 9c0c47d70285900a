/** GitHub Actions: annotations on the lines of the specifications, and the summary of the job. */
import type { Verdict, VerificationResult } from '../../model/verification.ts';
import { isGating } from '../judge.ts';
import { boundText } from '../verdict.ts';
import { factsText } from './verdictFacts.ts';

/** GitHub shows 10 annotations of a kind and step, and refuses a summary of more than 1024 KiB. */
export const MAX_ANNOTATIONS = 10;
export const MAX_SUMMARY_BYTES = 1024 * 1024;

/** Workflow commands, one a line: errors for gates, warnings for warnings, notices for waivers; at most ten of each. */
export function githubAnnotations(result: VerificationResult): string {
  const kinds: readonly (readonly [string, readonly Verdict[]])[] = [
    ['error', result.verdicts.filter(v => isOpen(v) && isGating(v.specification.severity))],
    ['warning', result.verdicts.filter(v => isOpen(v) && v.specification.severity === 'warn')],
    ['notice', result.verdicts.filter(v => v.status === 'waived')],
  ];
  return kinds.flatMap(([kind, verdicts]) => {
    const room = verdicts.length > MAX_ANNOTATIONS ? MAX_ANNOTATIONS - 1 : MAX_ANNOTATIONS;
    const lines = verdicts.slice(0, room).map(v => annotation(kind, v));
    const rest = verdicts.length - lines.length;
    return rest > 0 ? [...lines, `::${kind} title=ap-verify::and ${rest} more, see the report`] : lines;
  }).map(line => `${line}\n`).join('');
}

function isOpen({ status }: Verdict): boolean {
  return status === 'fail' || status === 'incomplete';
}

function annotation(kind: string, v: Verdict): string {
  const [, file = '', line = ''] = /^(.*):(\d+)$/.exec(v.specification.source) ?? [];
  const place = file === '' ? '' : `file=${property(file)},line=${line},`;
  return `::${kind} ${place}title=${property(v.specification.name)}::${data(factsText(v))}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

/** Markdown for `$GITHUB_STEP_SUMMARY`: the sentence, a table of the verdicts (the urgent first), cut to the size limit with a count. */
export function githubSummary(result: VerificationResult): string {
  const { verdict, dataset, pipeline } = result;
  const head = [
    `## ${verdict.exitCode === 0 ? '✅' : verdict.exitCode === 2 ? '⚠️' : '❌'} ${cell(dataset.title)}: ${verdict.status}`, '', cell(verdict.sentence), '',
    `Dataset ${cell(dataset.name)} ${cell(dataset.version)}, pipeline ${cell(pipeline.name)} ${cell(pipeline.version)}.`, '',
    '| verdict | specification | value | bound | margin |', '|---|---|---:|---:|---:|', '',
  ].join('\n');
  const order = ['fail', 'incomplete', 'waived', 'pass', 'note'];
  const rows = [...result.verdicts].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status)).map(row);
  let bytes = Buffer.byteLength(head) + 100;
  const kept = rows.findIndex(text => (bytes += Buffer.byteLength(text)) > MAX_SUMMARY_BYTES);
  const shown = kept < 0 ? rows : rows.slice(0, kept);
  return `${head}${shown.join('')}${shown.length < rows.length ? `\n${rows.length - shown.length} more verdicts are left out.\n` : ''}`;
}

function row({ specification: s, status, value, margin, reason }: Verdict): string {
  const number = (x: number | null): string => (x === null ? '–' : String(Number(x.toPrecision(4))));
  const keys = Object.entries(s.keys).map(([k, v]) => ` ${k}=${v}`).join('');
  const why = status === 'pass' ? '' : `<br>${cell(reason)}`;
  return `| ${status} | ${cell(`${s.name}${keys}`)}${why} | ${number(value)} ${cell(s.unit)} | ${cell(boundText(s))} | ${number(margin)} |\n`;
}

/** Text that neither ends a cell nor becomes markup. */
function cell(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('|', '\\|').replace(/[\r\n]+/g, ' ').replace(/([`*_[\]])/g, '\\$1');
}
