/** The `imports` key: locations, or mappings with their options. */
import { badPipeline, unknownName } from './badPipeline.ts';
import { resolveLocation } from './location.ts';
import type { Variables } from './location.ts';
import type { ImportIr } from './pipelineIr.ts';
import { asBoolean, asMap, asText, asTexts } from './sourceShape.ts';
import type { Source } from './yamlSource.ts';

const KEYS = [
  'location', 'include', 'exclude', 'rename', 'importContracts', 'importSteps', 'labeledSubsetModifyMode', 'instrument',
];

export function parseImports(source: Source, location: string, variables: Variables): readonly ImportIr[] {
  const items = source.kind === 'list' ? source.items : [source];
  return items.map(item => parseImport(item, location, variables));
}

function parseImport(source: Source, base: string, variables: Variables): ImportIr {
  if (source.kind !== 'map') {
    const location = importLocation(source, base, variables);
    return {
      location, where: source.where, include: null, exclude: null, rename: new Map(),
      importContracts: true, importSteps: true, subsetMode: 'DROP', instrument: undefined,
    };
  }
  for (const entry of source.entries) if (!KEYS.includes(entry.key)) throw unknownName('import key', entry.key, KEYS, entry.where);
  const parts = new Map(source.entries.map(entry => [entry.key, entry.value]));
  const location = parts.get('location');
  if (location === undefined) throw badPipeline({ where: source.where, found: "an import without 'location'" });
  const include = labels(parts.get('include'));
  const exclude = labels(parts.get('exclude'));
  if (include !== null && exclude !== null) {
    throw badPipeline({ where: source.where, found: "both 'include' and 'exclude'", expected: 'one of them' });
  }
  return {
    location: importLocation(location, base, variables), where: source.where, include, exclude,
    rename: renames(parts.get('rename')),
    importContracts: flag(parts.get('importContracts'), 'importContracts'),
    importSteps: flag(parts.get('importSteps'), 'importSteps'),
    subsetMode: subsetMode(parts.get('labeledSubsetModifyMode')),
    instrument: instrumentOf(parts.get('instrument')),
  };
}

function importLocation(source: Source, base: string, variables: Variables): string {
  const written = asText(source, 'an import');
  if (written.includes('#')) {
    throw badPipeline({ where: source.where, found: `a fragment in '${written}'`, todo: "name the labels under 'include'" });
  }
  return resolveLocation(base, written, variables, source.where);
}

function labels(source: Source | undefined): readonly string[] | null {
  if (source === undefined) return null;
  return source.kind === 'list' ? asTexts(source, 'labels') : [asText(source, 'a label')];
}

function renames(source: Source | undefined): ReadonlyMap<string, string> {
  if (source === undefined) return new Map();
  return new Map(asMap(source, 'rename').entries.map(({ key, value }) => [key, asText(value, 'the new label')]));
}

function flag(source: Source | undefined, what: string): boolean {
  return source === undefined ? true : asBoolean(source, what);
}

function subsetMode(source: Source | undefined): 'DROP' | 'EDIT' {
  if (source === undefined) return 'DROP';
  const mode = asText(source, 'labeledSubsetModifyMode');
  if (mode === 'DROP' || mode === 'EDIT') return mode;
  throw unknownName('labeledSubsetModifyMode', mode, ['DROP', 'EDIT'], source.where);
}

function instrumentOf(source: Source | undefined): string | null | undefined {
  if (source === undefined) return undefined;
  if (source.kind === 'scalar' && source.value === null) return null;
  const name = asText(source, 'instrument');
  return name === 'None' ? null : name;
}
