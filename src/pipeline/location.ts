/** Where pipeline files are: `$NAME` parts, relative paths, and the `#label` fragment. Texts only. */
import { badPipeline, unknownName } from './badPipeline.ts';

/** Values for `$NAME` and `${NAME}` in locations. */
export type Variables = Readonly<Record<string, string>>;

/** A location as written in the file `base`, made absolute as far as `base` is. */
export function resolveLocation(base: string, written: string, variables: Variables, where: string): string {
  const expanded = written.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare ?? '';
    const value = variables[name];
    if (value === undefined) throw unknownName('variable', name, Object.keys(variables), where);
    return value;
  });
  if (/^(\/|[A-Za-z][A-Za-z0-9+.-]*:)/.test(expanded)) return normalize(expanded);
  const folder = base.includes('/') ? base.slice(0, base.lastIndexOf('/') + 1) : '';
  return normalize(folder + expanded);
}

export interface PipelineUri {
  readonly location: string;
  /** Text after `#`: labels and subsets `a,b`, or a range `a..b`; null: everything. */
  readonly selection: string | null;
}

/** Split `file.yaml#a,b`. The separator ':' of older releases is refused with the present form. */
export function splitPipelineUri(uri: string): PipelineUri {
  const legacy = /^(.*\.ya?ml):([^/]+)$/.exec(uri);
  if (legacy !== null) {
    throw badPipeline({
      where: uri, found: "the separator ':' before labels", todo: `write ${legacy[1]!}#${legacy[2]!}`,
    });
  }
  const hash = uri.indexOf('#');
  if (hash < 0) return { location: uri, selection: null };
  const selection = uri.slice(hash + 1).trim();
  if (selection === '') throw badPipeline({ where: uri, found: "nothing after '#'", expected: 'labels, or a range a..b' });
  return { location: uri.slice(0, hash), selection };
}

function normalize(path: string): string {
  const out: string[] = [];
  for (const part of path.split('/')) {
    const last = out.at(-1);
    if (part === '.') continue;
    if (part === '..' && last !== undefined && last !== '' && last !== '..') out.pop();
    else out.push(part);
  }
  return out.join('/');
}
