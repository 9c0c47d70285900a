/** What a part of the YAML tree must be, or BAD_PIPELINE at its place. */
import { badPipeline } from './badPipeline.ts';
import { describeSource } from './yamlSource.ts';
import type { Source, SourceMap } from './yamlSource.ts';

export function asMap(source: Source, what: string): SourceMap {
  if (source.kind === 'map') return source;
  throw badPipeline({ where: source.where, found: `${what}: ${describeSource(source)}`, expected: 'a mapping' });
}

export function asList(source: Source, what: string): readonly Source[] {
  if (source.kind === 'list') return source.items;
  throw badPipeline({ where: source.where, found: `${what}: ${describeSource(source)}`, expected: 'a list' });
}

export function asText(source: Source, what: string): string {
  if (source.kind === 'scalar' && typeof source.value === 'string') return source.value;
  throw badPipeline({ where: source.where, found: `${what}: ${describeSource(source)}`, expected: 'a string' });
}

export function asTexts(source: Source, what: string): readonly string[] {
  return asList(source, what).map(item => asText(item, what));
}

export function asBoolean(source: Source, what: string): boolean {
  if (source.kind === 'scalar' && typeof source.value === 'boolean') return source.value;
  throw badPipeline({ where: source.where, found: `${what}: ${describeSource(source)}`, expected: 'true or false' });
}
