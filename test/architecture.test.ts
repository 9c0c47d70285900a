/**
 * The architecture as a test. `MAY_IMPORT` is the table of ARCHITECTURE.md; a new arrow is a decision
 * record in DECISIONS.md. The checks run on planted faults too, and fail when they see nothing.
 */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Room -> rooms of ours that it may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/numeric': [],
  'src/model': [],
  'src/sky': ['src/numeric', 'src/model'],
  'src/astro': ['src/sky', 'src/numeric', 'src/model'],
  'src/formats': ['src/model', 'src/numeric'],
  'src/butler': ['src/formats', 'src/sky', 'src/model', 'src/numeric'],
  'src/apdb': ['src/formats', 'src/sky', 'src/model', 'src/numeric'],
  'src/pipeline': ['src/model'],
  'src/tasks': ['src/astro', 'src/sky', 'src/numeric', 'src/model', 'src/pipeline'],
  'src/instruments': ['src/model', 'src/sky'],
  'src/simulate': ['src/astro', 'src/sky', 'src/numeric', 'src/model', 'src/instruments', 'src/formats'],
  'src/harness': ['src/model', 'src/numeric', 'src/sky', 'src/astro', 'src/pipeline', 'src/butler', 'src/apdb', 'src/formats'],
  'src/report': ['src/model', 'src/numeric'],
  metrics: ['src/model', 'src/numeric', 'src/sky', 'src/astro', 'src/harness'],
};
/** Rooms that wire everything or stand outside the product. */
const FREE = new Set(['src/cli', 'test', 'datasets']);
/** Rooms that may touch the disk. In harness only the named files: the dataset loader, the run, the history. */
const DISK_ROOMS = new Set(['src/butler', 'src/apdb', 'src/cli', 'test', 'datasets']);
const DISK_FILES = new Set(['src/harness/datasetPackage.ts', 'src/harness/workspace.ts', 'src/harness/ingest.ts', 'src/harness/history.ts']);
/** node: modules that any room may use: they know no disk, clock or network. */
const PURE_NODE = new Set(['node:assert/strict']);
/** Further node: modules by room. */
const ROOM_NODE: Readonly<Record<string, readonly string[]>> = {
  'src/formats': ['node:zlib', 'node:crypto'],
  'src/simulate': ['node:crypto'],
  'src/harness': ['node:crypto'],
  'src/report': ['node:crypto'],
};
const BANNED_BELOW_CLI = [
  /\bMath\.random\(/, /\bDate\.now\(/, /\bnew Date\(\)/, /\bperformance\.now\(/, /\bconsole\.\w+\(/, /\bprocess\.env\b/,
];
const MAX_LINES = 500;

interface SourceFile { readonly file: string; readonly text: string }

const roomOf = (file: string): string => file.split('/').slice(0, file.startsWith('src/') ? 2 : 1).join('/');
const isDataModule = (text: string): boolean => /^\/\*\* Data module/m.test(text);

function sources(): SourceFile[] {
  return ['src', 'metrics', 'reports', 'datasets', 'test']
    .flatMap(dir => readdirSync(dir, { recursive: true, encoding: 'utf8' }).map(f => path.posix.join(dir, f)))
    .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.startsWith('src/numeric/kernels/as/'))
    .map(file => ({ file, text: readFileSync(file, 'utf8') }));
}

function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

function importErrors(files: readonly SourceFile[]): { errors: string[]; nImports: number } {
  const errors: string[] = [];
  let nImports = 0;
  for (const { file, text } of files) {
    const room = roomOf(file);
    if (!(room in MAY_IMPORT) && !FREE.has(room)) errors.push(`${file}: ${room} is not a room`);
    for (const [, specifier = ''] of stripComments(text).matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'([^']+)'/g)) {
      nImports++;
      if (specifier.startsWith('node:')) errors.push(...nodeErrors(file, room, specifier));
      else if (specifier.startsWith('.')) {
        const target = roomOf(path.posix.join(path.posix.dirname(file), specifier));
        if (target !== room && !FREE.has(room) && !(MAY_IMPORT[room] ?? []).includes(target)) {
          errors.push(`${file}: ${room} may not import ${target}`);
        }
      }
    }
  }
  return { errors, nImports };
}

function nodeErrors(file: string, room: string, specifier: string): string[] {
  const allowed = PURE_NODE.has(specifier) || DISK_ROOMS.has(room) || DISK_FILES.has(file)
    || (ROOM_NODE[room] ?? []).includes(specifier);
  return allowed ? [] : [`${file}: ${room} uses ${specifier}`];
}

function wordErrors(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ file }) => roomOf(file) !== 'src/cli' && !file.startsWith('test/') && !file.startsWith('datasets/'))
    .flatMap(({ file, text }) => BANNED_BELOW_CLI
      .filter(word => word.test(stripComments(text)))
      .map(word => `${file}: ${word.source} below cli`));
}

