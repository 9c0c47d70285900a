/** What one image added to the association database: DIASources with their objects, forced sources. */
import * as types from '../../model/datasetTypes.ts';
import { column, numbers } from '../../model/table.ts';
import type { Table } from '../../model/table.ts';
import { tangentOffset_arcsec } from '../../sky/sphere.ts';
import { defineDigest } from '../measure.ts';

export interface ApdbRows {
  /** Object, time (MJD TAI), flux and its error (nJy): detections first, then forced measurements. */
  readonly diaObjectId: readonly bigint[];
  readonly mjd: Float64Array;
  readonly flux: Float64Array;
  readonly fluxErr: Float64Array;
  readonly isForced: Uint8Array;
  /** Of the detections: degrees, and distance from the object as it is after this image, arcsec; NaN when it has no row. */
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly separation_arcsec: Float64Array;
  readonly nDetections: number;
  /** Detections whose object is new with this image. */
  readonly nNew: number;
}

export const apdbRows = defineDigest({
  digest: 'apdbRows',
  inputs: { sources: types.diaSourceApdb, forced: types.diaForcedSourceApdb, objects: types.diaObjectApdb },
  compute({ sources, forced, objects }): ApdbRows {
    const both = (name: string): Float64Array => Float64Array.from([...numbers(sources, name), ...numbers(forced, name)]);
    const objectIds = Array.from(column(sources, 'diaObjectId', 'i64'));
    const rowOf = new Map(Array.from(column(objects, 'diaObjectId', 'i64'), (id, row) => [id, row]));
    const nSources = numbers(objects, 'nDiaSources');
    const [ra, dec] = [numbers(sources, 'ra'), numbers(sources, 'dec')];
    return {
      diaObjectId: [...objectIds, ...column(forced, 'diaObjectId', 'i64')], mjd: both('midpointMjdTai'), flux: both('psfFlux'), fluxErr: both('psfFluxErr'),
      isForced: Uint8Array.from({ length: sources.nRows + forced.nRows }, (_, i) => (i < sources.nRows ? 0 : 1)), ra, dec,
      separation_arcsec: separations(objectIds.map(id => rowOf.get(id) ?? -1), { ra, dec }, objects), nDetections: sources.nRows,
      nNew: objectIds.filter(id => { const row = rowOf.get(id); return row !== undefined && nSources[row] === 1; }).length,
    };
  },
});

function separations(rows: readonly number[], { ra, dec }: { ra: Float64Array; dec: Float64Array }, objects: Table): Float64Array {
  const [objectRa, objectDec] = [numbers(objects, 'ra'), numbers(objects, 'dec')];
  return Float64Array.from(rows, (row, i) => (row < 0 ? NaN
    : Math.hypot(...tangentOffset_arcsec(ra[i]!, dec[i]!, objectRa[row]!, objectDec[row]!))));
}
