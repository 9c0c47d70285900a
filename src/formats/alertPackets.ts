/**
 * Alert packets as they arrive: Avro object containers, and single records behind the Confluent header (a zero byte and
 * the id of the schema). Rubin's schemas are known by their id, those of other surveys come with the container or a file.
 */
import { gunzipSync } from 'node:zlib';
import { ApError } from '../model/errors.ts';
import { badAvro, canonicalForm, openAvro } from './avroContainer.ts';
import { avroReader, tapOf, type AvroReader } from './avroDecoder.ts';
import { alertSchemaOf, ALERT_SCHEMA_IDS } from './alertVersions.ts';
import { isGzipped } from './fits/index.ts';

/** Bytes of the Confluent header: 0, then the schema id as a big-endian int32. */
export const HEADER_BYTES = 5;

export type AlertPacketRecord = Readonly<Record<string, unknown>>;

export interface PacketFile {
  readonly form: 'container' | 'framed';
  /** Id in the Confluent header; null for a container. */
  readonly schemaId: number | null;
  readonly schema: unknown;
  /** `Rubin 9.0` for Rubin's schemas, else the name of the record. */
  readonly title: string;
  /** Decoded when they are asked for; longs are BigInt, bytes Buffers on the memory of the file. */
  alerts(): Iterable<AlertPacketRecord>;
  /** The same with the Avro bytes of each record, without header. */
  encoded(): Iterable<{ readonly record: AlertPacketRecord; readonly bytes: Uint8Array }>;
}

/** A schema for an id, before the known ones are asked; undefined: not known here. */
export type SchemaFinder = (id: number) => unknown;

/**
 * The packets of a file: a container, a framed packet, or either of them gzipped.
 * @throws ApError BAD_FORMAT for anything else and for a schema id without a schema, FILE_TRUNCATED.
 */
export function openPackets(bytes: Uint8Array, find: SchemaFinder = () => undefined): PacketFile {
  if (isGzipped(bytes)) return openPackets(gunzipped(bytes), find);
  if (bytes.length === 0) throw new ApError('FILE_TRUNCATED', { where: 'alert packet', found: 'no bytes', expected: 'an Avro container or a framed packet' });
  if (bytes[0] !== 0) {
    const { schema, records, encoded } = openAvro(bytes);
    return { form: 'container', schemaId: null, schema, title: titleOf(schema), alerts: records, encoded };
  }
  const id = schemaIdOf(bytes);
  const schema = find(id) ?? alertSchemaOf(id);
  if (schema === undefined) {
    throw new ApError('BAD_FORMAT', {
      where: 'packet, schema id', found: id, expected: `one of ${ALERT_SCHEMA_IDS.join(', ')}`, todo: 'give the schema with --schema',
    });
  }
  const read = find(id) === undefined ? knownReader(id, schema) : avroReader(schema);
  const alerts = (): AlertPacketRecord[] => [decodeFramed(bytes, read)];
  const encoded: PacketFile['encoded'] = () => alerts().map(record => ({ record, bytes: bytes.subarray(HEADER_BYTES) }));
  return { form: 'framed', schemaId: id, schema, title: titleOf(schema), alerts, encoded };
}

/** The record behind a Confluent header. */
export function framed(schemaId: number, record: Uint8Array): Uint8Array {
  const packet = Buffer.alloc(HEADER_BYTES + record.length);
  packet.writeInt32BE(schemaId, 1);
  packet.set(record, HEADER_BYTES);
  return packet;
}

/**
 * Id of the schema of a file: that of its header, or that of Rubin's version when a container has exactly that schema
 * (Avro's parsing canonical form, namespace included); null: not known.
 */
export function wireSchemaId({ schemaId, schema, title }: PacketFile): number | null {
  if (schemaId !== null) return schemaId;
  const [, major, minor] = /^Rubin (\d+)\.(\d+)$/.exec(title) ?? [];
  const id = 100 * Number(major) + Number(minor);
  const known = alertSchemaOf(id);
  return known !== undefined && canonicalForm(known) === canonicalForm(schema) ? id : null;
}

