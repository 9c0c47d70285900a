/** Pieces of an alert: records from table rows, and image stamps. */
import type { AlertCell, AlertCutout, AlertRecord } from '../../model/alert.ts';
import type { Exposure } from '../../model/image.ts';
import type { Table } from '../../model/table.ts';
import { localCd, pixelToSky, rotation_deg } from '../../sky/wcs.ts';
import { renderPsf } from '../psf/renderPsf.ts';

/** Identifiers of which 0 means "none". */
const NULLABLE_IDS = new Set(['diaObjectId', 'ssObjectId', 'parentDiaSourceId']);

/** One row as an alert record: NaN, empty text and absent identifiers become null, booleans true or false. */
export function alertRecord(table: Table, row: number): AlertRecord {
  return Object.fromEntries(Object.entries(table.columns).map(([name, c]): [string, AlertCell] => {
    const value = c.values[row]!;
    if (c.type === 'bool') return [name, value !== 0];
    if (c.type === 'f64' || c.type === 'f32') return [name, Number.isFinite(value) ? (value as number) : null];
    if (c.type === 'string') return [name, value === '' ? null : value];
    return [name, value === 0n && NULLABLE_IDS.has(name) ? null : value];
  }));
}

/**
 * Square stamp of `size` pixels whose pixel (floor(size / 2), floor(size / 2)) is nearest to (x, y). Pixels beyond
 * the image are NaN in both planes. Values in nJy (an exposure in other units is scaled by its photoCalib).
 * @returns null when (x, y) is outside the image or not a number, or the exposure has no WCS.
 */
export function alertCutout(exposure: Exposure, x: number, y: number, size: number): AlertCutout | null {
  const { width, height, wcs, psf } = exposure;
  const inside = x >= -0.5 && x < width - 0.5 && y >= -0.5 && y < height - 0.5;
  if (!inside || wcs === null) return null;
  const [minX, minY] = [Math.round(x) - Math.floor(size / 2), Math.round(y) - Math.floor(size / 2)];
  const scale = exposure.unit === 'nJy' ? 1 : (exposure.photoCalib?.calibration_nJy ?? NaN);
  const image = new Float32Array(size * size).fill(NaN);
  const variance = new Float32Array(size * size).fill(NaN);
  for (let j = Math.max(0, -minY); j < Math.min(size, height - minY); j++) {
    for (let i = Math.max(0, -minX); i < Math.min(size, width - minX); i++) {
      const at = (minY + j) * width + minX + i;
      image[j * size + i] = exposure.image[at]! * scale;
      variance[j * size + i] = exposure.variance[at]! * scale * scale;
    }
  }
  const stamp = psf === null ? null : renderPsf(psf, Math.round(x), Math.round(y));
  return {
    size, image, variance, minX, minY,
    wcs: {
      projection: 'TAN', crpix: [x - minX, y - minY], crval_deg: pixelToSky(wcs, x, y), cd: localCd(wcs, x, y),
    },
    rotation_deg: rotation_deg(wcs, x, y),
    psf: stamp === null ? null : { size: stamp.size, data: stamp.data },
  };
}
