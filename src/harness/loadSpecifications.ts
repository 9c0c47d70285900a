/** Specifications: checked documents to words of the model. */
import type { Level, ReferenceRule, Severity, Specification, SpecificationType } from '../model/specification.ts';
import { unitNamed } from '../model/units.ts';
import type { Metric } from '../model/verification.ts';
import { nearest } from './nearestNames.ts';
import { badSpecification as bad, mergedDocuments } from './specificationDocument.ts';
import type { ReferenceDocument, SpecificationDocument } from './specificationDocument.ts';
import type { TextFile, YamlDocument } from './yamlFile.ts';

/**
 * Specifications of the files, in order. A later file may replace a specification of an earlier one by
 * using its full name (a dataset overrides the common ones); inside one file a name occurs once. `measured` names what
 * measures compute: a specification of such a metric is kept when the definition of the metric is gone.
 * Throws BAD_SPECIFICATION with file and line.
 */
export function loadSpecifications(
  files: readonly TextFile[], metrics: readonly Metric[], measured: readonly string[] = [],
): Specification[] {
  const known = { metrics: new Map(metrics.map(m => [m.name, m])), measured };
  const specifications = new Map<string, { specification: Specification; file: number }>();
  for (const { merged, document, file } of mergedDocuments(files)) {
    for (const specification of specificationsOf(withPackage(merged, files[file]!.path), document, known)) {
      const earlier = specifications.get(specification.name);
      if (earlier?.file === file) {
        throw bad(document, ['name'], `${specification.name} again`, `one specification of that name, first at ${earlier.specification.source}`);
      }
      specifications.set(specification.name, { specification, file });
    }
  }
  return [...specifications.values()].map(({ specification }) => specification);
}

/** lsst.verify keeps specifications in specs/<package>/ and names the metric without its package. */
function withPackage(merged: SpecificationDocument, place: string): SpecificationDocument {
  const packageName = /(?:^|\/)specs\/([^/]+)\//.exec(place)?.[1];
  const isShort = merged.metric !== undefined && !merged.metric.includes('.');
  return isShort && packageName !== undefined ? { ...merged, metric: `${packageName}.${merged.metric}` } : merged;
}

interface Known {
  readonly metrics: ReadonlyMap<string, Metric>;
  /** Names that a measure computes. */
  readonly measured: readonly string[];
}

const FORMS = ['threshold', 'range', 'tolerance', 'levels', 'relative', 'window', 'best', 'function'] as const;
type Form = (typeof FORMS)[number] | 'exists';

function specificationsOf(merged: SpecificationDocument, document: YamlDocument, { metrics, measured }: Known): Specification[] {
  const { metric: metricName } = merged;
  if (metricName === undefined) throw bad(document, ['name'], 'no metric', 'metric: package.name, here or in a base');
  const defined = metrics.get(metricName);
  if (defined === undefined && !measured.includes(metricName)) {
    throw bad(document, ['metric'], `metric '${metricName}'`, nearest(metricName, [...metrics.keys()]).join(', '));
  }
  const form = formOf(merged, document);
  const given = form === 'exists' ? undefined : merged[form];
  // A metric that lost its definition keeps its gate: nothing measures it, so its verdict is incomplete.
  const unit = defined?.unit ?? (given?.unit ?? '') as Metric['unit'];
  if (given !== undefined && needsUnit(form, given) && unitNamed(given.unit ?? '-') !== unit) {
    throw bad(document, [form, 'unit'], `unit '${given.unit ?? ''}'`, `'${unit}', the unit of ${metricName}`);
  }
  const common = { ...commonOf(merged, document), metric: metricName, unit };
  return formed(form, merged, document).map(({ suffix, ...own }) => ({
    ...common, ...own, name: `${metricName}.${merged.name!}${suffix}`,
  }));
}

/** A rule in percent or standard errors alone needs no unit. */
function needsUnit(form: Form, given: object): boolean {
  return !['relative', 'window', 'best'].includes(form) || 'absolute' in given || 'unit' in given;
}

function formOf(merged: SpecificationDocument, document: YamlDocument): Form {
  const given = FORMS.filter(form => merged[form] !== undefined);
  const form = merged.type ?? given[0] ?? 'exists';
  if (form !== 'exists' && !given.includes(form)) throw bad(document, ['type'], `type ${form} without ${form}`, `a key '${form}'`);
  if (given.some(other => other !== form)) throw bad(document, ['name'], given.join(' and '), `only what type ${form} needs`);
  return form;
}

function commonOf(merged: SpecificationDocument, document: YamlDocument): Omit<Specification, 'name' | 'metric' | 'type' | 'unit'> {
  const { level, sigmas, valid, quarantine, metadata_query: query } = merged;
  const when = merged.when === undefined && query === undefined ? undefined : { ...query, ...merged.when };
  if (sigmas !== undefined && !(sigmas > 0)) throw bad(document, ['sigmas'], String(sigmas), 'a number above 0');
  return {
    severity: merged.severity ?? 'fail', decision: merged.decision ?? 'point', keys: merged.keys ?? {}, tags: merged.tags ?? [],
    source: document.where(['name']),
    ...(level && { level }), ...(sigmas !== undefined && { sigmas }), ...(valid && { valid }), ...(when && { when }),
    ...(quarantine && { quarantine }),
  };
}

