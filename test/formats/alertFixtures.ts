/** Alerts of schema 11.0 in which every value differs. */
import { ALERT_FIELDS } from '../../src/formats/alertSchema.ts';
import type { Alert, AlertCell, AlertCutout, AlertRecord } from '../../src/model/alert.ts';

export const ID = 173409123456789013n;

/** A record of the schema; every value differs, the fields in `without` are absent. */
export function recordOf(name: keyof typeof ALERT_FIELDS, without: readonly string[] = []): AlertRecord {
  const cell = (avroName: unknown, k: number): AlertCell => {
    if (avroName === 'long' || typeof avroName === 'object') return ID + BigInt(k);
    if (avroName === 'string') return 'r';
    if (avroName === 'boolean') return k % 2 === 0;
    return avroName === 'int' ? k - 40 : k / 8;
  };
  const cells = ALERT_FIELDS[name].map((f, k) => [f.name, cell(f.avro, k)] as const).filter(([field]) => !without.includes(field));
  return Object.fromEntries(cells);
}

export const cutout: AlertCutout = {
  size: 3, image: Float32Array.from([1, 2, 3, 4, NaN, 6, 7, 8, 9]), variance: new Float32Array(9).fill(2), minX: 931, minY: -1,
  wcs: { projection: 'TAN', crpix: [1.2, 0.9], crval_deg: [149.85, 2.39], cd: [-7e-5, 1e-8, 2e-8, 7e-5] }, rotation_deg: 12.5,
  psf: { size: 1, data: Float64Array.of(1) },
};

export function alertOf(changes: Partial<Alert> = {}): Alert {
  return {
    diaSourceId: ID, observation_reason: 'survey', target_name: null, diaSource: recordOf('diaSource'),
    prvDiaSources: [recordOf('diaSource', ['snr', 'ssObjectId'])], prvDiaForcedSources: [recordOf('diaForcedSource'), recordOf('diaForcedSource')],
    diaObject: recordOf('diaObject'), ssSource: null, mpc_orbits: null, cutoutDifference: cutout, cutoutScience: null, cutoutTemplate: { ...cutout, psf: null }, ...changes,
  };
}
