/** Names of the files in the datastore: the default templates of the real client. */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { DataId, DatasetType } from '../model/dataset.ts';
import { dimensionGroup, isSkyPixel, requiredOf } from './universe.ts';

/** Dimension values, and metadata of their records under names like `exposure.obs_id`. */
export type TemplateFields = Readonly<Record<string, string | number>>;

const DEFAULT_TEMPLATE = '{run:/}/{datasetType}.{component:?}/{tract:?}/{patch:?}/{day_obs:?}/{band:?}/{subfilter:?}/{physical_filter:?}'
  + '/{visit:?}/{exposure.obs_id|exposure|group:?}/{datasetType}_{component:?}_{instrument:?}_{tract:?}_{patch:?}_{band:?}'
  + '_{physical_filter:?}_{visit:?}_{exposure.obs_id|exposure|group:?}_{detector.full_name|detector:?}_{skymap:?}_{skypix:?}{rest:?}_{run}';
const RAW_TEMPLATE = '{run:/}/{datasetType}.{component:?}/{day_obs:?}/{exposure.obs_id|exposure}/{datasetType}_{component:?}_{instrument:?}'
  + '_{physical_filter:?}_{exposure.obs_id|exposure}_{detector.full_name|detector}_{run}';
const IN_TEMPLATE = new Set([
  'tract', 'patch', 'day_obs', 'band', 'subfilter', 'physical_filter', 'visit', 'exposure', 'group', 'instrument', 'detector', 'skymap',
]);

/**
 * Path of a dataset below the root, without extension. Values of dimensions that the type neither requires nor
 * implies are ignored; where the observation id or the name of a detector is not given, the numbers stand in.
 */
export function templatePath(type: DatasetType, fields: TemplateFields, run: string): string {
  const group = new Set(dimensionGroup(type.dimensions));
  const known = Object.entries(fields).filter(([name]) => group.has(name.split('.')[0]!));
  const pixel = known.find(([name]) => isSkyPixel(name));
  const isForgotten = (name: string): boolean => !name.includes('.') && !IN_TEMPLATE.has(name) && !isSkyPixel(name);
  const rest = known.filter(([name]) => isForgotten(name)).map(([, value]) => `_${value}`).join('');
  const values: TemplateFields = {
    ...Object.fromEntries(known), run, datasetType: type.name,
    ...(pixel === undefined ? {} : { skypix: pixel[1] }), ...(rest === '' ? {} : { rest }),
  };
  const isRawLike = ['physical_filter', 'detector', 'exposure'].every(d => group.has(d)) && requiredOf(type.dimensions).length === 3;
  const folderAndFile = path.posix.normalize(filled(isRawLike ? RAW_TEMPLATE : DEFAULT_TEMPLATE, values));
  const file = path.posix.basename(folderAndFile).replaceAll('.', '_').replaceAll('#', 'HASH');
  const result = path.posix.join(path.posix.dirname(folderAndFile), file);
  assert(!path.posix.isAbsolute(result) && !result.startsWith('..'), `${result} is not below the root`);
  return result;
}

/** Fields of a data ID; what is undefined is left out. */
export function fieldsOf(dataId: DataId): TemplateFields {
  return Object.fromEntries(Object.entries(dataId).filter((entry): entry is [string, string | number] => entry[1] !== undefined));
}

/** An optional field that is missing takes with it the text before it, back to the field or slash before that. */
function filled(template: string, values: TemplateFields): string {
  let text = '';
  let end = 0;
  for (const match of template.matchAll(/\{([^:}]+)(?::([?/]))?\}/g)) {
    const literal = template.slice(end, match.index);
    end = match.index + match[0].length;
    const name = match[1]!.split('|').find(alternative => values[alternative] !== undefined);
    if (name === undefined) {
      assert(match[2] === '?', `no value for ${match[1]} in a file name`);
      text += literal.slice(0, literal.lastIndexOf('/') + 1);
    } else {
      const value = String(values[name]).replaceAll(/[ <>:"\\|?*]/g, '_');
      text += literal + (match[2] === '/' ? value : value.replaceAll('/', '_'));
    }
  }
  return text + template.slice(end);
}
