/** Where a run of `pipetask` reads and writes: chain, RUN and inputs from `-i`, `-o` and `--output-run` (interop 2.4). */
import type { Repository } from '../butler/repository.ts';
import { flattened } from '../harness/graphCatalog.ts';
import { ApError } from '../model/errors.ts';

export interface OutputRequest {
  readonly inputs: readonly string[];
  readonly output?: string | undefined;
  readonly outputRun?: string | undefined;
  readonly extendRun: boolean;
  readonly replaceRun: boolean;
  readonly rebase: boolean;
  /** Name of a new run below the output chain, `YYYYMMDDThhmmssZ`. */
  readonly timestamp: string;
}

export interface OutputPlan {
  /** RUN collection of the outputs; null: nothing is written (the graph is only looked at). */
  readonly run: string | null;
  /** CHAINED collection that will begin with the run. */
  readonly chain: { readonly name: string; readonly children: readonly string[] } | null;
  /** The run whose place the new one takes; null: none. */
  readonly replaced: string | null;
  /** Collections that are searched for inputs, flattened. */
  readonly search: readonly string[];
}

/**
 * `-o OUT`: the chain OUT with a new RUN `OUT/<timestamp>` first, then its earlier runs, then the flattened inputs. An OUT that
 * exists keeps its inputs; other ones are refused unless `rebase`. `extendRun` writes into the first run of OUT (or into the
 * existing `--output-run`), `replaceRun` puts the new run in the place of the first one, which stays as it is.
 * @throws ApError COLLECTION, USAGE.
 */
export function planOutputs(repository: Repository, request: OutputRequest): OutputPlan {
  const { output, outputRun, extendRun } = request;
  const given = flattened(repository, known(repository, request.inputs));
  if (output === undefined) {
    if (request.replaceRun) throw new ApError('USAGE', { found: '--replace-run without -o', expected: 'an output chain' });
    if (outputRun !== undefined) checkRun(repository, outputRun, extendRun);
    if (given.length === 0) throw noInputs();
    return { run: outputRun ?? null, chain: null, replaced: null, search: withRun(given, extendRun ? outputRun : undefined) };
  }
  const { runs, inputs } = priorOf(repository, request, output, given);
  if (extendRun) {
    const run = outputRun ?? runs[0];
    if (run === undefined) throw new ApError('COLLECTION', { where: output, found: 'no run', expected: 'a run to extend' });
    checkRun(repository, run, true);
    const children = [run, ...[...runs, ...inputs].filter(name => name !== run)];
    return { run, chain: { name: output, children }, replaced: null, search: children };
  }
  const kept = request.replaceRun ? runs.slice(1) : runs;
  const run = outputRun ?? `${output}/${request.timestamp}`;
  checkRun(repository, run, false);
  const replaced = request.replaceRun ? runs[0] ?? null : null;
  return { run, chain: { name: output, children: [run, ...kept, ...inputs] }, replaced, search: [...kept, ...inputs] };
}

interface Prior {
  /** Runs of the chain below its own name, newest first. */
  readonly runs: readonly string[];
  readonly inputs: readonly string[];
}

/** What the chain has, or the inputs given for a new one. */
function priorOf(repository: Repository, { rebase }: OutputRequest, output: string, given: readonly string[]): Prior {
  const existing = repository.collections().find(({ name }) => name === output);
  if (existing === undefined) {
    if (given.length === 0) throw noInputs();
    return { runs: [], inputs: given };
  }
  if (existing.type !== 'CHAINED') {
    throw new ApError('COLLECTION', { where: output, found: existing.type, expected: 'a CHAINED collection', todo: 'give another -o' });
  }
  const runs = existing.children.filter(name => name.startsWith(`${output}/`));
  const inputs = existing.children.filter(name => !runs.includes(name));
  if (given.length === 0 || given.join() === inputs.join()) return { runs, inputs };
  if (rebase) return { runs, inputs: given };
  throw new ApError('COLLECTION', {
    where: output, found: `inputs ${given.join(', ')}`, expected: inputs.join(', '),
    todo: 'leave -i out, give another -o, or give --rebase',
  });
}

function known(repository: Repository, names: readonly string[]): readonly string[] {
  const all = new Set(repository.collections().map(({ name }) => name));
  const unknown = names.filter(name => !all.has(name));
  if (unknown.length === 0) return names;
  throw new ApError('COLLECTION', { where: '-i', found: unknown.join(', '), expected: [...all].sort().join(', ') });
}

function checkRun(repository: Repository, run: string, mayExist: boolean): void {
  const existing = repository.collections().find(({ name }) => name === run);
  if (existing === undefined) {
    if (mayExist) throw new ApError('COLLECTION', { found: `no run '${run}'`, expected: 'a run to extend' });
    return;
  }
  if (existing.type !== 'RUN') throw new ApError('COLLECTION', { where: run, found: existing.type, expected: 'a RUN collection' });
  if (!mayExist) {
    throw new ApError('COLLECTION', { where: run, found: 'a run that exists', expected: 'a new run', todo: 'give --extend-run, or another run' });
  }
}

function withRun(inputs: readonly string[], run: string | undefined): readonly string[] {
  return run === undefined ? inputs : [run, ...inputs.filter(name => name !== run)];
}

function noInputs(): ApError {
  return new ApError('USAGE', { found: 'no input collection', expected: '-i, or -o of a chain that exists' });
}
