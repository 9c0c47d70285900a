/** `ap-verify lint | explain | propose-bounds | accept | waive`: the care of metrics, specifications and baselines. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { parseDocument, stringify } from 'yaml';
import { acceptResult, readBaseline } from '../../harness/baseline.ts';
import { openPackage } from '../../harness/datasetPackage.ts';
import { explain } from '../../harness/explain.ts';
import type { HistoryValue } from '../../harness/history.ts';
import { lint } from '../../harness/lint.ts';
import type { Finding } from '../../harness/lint.ts';
import { loadSpecifications } from '../../harness/loadSpecifications.ts';
import type { Requirement, Requirements } from '../../harness/measure.ts';
import { pipelineMetrics } from '../../harness/pipelineMetrics.ts';
import { boundsYaml, proposeBound } from '../../harness/proposeBounds.ts';
import { loadWaivers } from '../../harness/waivers.ts';
import { openWorkspace, writeFileAtomic } from '../../harness/workspace.ts';
import { ApError } from '../../model/errors.ts';
import type { Specification } from '../../model/specification.ts';
import type { Metric } from '../../model/verification.ts';
import { HOME, packagePath } from '../installation.ts';
import { FACTS, withHistory } from '../judging.ts';
import type { Outcome } from '../main.ts';
import { positiveNumber, several } from '../optionValues.ts';
import { readRunRecord } from '../runRecord.ts';
import { allMeasures, loadAllDefinitions } from '../verification.ts';
import { existingWorkspace, storedResult } from './report.ts';

const today = (): string => new Date().toISOString().slice(0, 10);

/** Adds the commands to the program. */
export function addSpecificationCommands(program: Command, outcome: Outcome): void {
  addLint(program, outcome);
  program.command('explain <metric>')
    .description('what a metric is, how it is computed, its bounds, and what it was in a workspace')
    .option('-w, --workspace <folder>', 'workspace with a result and a history')
    .action((name: string, options: { workspace?: string }) => { process.stdout.write(explained(name, options.workspace)); });
  program.command('propose-bounds <history>')
    .description('specifications from repeated runs of the unchanged pipeline, as YAML')
    .option('--dataset <name>', 'runs of this dataset only')
    .option('--metric <name>', 'this metric only (repeatable)', several, [])
    .option('--false-alarms <p>', 'probability that one more run breaks a bound', positiveNumber, 0.001)
    .action((file: string, options: ProposeOptions) => { process.stdout.write(proposals(file, options)); });
  program.command('accept <workspace>')
    .description('make the result of a run the baseline of its dataset, with a reason')
    .requiredOption('--reason <text>', 'why these values are right')
    .requiredOption('--owner <name>', 'who says so')
    .option('--metric <name>', 'this metric only (repeatable); the others keep their old values', several, [])
    .option('-o, --output <file>', 'the baseline file (default: baseline.json of the dataset)')
    .action((folder: string, options: AcceptOptions) => { accept(folder, options); });
  program.command('waive <dataset> <specification>')
    .description('answer for a specification that closes the gate, for a time')
    .requiredOption('--owner <name>', 'who answers for it')
    .requiredOption('--reason <text>', 'why it may pass')
    .requiredOption('--until <yyyy-mm-dd>', 'last day')
    .option('--ticket <id>', 'where it is followed up')
    .option('--accept <value>', 'for values that are no worse than this', Number)
    .action((dataset: string, specification: string, options: WaiveOptions) => { addWaiver(dataset, specification, options); });
}

interface LintOptions {
  readonly against?: string;
  readonly pipeline: readonly string[];
  readonly waivers: readonly string[];
  readonly specs: readonly string[];
  readonly strict?: true;
  readonly json?: true;
}

function addLint(program: Command, outcome: Outcome): void {
  program.command('lint [datasets...]')
    .description('check metrics, specifications and waivers: of every package at hand, or of the named ones')
    .option('--against <revision>', 'git revision; tells which bounds became looser since')
    .option('--pipeline <file>', 'pipeline of metric tasks: every metric that it names must be defined (repeatable)', several, [])
    .option('--specs <file>', 'further specifications (repeatable)', several, [])
    .option('--waivers <file>', 'further waivers (repeatable)', several, [])
    .option('--strict', 'warnings are errors')
    .option('--json', 'findings as JSON')
    .action((names: readonly string[], options: LintOptions) => { outcome.exitCode = lintAll(names, options); });
}

