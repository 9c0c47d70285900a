/** What a query expression may name: dimensions, and columns of dimension records. */
import { elementColumns } from '../schema.ts';
import { UNIVERSE, hasTable, isElement, isSkyPixel, isSpatial, isTemporal, primaryKey, requiredDimensions } from '../universe.ts';

export type ColumnType = 'int' | 'float' | 'text' | 'bool' | 'time' | 'timespan' | 'region';

export type QueryColumn =
  /** The value of a dimension, from whatever table of the query has it. */
  | { readonly dimension: string; readonly type: ColumnType }
  /** A column of the table of an element; `timespan` and `region` stand for what is stored in their columns. */
  | { readonly element: string; readonly field: string; readonly type: ColumnType };

const TYPES: Readonly<Record<string, ColumnType>> = {
  int: 'int', float: 'float', string: 'text', text: 'text', bool: 'bool', region: 'region',
};

/**
 * The column of a name: `visit`, `visit.exposure_time`, `exposure.day_obs`, `visit.timespan`, `visit.timespan.begin`,
 * `visit_detector_region.region`. null: there is none.
 */
export function columnNamed(name: string): QueryColumn | null {
  const [element = '', field, ...rest] = name.split('.');
  if (!isElement(element)) return null;
  const isDimension = isSkyPixel(element) || UNIVERSE.elements[element]!.keys !== undefined;
  if (field === undefined) return isDimension ? dimensionColumn(element) : null;
  if (field === 'timespan' && isTemporal(element)) return timespanColumn(element, rest);
  if (rest.length > 0) return null;
  if (isDimension && field === primaryKey(element).name) return dimensionColumn(element);
  if (requiredDimensions(element).includes(field)) return dimensionColumn(field);
  if (!hasTable(element) || /^timespan/.test(field)) return null;
  const found = elementColumns(element).find(c => c.name === field);
  const type = TYPES[found?.type ?? ''];
  return type === undefined ? null : { element, field, type };
}

function dimensionColumn(dimension: string): QueryColumn {
  return { dimension, type: TYPES[primaryKey(dimension).type]! };
}

function timespanColumn(element: string, rest: readonly string[]): QueryColumn | null {
  if (rest.length === 0) return { element, field: 'timespan', type: 'timespan' };
  const isEnd = rest.length === 1 && (rest[0] === 'begin' || rest[0] === 'end');
  return isEnd ? { element, field: `timespan_${rest[0]!}`, type: 'time' } : null;
}

/** Names that may follow an element, for the message about one that may not. */
export function fieldNames(element: string): string[] {
  if (!isElement(element) || !hasTable(element)) return [];
  const special = [...(isTemporal(element) ? ['timespan'] : []), ...(isSpatial(element) ? ['region'] : [])];
  const plain = elementColumns(element).map(c => c.name).filter(name => name !== 'region' && !name.startsWith('timespan_'));
  return [...plain, ...special];
}
