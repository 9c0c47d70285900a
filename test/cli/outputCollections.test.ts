import { expect } from 'chai';
import type { Repository } from '../../src/butler/repository.ts';
import { planOutputs } from '../../src/cli/outputCollections.ts';
import type { OutputPlan, OutputRequest } from '../../src/cli/outputCollections.ts';
import { expectError, simRepository, temporaryFolder } from '../butler/fixtures.ts';

const NOTHING: OutputRequest = { inputs: [], extendRun: false, replaceRun: false, rebase: false, timestamp: 'T2' };

describe('collections of a pipetask run', () => {
  let repository: Repository;
  beforeEach(() => {
    repository = simRepository(temporaryFolder());
    for (const run of ['raw', 'calib', 'refcats', 'out/T1']) repository.registerRun(run);
    repository.registerChain('defaults', ['raw', 'calib']);
  });
  afterEach(() => { repository.close(); });
  const plan = (changes: Partial<OutputRequest>): OutputPlan => planOutputs(repository, { ...NOTHING, ...changes });
  const withChain = (): void => { repository.registerChain('out', ['out/T1', 'raw', 'calib']); };

  it('-o makes a chain of a new run and the flattened inputs', () => {
    expect(plan({ inputs: ['defaults', 'refcats', 'raw'], output: 'out' })).to.deep.equal({
      run: 'out/T2', chain: { name: 'out', children: ['out/T2', 'raw', 'calib', 'refcats'] }, search: ['raw', 'calib', 'refcats'], replaced: null,
    });
  });

  it('a chain that exists keeps its inputs and its earlier runs, which are searched', () => {
    withChain();
    const chain = { name: 'out', children: ['out/T2', 'out/T1', 'raw', 'calib'] };
    const expected = { run: 'out/T2', chain, search: ['out/T1', 'raw', 'calib'], replaced: null };
    expect(plan({ output: 'out' })).to.deep.equal(expected);
    expect(plan({ output: 'out', inputs: ['defaults'] })).to.deep.equal(expected);
  });

  it('--extend-run goes on in the first run, --replace-run takes its place, --output-run names it', () => {
    withChain();
    expect(plan({ output: 'out', extendRun: true })).to.deep.equal({
      run: 'out/T1', chain: { name: 'out', children: ['out/T1', 'raw', 'calib'] }, search: ['out/T1', 'raw', 'calib'], replaced: null,
    });
    const replacing = plan({ output: 'out', replaceRun: true });
    expect(replacing.chain!.children).to.deep.equal(['out/T2', 'raw', 'calib']);
    expect(replacing.replaced).to.equal('out/T1');
    expect(plan({ output: 'out', outputRun: 'mine' })).to.deep.include({ run: 'mine', search: ['out/T1', 'raw', 'calib'] });
    expect(plan({ inputs: ['raw'], outputRun: 'mine' })).to.deep.equal({ run: 'mine', chain: null, search: ['raw'], replaced: null });
    expect(plan({ inputs: ['raw'], outputRun: 'out/T1', extendRun: true })).to.deep.equal({
      run: 'out/T1', chain: null, search: ['out/T1', 'raw'], replaced: null,
    });
  });

  it('--rebase gives a chain other inputs', () => {
    withChain();
    expect(plan({ output: 'out', inputs: ['refcats'], rebase: true }).chain!.children).to.deep.equal(['out/T2', 'out/T1', 'refcats']);
  });

  const refused: readonly (readonly [string, Partial<OutputRequest>, 'COLLECTION' | 'USAGE', RegExp])[] = [
    ['a new chain without inputs', { output: 'new' }, 'USAGE', /no input collection/],
    ['nothing at all', {}, 'USAGE', /no input collection/],
    ['an unknown input', { output: 'new', inputs: ['nope'] }, 'COLLECTION', /nope.*calib/],
    ['other inputs for a chain', { output: 'out', inputs: ['refcats'] }, 'COLLECTION', /--rebase/],
    ['a chain that is a run', { output: 'raw', inputs: ['calib'] }, 'COLLECTION', /CHAINED/],
    ['a run that exists', { outputRun: 'out/T1', inputs: ['raw'] }, 'COLLECTION', /--extend-run/],
    ['extending what is not there', { outputRun: 'none', inputs: ['raw'], extendRun: true }, 'COLLECTION', /a run to extend/],
    ['extending a chain without a run', { output: 'defaults', extendRun: true }, 'COLLECTION', /a run to extend/],
    ['replacing without a chain', { outputRun: 'x', inputs: ['raw'], replaceRun: true }, 'USAGE', /--replace-run/],
  ];
  for (const [name, changes, code, message] of refused) {
    it(`refuses ${name}`, () => {
      withChain();
      expectError(() => plan(changes), code, message);
    });
  }
});
