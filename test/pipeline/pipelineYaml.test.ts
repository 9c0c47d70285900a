import { expect } from 'chai';
import { ApError } from '../../src/model/errors.ts';
import { applyConfigFiles, applyOverrides, loadPipeline } from '../../src/pipeline/pipelineYaml.ts';
import { resolvePipeline } from '../../src/pipeline/resolvePipeline.ts';
import type { ResolveOptions, ResolvedPipeline } from '../../src/pipeline/resolvePipeline.ts';
import { TOY_YAML, toyPipeline, toyTasks } from './toys.ts';

type Files = Readonly<Record<string, string>>;

function readFrom(files: Files): (location: string) => string {
  return location => {
    const text = files[location];
    if (text === undefined) throw new ApError('FILE_NOT_FOUND', { where: location });
    return text;
  };
}

interface Loading extends ResolveOptions {
  readonly set?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
}

function load(files: Files, uri = 'p.yaml', { set = [], variables = {}, ...options }: Loading = {}): ResolvedPipeline {
  const { ir, selection } = loadPipeline(uri, { readText: readFrom(files), variables });
  return resolvePipeline(applyOverrides(ir, set), toyTasks, { selection, ...options });
}

const labels = (pipeline: ResolvedPipeline): string[] => pipeline.tasks.map(({ label }) => label);
const configOf = (pipeline: ResolvedPipeline, label: string): Readonly<Record<string, unknown>> =>
  pipeline.tasks.find(task => task.label === label)!.config;
const clean = (config: string): string =>
  `description: d\ntasks:\n  clean:\n    class: CleanTask\n    config:\n${config.split('\n').map(line => `      ${line}`).join('\n')}\n`;