function sizeErrors(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ text }) => !isDataModule(text) && text.split('\n').length > MAX_LINES)
    .map(({ file, text }) => `${file}: ${text.split('\n').length} lines, at most ${MAX_LINES}`);
}

function registryErrors(files: readonly SourceFile[]): string[] {
  const registries: Readonly<Record<string, string>> = {
    'src/tasks': 'src/tasks/index.ts',
    'metrics/measures': 'metrics/index.ts',
  };
  return Object.entries(registries).flatMap(([dir, index]) => {
    const list = files.find(f => f.file === index)?.text ?? '';
    return files
      .filter(f => path.posix.dirname(f.file) === dir && !f.file.endsWith('/index.ts') && /\bdefine\w+\(/.test(f.text))
      .filter(f => !list.includes(path.posix.basename(f.file)))
      .map(f => `${f.file}: not listed in ${index}`);
  });
}

describe('architecture', () => {
  const files = sources();

  it('sees the source files and their imports', () => {
    expect(files.length).to.be.greaterThan(50);
    expect(importErrors(files).nImports).to.be.greaterThan(200);
    for (const room of Object.keys(MAY_IMPORT)) {
      expect(existsSync(room), `${room} exists`).to.equal(true);
      expect(files.some(f => roomOf(f.file) === room), `${room} has sources`).to.equal(true);
    }
  });

  it('nothing but what was asked for stands at the top', () => {
    const allowed = ['datasets', 'metrics', 'reports', 'src', 'test', 'node_modules', 'workspaces'];
    const folders = readdirSync('.', { withFileTypes: true }).filter(entry => entry.isDirectory() && !entry.name.startsWith('.'));
    expect(folders.map(({ name }) => name).filter(name => !allowed.includes(name))).to.deep.equal([]);
  });
  it('rooms import only what the table allows', () => expect(importErrors(files).errors).to.deep.equal([]));
  it('no clock, chance, environment or console below cli', () => expect(wordErrors(files)).to.deep.equal([]));
  it('files are short', () => expect(sizeErrors(files)).to.deep.equal([]));
  it('every task and measure is listed in its index', () => expect(registryErrors(files)).to.deep.equal([]));

  describe('catches planted faults', () => {
    const plant = (file: string, text: string): SourceFile[] => [{ file, text }];
    const cases: readonly [string, () => readonly string[], RegExp][] = [
      ['a forbidden room', () => importErrors(plant('src/tasks/a.ts', "import { x } from '../butler/x.ts';")).errors, /may not import src\/butler/],
      ['a multi-line import', () => importErrors(plant('src/numeric/a.ts', "import {\n  x,\n} from '../model/x.ts';")).errors, /may not import src\/model/],
      ['a side-effect import', () => importErrors(plant('src/sky/a.ts', "import '../astro/x.ts';")).errors, /may not import src\/astro/],
      ['a dynamic import', () => importErrors(plant('src/report/a.ts', "const m = await import('../harness/x.ts');")).errors, /may not import src\/harness/],
      ['a new room', () => importErrors(plant('src/utils/a.ts', '')).errors, /src\/utils is not a room/],
      ['disk in a pure room', () => importErrors(plant('src/astro/a.ts', "import fs from 'node:fs';")).errors, /uses node:fs/],
      ['chance', () => wordErrors(plant('src/simulate/a.ts', 'const x = Math.random();')), /Math/],
      ['the clock', () => wordErrors(plant('src/harness/a.ts', 'const t = Date.now();')), /Date/],
      ['a long file', () => sizeErrors(plant('src/astro/a.ts', '\n'.repeat(MAX_LINES + 1))), /at most/],
      ['an unlisted task', () => registryErrors([...plant('src/tasks/a.ts', 'defineTask({})'), ...plant('src/tasks/index.ts', '')]), /not listed/],
    ];
    for (const [name, run, expected] of cases) {
      it(name, () => expect(run().join('\n')).to.match(expected));
    }
  });
});