type Formed = Pick<Specification, 'operator' | 'bound' | 'range' | 'rule' | 'function' | 'profiles'>
  & { readonly suffix: string; readonly type: SpecificationType; readonly severity?: Severity; readonly level?: Level };

function formed(form: Form, merged: SpecificationDocument, document: YamlDocument): Formed[] {
  switch (form) {
    case 'exists': return [{ suffix: '', type: 'exists' }];
    case 'threshold': return [{ suffix: '', type: 'threshold', ...thresholdOf(merged, document), ...profilesOf(merged, form, document) }];
    case 'range': return [{ suffix: '', type: 'range', range: rangeOf(merged, document), ...profilesOf(merged, form, document) }];
    case 'tolerance': return [{ suffix: '', type: 'range', range: toleranceRange(merged, document) }];
    case 'levels': return levelsOf(merged, document);
    case 'function': return [{ suffix: '', type: 'function', function: functionOf(merged, document) }];
    default: return [{ suffix: '', type: form, rule: ruleOf(form, merged[form]!, document) }];
  }
}

function thresholdOf({ threshold }: SpecificationDocument, document: YamlDocument): { operator: NonNullable<Specification['operator']>; bound: number } {
  const { operator, value } = threshold!;
  if (operator === undefined || value === undefined) throw bad(document, ['threshold'], 'a part of a threshold', 'operator, value and unit, here or in a base');
  return { operator, bound: finite(value, ['threshold', 'value'], document) };
}

function finite(value: number, path: readonly string[], document: YamlDocument): number {
  if (!Number.isFinite(value)) throw bad(document, path, String(value), 'a finite number');
  return value;
}

function rangeOf({ range }: SpecificationDocument, document: YamlDocument): readonly [number, number] {
  const { lower = NaN, upper = NaN } = range!;
  if (!(lower < upper) || !Number.isFinite(upper - lower)) throw bad(document, ['range'], `${lower} .. ${upper}`, 'lower < upper');
  return [lower, upper];
}

function toleranceRange({ tolerance }: SpecificationDocument, document: YamlDocument): readonly [number, number] {
  const { target = NaN, absolute = 0, percent = 0 } = tolerance!;
  const half = Math.max(absolute, Math.abs(target) * percent / 100);
  if (!(half > 0) || !Number.isFinite(half)) throw bad(document, ['tolerance'], `${target} +- ${half}`, 'a target and a tolerance above 0: absolute, percent');
  return [target - half, target + half];
}

/** The minimum gates; design and stretch are goals and only warn and tell. */
const LEVEL_SEVERITY: readonly (readonly [Level, Severity | null])[] = [['minimum', null], ['design', 'warn'], ['stretch', 'note']];

function levelsOf({ levels, severity = 'fail' }: SpecificationDocument, document: YamlDocument): Formed[] {
  const { operator } = levels!;
  const given = LEVEL_SEVERITY.filter(([level]) => levels![level] !== undefined);
  if (operator === undefined || given.length === 0) throw bad(document, ['levels'], 'no level or no operator', 'operator, unit, and minimum, design or stretch');
  return given.map(([level, own]) => ({
    suffix: `-${level}`, type: 'threshold', level, severity: own ?? severity, operator,
    bound: finite(levels![level]!, ['levels', level], document),
  }));
}

function functionOf({ function: given }: SpecificationDocument, document: YamlDocument): NonNullable<Specification['function']> {
  const { of, operator, values, points } = given!;
  if (points?.some(([x], k) => k > 0 && !(x > points[k - 1]![0])) === true) throw bad(document, ['function', 'points'], 'points out of order', 'rising x');
  for (const value of [...Object.values(values ?? {}), ...(points ?? []).flat()]) finite(value, ['function'], document);
  return { of, operator, ...(values && { values }), ...(points && { points }) };
}

const WINDOW_RUNS = { window: 20, best: 200, relative: 1 } as const;
const MINIMUM_RUNS = { window: 5, best: 3, relative: 1 } as const;

function ruleOf(form: 'relative' | 'window' | 'best', given: ReferenceDocument, document: YamlDocument): ReferenceRule {
  const { percent = 0, absolute = 0, sigmas = 0, runs = WINDOW_RUNS[form], minimumRuns = MINIMUM_RUNS[form], side = 'worse', missing = 'incomplete' } = given;
  for (const value of [percent, absolute, sigmas]) finite(value, [form], document);
  if (form === 'window' && !(sigmas > 0 || percent > 0 || absolute > 0)) throw bad(document, [form], 'no allowance', 'sigmas, percent or absolute above 0');
  if (minimumRuns > runs) throw bad(document, [form, 'minimumRuns'], String(minimumRuns), `at most runs, ${runs}`);
  return { percent, absolute, sigmas, runs, minimumRuns, side, missing };
}

function profilesOf({ profiles }: SpecificationDocument, form: 'threshold' | 'range', document: YamlDocument): { profiles?: Specification['profiles'] } {
  if (profiles === undefined) return {};
  const ordered = [...profiles].sort((a, b) => (a.from < b.from ? -1 : 1));
  return {
    profiles: ordered.map(({ name, from, value, lower = NaN, upper = NaN }) => {
      if (form === 'threshold' && value !== undefined) return { name, from, bound: finite(value, ['profiles'], document) };
      if (form === 'range' && lower < upper) return { name, from, range: [lower, upper] as const };
      throw bad(document, ['profiles'], `profile ${name}`, form === 'threshold' ? 'a value' : 'lower < upper');
    }),
  };
}
