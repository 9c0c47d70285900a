/** Documents of specification files and their inheritance, before they become specifications. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ApError } from '../model/errors.ts';
import type { BoundOperator, Condition, KeyValues, Level, ReferenceRule, Severity, SpecificationType } from '../model/specification.ts';
import schema from './schemas/specification.schema.json' with { type: 'json' };
import { readYaml } from './yamlFile.ts';
import type { TextFile, YamlDocument } from './yamlFile.ts';

const validate = new Ajv2020({ allErrors: false, strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);

export type ReferenceDocument = Partial<ReferenceRule> & { readonly unit?: string };

/** What a document may hold; a partial may hold a part of each. */
export interface SpecificationDocument {
  readonly id?: string;
  readonly name?: string;
  readonly metric?: string;
  readonly base?: string | readonly string[];
  readonly type?: SpecificationType | 'tolerance' | 'levels';
  readonly threshold?: { readonly operator?: BoundOperator; readonly value?: number; readonly unit?: string };
  readonly range?: { readonly lower?: number; readonly upper?: number; readonly unit?: string };
  readonly tolerance?: { readonly target?: number; readonly absolute?: number; readonly percent?: number; readonly unit?: string };
  readonly levels?: { readonly operator?: BoundOperator; readonly unit?: string } & Partial<Record<Level, number>>;
  readonly relative?: ReferenceDocument;
  readonly window?: ReferenceDocument;
  readonly best?: ReferenceDocument;
  readonly function?: {
    readonly of: string; readonly operator: BoundOperator; readonly unit: string;
    readonly values?: Readonly<Record<string, number>>; readonly points?: readonly (readonly [number, number])[];
  };
  readonly level?: Level;
  readonly severity?: Severity;
  readonly decision?: 'point' | 'bound';
  readonly sigmas?: number;
  readonly keys?: KeyValues;
  readonly tags?: readonly string[];
  readonly when?: Readonly<Record<string, Condition>>;
  readonly metadata_query?: KeyValues;
  readonly valid?: { readonly from?: string; readonly until?: string };
  readonly profiles?: readonly {
    readonly name: string; readonly from: string; readonly value?: number; readonly lower?: number; readonly upper?: number;
  }[];
  readonly quarantine?: string;
}

/** A document with everything that its bases bring. */
export interface MergedDocument {
  readonly merged: SpecificationDocument;
  readonly document: YamlDocument;
  readonly file: number;
}

export function badSpecification(document: YamlDocument, path: readonly string[], found: string, expected: string): ApError {
  return new ApError('BAD_SPECIFICATION', { found, expected, where: document.where(path) });
}

interface Entry {
  readonly raw: SpecificationDocument;
  readonly document: YamlDocument;
  readonly file: number;
  /** Path without its ending, for references from other files. */
  readonly stem: string;
}

/**
 * The specifications of the files, in order, with their bases applied first to last: mappings merge deeply, lists are
 * appended, other values replace (lsst.verify, SpecificationSet). Order inside a file does not matter. Throws
 * BAD_SPECIFICATION with file and line for a base that is not there, a circle of bases, a partial twice.
 */
export function mergedDocuments(files: readonly TextFile[]): MergedDocument[] {
  const entries = files.flatMap((file, k) => readYaml(file, 'BAD_SPECIFICATION', validate).map((document): Entry => ({
    raw: document.value as SpecificationDocument, document, file: k, stem: file.path.replace(/\.ya?ml$/, ''),
  })));
  checkPartialsOnce(entries);
  const done = new Map<Entry, SpecificationDocument>();
  const merge = (entry: Entry, path: readonly Entry[]): SpecificationDocument => {
    const known = done.get(entry);
    if (known !== undefined) return known;
    if (path.includes(entry)) {
      const circle = [...path.slice(path.indexOf(entry)), entry].map(({ raw }) => raw.id ?? raw.name).join(' -> ');
      throw badSpecification(entry.document, ['base'], `a circle of bases: ${circle}`, 'bases that end somewhere');
    }
    const bases = [entry.raw.base ?? []].flat().map(base => merge(baseOf(base, entry, entries), [...path, entry]));
    const merged = [...bases, entry.raw].reduce<SpecificationDocument>(combine, {});
    done.set(entry, merged);
    return merged;
  };
  return entries.filter(({ raw }) => raw.name !== undefined)
    .map(entry => ({ merged: { ...merge(entry, []), name: entry.raw.name! }, document: entry.document, file: entry.file }));
}

function checkPartialsOnce(entries: readonly Entry[]): void {
  const seen = new Set<string>();
  for (const { raw, document, file } of entries) {
    if (raw.id === undefined) continue;
    const key = `${file}#${raw.id}`;
    if (seen.has(key)) throw badSpecification(document, ['id'], `partial '${raw.id}' again`, 'one partial of that id in a file');
    seen.add(key);
  }
}

/** `#id`, `file#id`, `package:file#id`, or the name of a specification, alone or after its metric. */
function baseOf(base: string, from: Entry, entries: readonly Entry[]): Entry {
  const hash = base.indexOf('#');
  const file = base.slice(0, Math.max(0, hash)).replace(/^[^:]*:/, '');
  const isIn = ({ file: k, stem }: Entry): boolean => (file === '' ? k === from.file : stem === file || stem.endsWith(`/${file}`));
  const found = hash >= 0
    ? entries.find(e => e.raw.id === base.slice(hash + 1) && isIn(e))
    : entries.find(e => e !== from && e.raw.name !== undefined && (`${e.raw.metric}.${e.raw.name}` === base || (e.raw.name === base && e.file === from.file)));
  if (found !== undefined) return found;
  const known = entries.flatMap(e => (e.raw.id !== undefined && isIn(e) ? [e.raw.id] : []));
  throw badSpecification(from.document, ['base'], `base '${base}'`, hash >= 0
    ? `a partial of that file: ${known.join(', ') || 'none'}` : 'a specification of that name');
}

function combine(a: SpecificationDocument, { id: _id, base: _base, name: _name, ...b }: SpecificationDocument): SpecificationDocument {
  return combined(a, b) as SpecificationDocument;
}

function combined(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) return [...new Set([...a as unknown[], ...b as unknown[]])];
  if (!isMapping(a) || !isMapping(b)) return b;
  const own = Object.entries(b).map(([key, value]) => [key, key in a ? combined(a[key], value) : value]);
  return { ...a, ...Object.fromEntries(own) as object };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