function titleOf(schema: unknown): string {
  if (typeof schema !== 'object' || schema === null) return '';
  const name = fullName(schema as Readonly<Record<string, unknown>>, '');
  const rubin = /^lsst\.v(\d+)_(\d+)\.alert$/.exec(name);
  return rubin === null ? name : `Rubin ${rubin[1]}.${rubin[2]}`;
}

/** A gzipped file may not grow beyond this. */
const MAX_GUNZIPPED_BYTES = 2 ** 30;

function gunzipped(bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_GUNZIPPED_BYTES });
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'gzip stream', found: (cause as Error).message, expected: 'a whole stream of at most 1 GiB' }, { cause });
  }
}

const readers = new Map<number, AvroReader>();

function knownReader(id: number, schema: unknown): AvroReader {
  const reader = readers.get(id) ?? avroReader(schema);
  readers.set(id, reader);
  return reader;
}

function schemaIdOf(bytes: Uint8Array): number {
  if (bytes.length < HEADER_BYTES) throw new ApError('FILE_TRUNCATED', { where: 'packet header', found: `${bytes.length} bytes`, expected: `${HEADER_BYTES}` });
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(1);
}

function decodeFramed(bytes: Uint8Array, read: AvroReader): AlertPacketRecord {
  const tap = tapOf(bytes, HEADER_BYTES);
  const record = read(tap);
  if (tap.at !== bytes.length) throw badAvro('packet', `${bytes.length - tap.at} bytes behind the record`, 'none');
  if (typeof record !== 'object' || record === null) throw badAvro('packet', typeof record, 'a record');
  return record as AlertPacketRecord;
}

/**
 * One schema from files of which each defines one record and names others (ZTF and Rubin keep them so).
 * @param files parsed JSON of all files, in any order. @param root name of the outer record, with or without namespace.
 * @throws ApError BAD_FORMAT when the root or a named record is not there.
 */
export function joinedSchema(files: readonly unknown[], root = 'alert'): unknown {
  const byName = new Map<string, Readonly<Record<string, unknown>>>();
  for (const file of files) {
    if (typeof file === 'object' && file !== null && !Array.isArray(file)) byName.set(fullName(file as Record<string, unknown>, ''), file as Record<string, unknown>);
  }
  const rootName = [...byName.keys()].find(name => name === root || name.endsWith(`.${root}`));
  if (rootName === undefined) {
    throw new ApError('BAD_FORMAT', { where: 'Avro schema files', found: [...byName.keys()].join(', ').slice(0, 200) || 'no record', expected: `a record ${root}` });
  }
  const seen = new Set<string>();
  const join = (type: unknown, namespace: string): unknown => {
    if (Array.isArray(type)) return type.map(part => join(part, namespace));
    if (typeof type === 'string') {
      const full = byName.has(type) ? type : `${namespace}.${type}`;
      const found = byName.get(full);
      return found === undefined || seen.has(full) ? type : join(found, namespace);
    }
    if (typeof type !== 'object' || type === null) return type;
    const part = type as Readonly<Record<string, unknown>>;
    if (part.type === 'array') return { ...part, items: join(part.items, namespace) };
    if (part.type === 'map') return { ...part, values: join(part.values, namespace) };
    if (part.type !== 'record' || !Array.isArray(part.fields)) return part;
    const full = fullName(part, namespace);
    seen.add(full);
    const inner = full.slice(0, Math.max(0, full.lastIndexOf('.')));
    return { ...part, fields: part.fields.map((field: Record<string, unknown>) => ({ ...field, type: join(field.type, inner) })) };
  };
  return join(byName.get(rootName), '');
}

function fullName(part: Readonly<Record<string, unknown>>, namespace: string): string {
  const name = String(part.name);
  const space = typeof part.namespace === 'string' ? part.namespace : namespace;
  return name.includes('.') || space === '' ? name : `${space}.${name}`;
}
