/** Avro object container files (specification 1.12) on avsc; longs are BigInt, so that 64-bit ids are exact. */
import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import avro, { type Type } from 'avsc';
import { ApError } from '../model/errors.ts';

const MAGIC = Buffer.from('Obj\u0001', 'latin1');
const HEADER = avro.Type.forSchema({
  type: 'record', name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: 4 } as never }, { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: 16 } as never },
  ],
});
const BLOCK = avro.Type.forSchema({
  type: 'record', name: 'Block',
  fields: [
    { name: 'count', type: 'long' }, { name: 'data', type: 'bytes' }, { name: 'sync', type: { type: 'fixed', name: 'BlockSync', size: 16 } as never },
  ],
});
/** A block is closed when it has grown to this. */
const BLOCK_BYTES = 2 ** 20;

const BIGINT_LONG = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
  toBuffer: (value: bigint) => { const bytes = Buffer.alloc(8); bytes.writeBigInt64LE(value); return bytes; },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

/** The type of a schema in JSON form, every long a BigInt. */
export function avroType(schema: unknown): Type {
  return avro.Type.forSchema(withoutDefaults(schema) as never, {
    omitRecordMethods: true,
    typeHook: part => (part === 'long' || (part as { type?: unknown }).type === 'long' ? BIGINT_LONG : undefined),
  });
}

/** Data that are read by the schema they were written with need no defaults, and those of some surveys are not valid. */
function withoutDefaults(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutDefaults);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.entries(schema).map(([key, value]): [string, unknown] => {
    if (key === 'fields' && Array.isArray(value)) return [key, value.map(field => withoutDefaults({ ...field, default: undefined }))];
    return [key, ['type', 'items', 'values'].includes(key) ? withoutDefaults(value) : value];
  });
  return Object.fromEntries(parts.filter(([, value]) => value !== undefined));
}

/**
 * A container of encoded records, uncompressed. The sync marker is made from the content, so that the same records
 * give the same bytes.
 */
export function writeAvro(schema: unknown, records: readonly Uint8Array[]): Uint8Array {
  const schemaBytes = Buffer.from(JSON.stringify(schema));
  const hash = createHash('sha256').update(schemaBytes);
  for (const record of records) hash.update(record);
  const sync = hash.digest().subarray(0, 16);
  const header = HEADER.toBuffer({ magic: MAGIC, meta: { 'avro.codec': Buffer.from('null'), 'avro.schema': schemaBytes }, sync });
  return Buffer.concat([header, ...blocks(records).map(part => BLOCK.toBuffer({ count: part.length, data: Buffer.concat(part), sync }))]);
}

function blocks(records: readonly Uint8Array[]): Uint8Array[][] {
  const parts: Uint8Array[][] = [];
  let bytes = Infinity;
  for (const record of records) {
    if (bytes >= BLOCK_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(record);
    bytes += record.length;
  }
  return parts;
}

/**
 * Schema (parsed JSON) and records of a container; codecs null and deflate.
 * @throws ApError BAD_FORMAT, FILE_TRUNCATED.
 */
export function readAvro(bytes: Uint8Array): { schema: unknown; records: Record<string, unknown>[] } {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!file.subarray(0, 4).equals(MAGIC)) throw badAvro('byte 0', JSON.stringify(file.toString('latin1', 0, 4)), 'Obj\\x01');
  const header = decoded(HEADER, file, 0, 'header');
  const { meta, sync } = header.value as { meta: Record<string, Buffer>; sync: Buffer };
  const { schema, type } = schemaOf(meta);
  const codec = meta['avro.codec']?.toString() ?? 'null';
  const records: Record<string, unknown>[] = [];
  let at = header.offset;
  while (at < file.length) {
    const block = decoded(BLOCK, file, at, `block at byte ${at}`);
    const { count, data, sync: marker } = block.value as { count: number; data: Buffer; sync: Buffer };
    if (!marker.equals(sync)) throw badAvro(`block at byte ${at}`, 'another sync marker', sync.toString('hex'));
    readRecords(type, plain(data, codec), count, records);
    at = block.offset;
  }
  return { schema, records };
}

function schemaOf(meta: Readonly<Record<string, Buffer>>): { schema: unknown; type: Type } {
  try {
    const schema = JSON.parse(meta['avro.schema']?.toString('utf8') ?? '') as unknown;
    return { schema, type: avroType(schema) };
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'Avro header, avro.schema', found: String((cause as Error).message).slice(0, 200), expected: 'a schema' }, { cause });
  }
}

function plain(data: Buffer, codec: string): Buffer {
  if (codec === 'null') return data;
  if (codec !== 'deflate') throw badAvro('header, avro.codec', codec, 'null or deflate');
  try {
    return inflateRawSync(data);
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'Avro block', found: String((cause as Error).message), expected: 'deflated data' }, { cause });
  }
}

function readRecords(type: Type, data: Buffer, count: number, records: Record<string, unknown>[]): void {
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { value, offset } = decoded(type, data, at, `record ${records.length}`);
    records.push(value as Record<string, unknown>);
    at = offset;
  }
  if (at !== data.length) throw badAvro('block', `${data.length - at} bytes behind ${count} records`, 'none');
}

/** One value; avsc says with a negative offset that the bytes end before it does. */
export function decoded(type: Type, bytes: Buffer, at: number, where: string): { value: unknown; offset: number } {
  let result: { value: unknown; offset: number };
  try {
    result = type.decode(bytes, at) as { value: unknown; offset: number };
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: `Avro ${where}`, found: String((cause as Error).message), expected: 'data of its schema' }, { cause });
  }
  if (result.offset >= 0) return result;
  throw new ApError('FILE_TRUNCATED', { where: `Avro ${where}`, found: `${bytes.length - at} bytes`, expected: 'more' });
}

export function badAvro(where: string, found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where: `Avro ${where}`, found, expected });
}