describe('pipeline YAML: what is refused, and where', () => {
  const rows: readonly (readonly [string, string | Files, RegExp])[] = [
    ['duplicate label', 'description: d\ntasks:\n  clean: CleanTask\n  clean: CleanTask\n', /p\.yaml:4:3.*duplicate key 'clean'/],
    ['duplicate config key', clean('offset: 1\nmode: fast\noffset: 2'), /p\.yaml:8:7.*duplicate key 'offset'/],
    ['duplicate top-level key', 'description: d\ntasks: {}\ndescription: e\n', /p\.yaml:3:1.*duplicate key 'description'/],
    ['duplicate key in flow mapping', 'description: d\ntasks: {clean: {class: CleanTask, class: X}}\n', /p\.yaml:2:35.*'class'/],
    ['not YAML', 'description: [d\n', /p\.yaml:\d+:\d+/],
    ['not a mapping', '- a\n', /p\.yaml:1:1.*a list.*expected: a mapping/],
    ['no description', 'tasks: {clean: CleanTask}\n', /no 'description'/],
    ['neither tasks nor imports', 'description: d\n', /neither 'tasks' nor 'imports'/],
    ['subset without s', 'description: d\ntasks: {clean: CleanTask}\nsubset: {}\n', /p\.yaml:3:1.*with an s/],
    ['inherits', 'description: d\ninherits: x.yaml\ntasks: {}\n', /p\.yaml:2:1.*imports/],
    ['reserved label', 'description: d\ntasks:\n  parameters: CleanTask\n', /p\.yaml:3:3.*'parameters'/],
    ['task without class', 'description: d\ntasks:\n  clean: {config: {offset: 1}}\n', /without 'class'/],
    ['unknown task key', 'description: d\ntasks:\n  clean: {class: CleanTask, confg: {}}\n', /'confg'.*did you mean 'config'/],
    ['unknown class', 'description: d\ntasks:\n  clean: lsst.x.CleenTask\n', /p\.yaml:3:3.*'CleenTask'.*one of.*CleanTask.*did you mean 'CleanTask'/],
    ['unknown field', clean('ofset: 1'), /p\.yaml:6:7.*'ofset'.*did you mean 'offset'/],
    ['unknown connection', clean('connections.rew: x'), /p\.yaml:6:7.*'rew'.*did you mean 'raw'/],
    ['unknown dataset type', clean('connections.raw: raww'), /p\.yaml:6:7.*'raww'.*did you mean 'raw'/],
    ['dataset type of another class', clean('connections.raw: raw'), /RawFits.*expected: StructuredDataDict/],
    ['wrong type: number', clean('offset: fast'), /p\.yaml:6:7.*offset = "fast".*a number/],
    ['wrong type: boolean', clean('doFlat: 1'), /doFlat = 1.*true or false/],
    ['wrong type: list item', clean('weights: [1, x]'), /weights.*a list, each item a number/],
    ['out of bounds', clean('offset: 101'), /offset = 101.*at most 100/],
    ['not a number where one is bounded', clean('offset: .nan'), /at least 0/],
    ['not a choice', clean('mode: medium'), /one of fast, slow/],
    ['python block', clean('python: |\n  config.offset = 2'), /p\.yaml:6:7.*'python' config block.*field: value/],
    ['dataId block', clean('dataId: {visit: 1}'), /dataId/],
    ['instrument list', 'description: d\ninstrument: [a, b]\ntasks: {clean: CleanTask}\n', /instrument: a list.*a string/],
    ['subset of unknown task', 'description: d\ntasks: {clean: CleanTask}\nsubsets: {a: [clen]}\n', /'clen'.*did you mean 'clean'/],
    ['subset named as a task', 'description: d\ntasks: {clean: CleanTask}\nsubsets: {clean: [clean]}\n', /no task label/],
    ['step of unknown subset', 'description: d\ntasks: {clean: CleanTask}\nsteps:\n  - {label: s, dimensions: [visit]}\n', /subset in a step 's'/],
    ['two producers', 'description: d\ntasks: {a: CleanTask, b: CleanTask}\n', /'toy_clean' made by 'a' and by 'b'/],
    ['circle of datasets', `${clean('connections.raw: b_out')}  b:\n    class: CleanTask\n    config: {connections.raw: toy_clean, connections.cleaned: b_out}\n`, /a circle: b -> clean -> b/],
    ['circle of imports', { 'p.yaml': 'description: d\nimports: q.yaml\n', 'q.yaml': 'description: d\nimports: p.yaml\n' }, /p\.yaml -> q\.yaml -> p\.yaml/],
    ['unknown variable', 'description: d\nimports: $NOWHERE/x.yaml\n', /'NOWHERE'/],
    ['fragment in import', 'description: d\nimports: x.yaml#a\n', /include/],
    ['unknown import key', 'description: d\nimports: {location: x.yaml, exclud: a}\n', /did you mean 'exclude'/],
    ['include and exclude', 'description: d\nimports: {location: x.yaml, include: a, exclude: b}\n', /both/],
    ['contract false', `${TOY_YAML}  - contract: clean.offset > 5\n    msg: too small\n`, /Contract\(s\) 'clean.offset > 5' were not satisfied: too small/],
    ['contract of unknown label', `${TOY_YAML}  - cleen.offset > 5\n`, /did you mean 'clean'/],
    ['contract of unknown field', `${TOY_YAML}  - clean.ofset > 5\n`, /did you mean 'offset'/],
    ['contract that is no expression', `${TOY_YAML}  - clean.offset >\n`, /the end in the expression/],
  ];
  for (const [name, text, message] of rows) {
    it(name, () => {
      const files = typeof text === 'string' ? { 'p.yaml': text } : text;
      expect(() => load(files)).to.throw(ApError, message).with.property('code', 'BAD_PIPELINE');
    });
  }

  it('the legacy separator', () => {
    expect(() => loadPipeline('a/p.yaml:clean', { readText: () => '' })).to.throw(ApError, /a\/p\.yaml#clean/);
  });
});

describe('pipeline YAML: config', () => {
  const rows: readonly (readonly [string, string, string, unknown])[] = [
    ['default', 'mode: slow', 'offset', 1],
    ['value', 'offset: 3', 'offset', 3],
    ['blocks in order', '- offset: 3\n- offset: 4', 'offset', 4],
    ['dotted field', 'detection.threshold: 4.5', 'detection.threshold', 4.5],
    ['nested mapping', 'detection: {threshold: 6}', 'detection.threshold', 6],
    ['YAML 1.1 boolean', 'doFlat: no', 'doFlat', false],
    ['anything for a null default', 'url: sqlite:///x.db', 'url', 'sqlite:///x.db'],
    ['parameter', 'offset: parameters.extra', 'offset', 7],
    ['unknown parameter stays', 'url: parameters.nothing', 'url', 'parameters.nothing'],
    ['file before fields', 'offset: 9\nfile: more.py', 'offset', 9],
    ['file', 'file: [more.py]', 'mode', 'slow'],
    ['file with a list over two lines', 'file: [more.py]', 'failOn', [4, 5]],
  ];
  const more = '# comment\nconfig.offset = 55  # why\nconfig.mode = "slow"\nconfig.failOn = [4,\n   5]\n';
  for (const [name, config, field, expected] of rows) {
    it(name, () => {
      const pipeline = load({ 'p.yaml': `parameters: {extra: 7}\n${clean(config)}`, 'more.py': more });
      expect(configOf(pipeline, 'clean')[field]).to.deep.equal(expected);
    });
  }

  it('an unknown parameter is a warning with its place', () => {
    expect(load({ 'p.yaml': clean('url: parameters.nothing') }).warnings).to.have.length(1);
    expect(load({ 'p.yaml': clean('url: parameters.nothing') }).warnings[0]).to.match(/p\.yaml:6:7.*'nothing'/);
  });

  it('instrument overrides come before the pipeline, the command line after it', () => {
    const files = { 'p.yaml': clean('mode: slow') };
    const overrides = { clean: { mode: 'fast', offset: 8 }, absent: { x: 1 } };
    const pipeline = load(files, 'p.yaml', { overrides, set: ['clean:failOn=[1, 2]', 'clean:url=plain text'] });
    expect(configOf(pipeline, 'clean')).to.include({ mode: 'slow', offset: 8, url: 'plain text' });
    expect(configOf(pipeline, 'clean').failOn).to.deep.equal([1, 2]);
    expect(() => load(files, 'p.yaml', { overrides: { clean: { nope: 1 } } })).to.throw(/instrument overrides of 'clean'.*'nope'/);
  });

  it('a config file for one label, and what it may not hold', () => {
    const { ir } = loadPipeline('p.yaml', { readText: readFrom({ 'p.yaml': clean('mode: slow') }) });
    const withFile = applyConfigFiles(ir, ['clean:more.py'], readFrom({ 'more.py': more }));
    expect(configOf(resolvePipeline(withFile, toyTasks), 'clean').offset).to.equal(55);
    expect(() => applyConfigFiles(ir, ['clean:bad.py'], readFrom({ 'bad.py': '\nimport os\n' }))).to.throw(/bad\.py:2:1.*import os/);
  });

  const bad: readonly (readonly [string, RegExp])[] = [
    ['clean.offset=2', /expected: label:field=value/],
    ['cleen:offset=2', /did you mean 'clean'/],
    ['clean:ofset=2', /-c clean:ofset=2.*did you mean 'offset'/],
    ['parameters:x=2', /unknown parameter 'x'/],
  ];
  for (const [text, message] of bad) {
    it(`-c ${text} is refused`, () => { expect(() => load({ 'p.yaml': clean('mode: slow') }, 'p.yaml', { set: [text] })).to.throw(ApError, message); });
  }

  it('-c parameters:name=value changes what fields refer to', () => {
    const files = { 'p.yaml': `parameters: {extra: 7}\n${clean('offset: parameters.extra')}` };
    expect(configOf(load(files, 'p.yaml', { set: ['parameters:extra=12'] }), 'clean').offset).to.equal(12);
  });
});

describe('pipeline YAML: imports', () => {
  const base = 'base/toy.yaml';
  const importing = (options: string, rest = ''): Files =>
    ({ [base]: TOY_YAML, 'p.yaml': `description: p\nimports:\n  - location: base/toy.yaml\n${options}${rest}` });

  it('everything, in the order of datasets', () => {
    expect(labels(load(importing('')))).to.deep.equal(['clean', 'calibrate', 'template', 'subtract', 'associate']);
  });

  it('locations are relative to the importing file, and know variables', () => {
    const files = { 'a/b/p.yaml': 'description: p\nimports: ../toy.yaml\n', 'a/toy.yaml': TOY_YAML, 'v.yaml': 'description: v\nimports: ${HOME_OF}/toy.yaml\n' };
    expect(labels(load(files, 'a/b/p.yaml'))).to.include('clean');
    expect(labels(load(files, 'v.yaml', { variables: { HOME_OF: 'a' } }))).to.include('clean');
  });

  it('same class extends the config, another class replaces it', () => {
    const extended = load(importing('', 'tasks:\n  clean:\n    class: toys.CleanTask\n    config: {offset: 4}\n'));
    expect(configOf(extended, 'clean')).to.include({ offset: 4, mode: 'fast' });
    const replaced = load(importing('    exclude: [associate, subtract, calibrate]\n', 'tasks:\n  template:\n    class: CalibrateTask\n'));
    expect(replaced.tasks.find(({ label }) => label === 'template')!.task.name).to.equal('CalibrateTask');
  });

  it('include takes tasks and subsets; contracts of the others go', () => {
    expect(labels(load(importing('    include: [early]\n')))).to.deep.equal(['clean', 'calibrate']);
    const { ir } = loadPipeline('p.yaml', { readText: readFrom(importing('    include: calibrate\n')) });
    expect(ir.contracts).to.deep.equal([]);
    expect([...ir.subsets.keys()]).to.deep.equal([]);
  });

  it('labeledSubsetModifyMode EDIT keeps what is left of a subset', () => {
    const { ir } = loadPipeline('p.yaml', { readText: readFrom(importing('    exclude: clean\n    labeledSubsetModifyMode: EDIT\n')) });
    expect(ir.subsets.get('early')!.members).to.deep.equal(['calibrate']);
  });

  it('rename changes label, subsets and contracts', () => {
    const { ir } = loadPipeline('p.yaml', { readText: readFrom(importing('    rename: {clean: isr}\n')) });
    expect([...ir.tasks.keys()]).to.include('isr').and.not.include('clean');
    expect(ir.subsets.get('early')!.members).to.deep.equal(['isr', 'calibrate']);
    expect(ir.contracts[0]!.expression).to.equal('isr.offset >= 1');
  });

  it('importContracts false leaves the contracts behind', () => {
    const { ir } = loadPipeline('p.yaml', { readText: readFrom(importing('    importContracts: false\n')) });
    expect(ir.contracts).to.deep.equal([]);
  });

  const conflicts: readonly (readonly [string, string, RegExp])[] = [
    ['task in two imports', 'description: p\nimports: [base/toy.yaml, base/toy.yaml]\n', /task 'associate' is in two imports/],
    ['two instruments', 'description: p\ninstrument: other\nimports: base/toy.yaml\n', /instruments 'toy' and 'other'/],
    ['unknown include', 'description: p\nimports: {location: base/toy.yaml, include: [cleen]}\n', /did you mean 'clean'/],
    ['unknown rename', 'description: p\nimports: {location: base/toy.yaml, rename: {cleen: x}}\n', /did you mean 'clean'/],
    ['rename onto a label', 'description: p\nimports: {location: base/toy.yaml, rename: {clean: subtract}}\n', /not in use/],
  ];
  for (const [name, text, message] of conflicts) {
    it(name, () => { expect(() => load({ [base]: TOY_YAML, 'p.yaml': text })).to.throw(ApError, message); });
  }

  it('instrument None makes room for another', () => {
    const files = { [base]: TOY_YAML, 'p.yaml': 'description: p\ninstrument: other\nimports: {location: base/toy.yaml, instrument: None}\n' };
    expect(load(files).instrument).to.equal('other');
  });
});

describe('pipeline YAML: selection and fingerprint', () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['clean', ['clean']],
    ['early', ['clean', 'calibrate']],
    ['calibrate,clean', ['clean', 'calibrate']],
    ['calibrate..subtract', ['calibrate', 'template', 'subtract']],
    ['..calibrate', ['clean', 'calibrate']],
    ['subtract..', ['subtract', 'associate']],
  ];
  for (const [selection, expected] of rows) {
    it(`#${selection}`, () => { expect(labels(toyPipelineOf(selection))).to.deep.equal(expected); });
  }

  it('an unknown label and an empty range are refused', () => {
    expect(() => toyPipelineOf('cleen')).to.throw(ApError, /did you mean 'clean'/);
    expect(() => toyPipelineOf('subtract..clean')).to.throw(ApError, /empty range/);
  });

  it('configText does not depend on the order of writing, but on every value', () => {
    const text = (config: string): string => load({ 'p.yaml': clean(config) }).configText;
    expect(text('mode: slow\noffset: 2')).to.equal(text('offset: 2\nmode: slow'));
    expect(text('offset: 2')).not.to.equal(text('offset: 3'));
    expect(text('connections.cleaned: other')).not.to.equal(text('mode: fast'));
  });

  it('a connection that its config switches off is not there', () => {
    const inputs = (config: string): string[] => load({ 'p.yaml': clean(config) }).tasks[0]!.inputs.map(({ name }) => name);
    expect(inputs('doFlat: true')).to.deep.equal(['raw', 'flat']);
    expect(inputs('doFlat: false')).to.deep.equal(['raw']);
  });
});

function toyPipelineOf(selection: string): ResolvedPipeline {
  return toyPipeline('', { selection });
}