function lintAll(names: readonly string[], options: LintOptions): number {
  const homes = names.length > 0 ? names.map(name => openPackage(name, packagePath()).root)
    : readdirSync(path.join(HOME, 'datasets'), { withFileTypes: true }).filter(d => d.isDirectory()).map(d => path.join(HOME, 'datasets', d.name));
  const claimed = options.pipeline.flatMap(file => pipelineMetrics({ path: file, text: readFile(file) }));
  const seen = new Map<string, Finding>();
  let nSpecifications = 0;
  for (const home of homes) {
    const { metrics, specifications, waivers } = loadAllDefinitions(home, options.specs, options.waivers);
    nSpecifications += specifications.length;
    const earlier = options.against === undefined ? [] : earlierSpecifications(home, options.against, metrics);
    const findings = lint({
      metrics, specifications, waivers, earlier, claimed,
      measured: allMeasures(metrics).map(m => m.metric), facts: [...FACTS, ...KEYS], date: today(),
    });
    for (const finding of findings) seen.set(JSON.stringify(finding), finding);
  }
  // A metric that one dataset leaves alone and another judges is not without a specification.
  const judged = new Set(homes.flatMap(home => loadAllDefinitions(home, options.specs).specifications.map(s => s.metric)));
  const findings = [...seen.values()].filter(f => f.rule !== 'metric-without-specification' || !judged.has(f.message.split(' ')[0]!));
  if (options.json === true) process.stdout.write(`${JSON.stringify(findings, null, 1)}\n`);
  else for (const f of findings) process.stdout.write(`${f.severity.padEnd(8)} ${f.rule.padEnd(29)} ${f.where === '' ? '' : `${f.where}: `}${f.message}\n`);
  const count = (severity: string): number => findings.filter(f => f.severity === severity).length;
  process.stderr.write(`${homes.length} datasets, ${nSpecifications} specifications: ${count('error')} errors, ${count('warning')} warnings, ${count('note')} notes\n`);
  return count('error') > 0 || (options.strict === true && count('warning') > 0) ? 4 : 0;
}

/** Keys of measurements that `when` may ask for. */
const KEYS = ['band', 'task', 'visit', 'detector', 'mag', 'instrument', 'dataset_name', 'filter_name'];

