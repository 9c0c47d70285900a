/** Alert packets of schema 11.0 of Rubin's `lsst.alert.packet` as Avro: container files and single framed packets. */
import type { Alert, AlertBatch, AlertCell, AlertCutout, AlertRecord } from '../model/alert.ts';
import { cutoutFits } from './alertCutout.ts';
import { framed } from './alertPackets.ts';
import { ALERT_FIELDS, ALERT_SCHEMA, ALERT_SCHEMA_ID, type AlertField } from './alertSchema.ts';
import { avroType, readAvro, writeAvro } from './avroContainer.ts';

const ALERT = avroType(ALERT_SCHEMA);

/**
 * All alerts of a visit and detector as an Avro object container with the schema embedded, uncompressed. The same
 * alerts give the same bytes.
 * @throws TypeError when a record lacks a field that may not be null.
 */
export function writeAlerts(batch: AlertBatch): Uint8Array {
  return writeAvro(ALERT_SCHEMA, batch.alerts.map(alertBytes));
}

/**
 * Alerts of a container, ours or foreign (any schema). Longs are BigInt, byte fields Buffers.
 * @throws ApError BAD_FORMAT, FILE_TRUNCATED.
 */
export function readAlerts(bytes: Uint8Array): { schema: unknown; alerts: Record<string, unknown>[] } {
  const { schema, records } = readAvro(bytes);
  return { schema, alerts: records };
}

/** One alert as it goes over the wire: a zero byte, the schema id as a big-endian int32, the Avro record. */
export function encodePacket(alert: Alert): Uint8Array {
  return framed(ALERT_SCHEMA_ID, alertBytes(alert));
}

function alertBytes(alert: Alert): Buffer {
  const records = (list: readonly AlertRecord[] | null, name: 'diaSource' | 'diaForcedSource'): unknown =>
    list === null ? null : list.map(record => avroRecord(record, name));
  const record = (part: AlertRecord | null, name: keyof typeof ALERT_FIELDS): unknown => (part === null ? null : avroRecord(part, name));
  const cutout = (stamp: AlertCutout | null): Buffer | null => (stamp === null ? null : Buffer.from(cutoutFits(stamp)));
  return ALERT.toBuffer({
    diaSourceId: alert.diaSourceId, observation_reason: alert.observation_reason, target_name: alert.target_name,
    diaSource: avroRecord(alert.diaSource, 'diaSource'),
    prvDiaSources: records(alert.prvDiaSources, 'diaSource'),
    prvDiaForcedSources: records(alert.prvDiaForcedSources, 'diaForcedSource'),
    diaObject: record(alert.diaObject, 'diaObject'), ssSource: record(alert.ssSource, 'ssSource'), mpc_orbits: record(alert.mpc_orbits, 'mpc_orbits'),
    cutoutDifference: cutout(alert.cutoutDifference), cutoutScience: cutout(alert.cutoutScience),
    cutoutTemplate: cutout(alert.cutoutTemplate),
  });
}

/** The fields of the schema; what else the record holds (such as pixelId) is not for the world. */
function avroRecord(record: AlertRecord, name: keyof typeof ALERT_FIELDS): Record<string, AlertCell> {
  const out: Record<string, AlertCell> = {};
  for (const field of ALERT_FIELDS[name]) out[field.name] = avroCell(field, record[field.name] ?? null, name);
  return out;
}

function avroCell({ name, avro, nullable }: AlertField, value: AlertCell, where: string): AlertCell {
  if (value === null) {
    if (nullable) return null;
    throw new TypeError(`alert record ${where}: ${name} has no value`);
  }
  if (typeof avro === 'object') return BigInt(value);
  switch (avro) {
    case 'long': return BigInt(value);
    case 'boolean': return Boolean(value);
    case 'string': return String(value);
    default: return Number(value);
  }
}
