/**
 * The dimension universe of the repository: version 8 of the namespace `daf_butler`, as the real client stores it.
 * Elements with keys are dimensions; elements without (visit_definition and its like) only relate dimensions.
 */
import universeJson from './universe8.json' with { type: 'json' };

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly length?: number;
}

export interface Element {
  readonly keys?: readonly Field[];
  readonly requires?: readonly string[];
  readonly implies?: readonly string[];
  readonly metadata?: readonly Field[];
  readonly governor?: boolean;
  readonly implied_union_target?: string;
}

interface Universe {
  readonly version: number;
  readonly namespace: string;
  readonly elements: Readonly<Record<string, Element>>;
  readonly topology: {
    readonly spatial: Readonly<Record<string, readonly string[]>>;
    readonly temporal: Readonly<Record<string, readonly string[]>>;
  };
}

export const UNIVERSE: Universe = universeJson;

/** Text of `config:dimensions.json`. */
export const UNIVERSE_TEXT = JSON.stringify(universeJson);

/** Elements that are not sky pixels, in the order of every column list (generations of dependence, then by name). */
export const ELEMENT_ORDER: readonly string[] = [
  'band', 'instrument', 'skymap', 'ssp_hypothesis_table', 'day_obs', 'detector', 'group', 'physical_filter',
  'ssp_balanced_index', 'ssp_hypothesis_bundle', 'subfilter', 'tract', 'visit_system', 'exposure', 'patch', 'visit',
  'visit_definition', 'visit_detector_region', 'visit_system_membership',
];

export const SPATIAL_ELEMENTS = ELEMENT_ORDER.filter(name => isSpatial(name));
export const GOVERNORS = ELEMENT_ORDER.filter(name => UNIVERSE.elements[name]!.governor === true);

const SKY_PIXEL = /^(healpix|htm)(\d+)$/;

/** True for `htm7`, `healpix9` and their like: dimensions without a table, whose values are pixel numbers. */
export function isSkyPixel(name: string): boolean {
  return SKY_PIXEL.test(name);
}

/** True when the name is an element of the universe, or a sky pixelization. */
export function isElement(name: string): boolean {
  return name in UNIVERSE.elements || isSkyPixel(name);
}

/** Sort order of dimensions: `band`, sky pixelizations, then the rest. */
export function byUniverse(a: string, b: string): number {
  return rank(a) - rank(b);
}

function rank(name: string): number {
  const pixel = SKY_PIXEL.exec(name);
  if (pixel !== null) return (pixel[1] === 'healpix' ? 0.1 : 0.5) + Number(pixel[2]) / 100;
  return ELEMENT_ORDER.indexOf(name);
}

/** Required dimensions of an element, itself included when it is a dimension. */
export function requiredDimensions(name: string): readonly string[] {
  return isSkyPixel(name) ? [name] : REQUIRED.get(name)!;
}

/** By element; asked for with every dataset. */
const REQUIRED: ReadonlyMap<string, readonly string[]> = new Map(Object.keys(UNIVERSE.elements).map(name => {
  const all = new Set<string>();
  const add = (element: string): void => {
    for (const required of UNIVERSE.elements[element]!.requires ?? []) add(required);
    if (UNIVERSE.elements[element]!.keys !== undefined) all.add(element);
  };
  add(name);
  return [name, [...all].sort(byUniverse)];
}));

/** Required dimensions of a set of dimensions: what another one of the set implies (the band of a filter) is not required. */
export function requiredOf(dimensions: readonly string[]): string[] {
  const all = new Set(dimensions.flatMap(requiredDimensions));
  const implied = new Set([...all].flatMap(impliedDimensions));
  return [...all].filter(name => !implied.has(name)).sort(byUniverse);
}

/** Dimensions that an element implies directly. */
export function impliedDimensions(name: string): string[] {
  return isSkyPixel(name) ? [] : [...UNIVERSE.elements[name]!.implies ?? []].sort(byUniverse);
}

/** The dimension group of a set of dimensions: required ones and everything that they imply. */
export function dimensionGroup(dimensions: readonly string[]): string[] {
  const all = new Set<string>();
  const add = (name: string): void => {
    if (all.has(name)) return;
    all.add(name);
    for (const other of [...requiredDimensions(name), ...impliedDimensions(name)]) add(other);
  };
  dimensions.forEach(add);
  return [...all].sort(byUniverse);
}

/** The key column of a dimension in its own table. */
export function primaryKey(name: string): Field {
  return isSkyPixel(name) ? { name: 'id', type: 'int' } : UNIVERSE.elements[name]!.keys![0]!;
}

/** Sky pixels and `band` have no table; the bands are those of the physical filters. */
export function hasTable(name: string): boolean {
  return !isSkyPixel(name) && UNIVERSE.elements[name]!.implied_union_target === undefined;
}

export function isSpatial(name: string): boolean {
  return Object.values(UNIVERSE.topology.spatial).some(names => names.includes(name));
}

export function isTemporal(name: string): boolean {
  return Object.values(UNIVERSE.topology.temporal).some(names => names.includes(name));
}

/** The governor (instrument or skymap) of a spatial element. */
export function governorOf(name: string): string {
  return requiredDimensions(name).find(d => UNIVERSE.elements[d]?.governor === true)!;
}

/** Columns of an element's table that identify a row, with the dimension of each. */
export function keyColumns(name: string): { readonly dimension: string; readonly column: string }[] {
  return requiredDimensions(name).map(dimension => ({ dimension, column: dimension === name ? primaryKey(name).name : dimension }));
}