function earlierSpecifications(home: string, revision: string, metrics: readonly Metric[]): Specification[] {
  const files = [path.join(HOME, 'metrics', 'specs', 'common.yaml'), path.join(home, 'specs.yaml')];
  const texts = files.flatMap(file => {
    const inside = path.relative(HOME, file);
    try {
      const text = execFileSync('git', ['-C', HOME, 'show', `${revision}:${inside}`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return [{ path: `${revision}:${inside}`, text }];
    } catch {
      return [];
    }
  });
  if (texts.length === 0) throw new ApError('BAD_CONFIG', { where: '--against', found: `revision '${revision}'`, expected: 'a git revision with specifications' });
  return loadSpecifications(texts, metrics, texts.flatMap(({ text }) => [...text.matchAll(/metric: *([\w.]+)/g)].map(match => match[1]!)));
}

function explained(name: string, folder: string | undefined): string {
  const workspace = folder === undefined ? null : existingWorkspace(folder);
  const { metrics, specifications } = loadAllDefinitions(workspace === null ? null : readRunRecord(workspace).datasetHome, []);
  const history = workspace === null ? [] : withHistory(path.join(workspace.root, 'history.sqlite3'), h => h.values(name, 20));
  const measure = allMeasures(metrics).find(m => m.metric === name);
  return explain(name, {
    metrics, specifications, requires: measure === undefined ? null : Object.values(measure.requires as Requirements).map(requirementText),
    result: workspace === null ? null : storedResult(workspace), history,
  });
}

function requirementText(requirement: Requirement): string {
  if (!('digest' in requirement)) return requirement.name;
  return `${requirement.digest} (${Object.values(requirement.inputs).map(t => t.name).join(', ')})`;
}

interface ProposeOptions {
  readonly dataset?: string;
  readonly metric: readonly string[];
  readonly falseAlarms: number;
}

function proposals(file: string, { dataset, metric: wanted, falseAlarms }: ProposeOptions): string {
  if (!existsSync(file)) throw new ApError('FILE_NOT_FOUND', { where: file, expected: 'a history of runs' });
  const { metrics } = loadAllDefinitions(null, []);
  const proposed = withHistory(file, history => metrics.filter(m => wanted.length === 0 || wanted.includes(m.name)).flatMap(metric => {
    const values = history.series({ metrics: [metric.name], limit: 10_000 })
      .filter(v => v.status === 'ok' && v.definitionHash === metric.definitionHash && (dataset === undefined || v.run.dataset === dataset));
    return [...Map.groupBy(values, v => JSON.stringify(v.keys)).values()].flatMap(series => {
      const { keys } = series[0]!;
      const repeated = { metric: metric.name, keys, values: series.map(valueOf), intervals: series.map(v => v.interval) };
      const bound = proposeBound(repeated, metric.direction, falseAlarms);
      return bound === null ? [] : [bound];
    });
  }));
  if (proposed.length === 0) throw new ApError('BAD_CONFIG', { where: file, found: 'no metric with three runs or more', expected: 'repeated runs of one dataset' });
  return boundsYaml(proposed, metrics, falseAlarms);
}

function valueOf({ value }: HistoryValue): number {
  return value!;
}

interface AcceptOptions {
  readonly reason: string;
  readonly owner: string;
  readonly metric: readonly string[];
  readonly output?: string;
}

function accept(folder: string, { reason, owner, metric, output }: AcceptOptions): void {
  const workspace = openWorkspace(folder);
  const file = output ?? path.join(readRunRecord(workspace).datasetHome, 'baseline.json');
  const before = existsSync(file) ? readBaseline(readFile(file), file) : null;
  const after = acceptResult(before, storedResult(workspace), { owner, reason, metrics: metric, at: new Date().toISOString() });
  writeFileAtomic(file, `${JSON.stringify(after, null, 1)}\n`);
  const { changes } = after.accepted[0]!;
  for (const { metric: name, keys, before: old, after: now } of changes) {
    process.stdout.write(`${name}${Object.entries(keys).map(([k, v]) => ` ${k}=${v}`).join('')}: ${old ?? 'nothing'} -> ${now ?? 'nothing'}\n`);
  }
  process.stdout.write(`${file}: ${changes.length} values changed; accepted by ${owner}: ${reason}\n`);
}

interface WaiveOptions {
  readonly owner: string;
  readonly reason: string;
  readonly until: string;
  readonly ticket?: string;
  readonly accept?: number;
}

function addWaiver(dataset: string, specification: string, { owner, reason, until, ticket, accept: level }: WaiveOptions): void {
  const { root, manifest } = openPackage(dataset, packagePath());
  const { specifications } = loadAllDefinitions(root, []);
  if (!specifications.some(s => s.name === specification)) {
    throw new ApError('BAD_SPECIFICATION', { found: specification, expected: specifications.map(s => s.name).join(', ') });
  }
  const file = path.join(root, 'waivers.yaml');
  const document = parseDocument(existsSync(file) ? readFile(file) : stringify({ format: 'ap-verify-waivers/1', waivers: [] }));
  document.addIn(['waivers'], document.createNode({
    spec: specification, dataset: manifest.name, owner, reason, ...(ticket !== undefined && { ticket }), created: today(), expires: until,
    ...(level !== undefined && { accept: level }),
  }));
  const text = document.toString();
  loadWaivers([{ path: file, text }]);
  writeFileAtomic(file, text);
  process.stdout.write(`${file}: ${specification} is waived until ${until}\n`);
}

function readFile(file: string): string {
  if (!existsSync(file)) throw new ApError('FILE_NOT_FOUND', { where: file });
  return readFileSync(file, 'utf8');
}
