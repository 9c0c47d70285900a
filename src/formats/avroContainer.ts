/** Avro object container files (specification 1.12): written with avsc, read by our own decoder; longs are BigInt. */
import { createHash } from 'node:crypto';
import { crc32, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import avro, { type Type } from 'avsc';
import { ApError } from '../model/errors.ts';
import { advance, avroMinBytes, avroReader, checkedCount, readBytes, readLong, tapOf, type AvroReader, type Tap } from './avroDecoder.ts';
import { snappyDecompress } from './snappy.ts';

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
/** A block that wants to be larger when it is inflated is refused. */
const MAX_PLAIN_BYTES = 2 ** 28;
const SYNC_BYTES = 16;

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

/** Parsing canonical form of a schema, as text; null when avsc does not accept the schema. */
export function canonicalForm(schema: unknown): string | null {
  try {
    return JSON.stringify(avroType(schema).schema());
  } catch {
    return null;
  }
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

/** A container that is being read: its schema as parsed JSON, and the records one after the other. */
export interface AvroFile {
  readonly schema: unknown;
  /** Decodes one block at a time. */
  records(): Generator<Record<string, unknown>, void>;
  /** The same with the bytes that each was read from. */
  encoded(): Generator<EncodedRecord, void>;
}

export interface EncodedRecord {
  readonly record: Record<string, unknown>;
  readonly bytes: Uint8Array;
}

/**
 * Opens a container; codecs null, deflate, snappy, and zstandard where this Node knows it.
 * @throws ApError BAD_FORMAT, FILE_TRUNCATED; so does the reading of the records.
 */
export function openAvro(bytes: Uint8Array): AvroFile {
  const tap = tapOf(bytes);
  const magic = tap.bytes.subarray(0, MAGIC.length);
  if (!magic.equals(MAGIC)) throw badAvro('byte 0', JSON.stringify(magic.toString('latin1')), 'Obj\\x01');
  advance(tap, MAGIC.length);
  const meta = META(tap) as Record<string, Buffer>;
  const from = advance(tap, SYNC_BYTES);
  const sync = tap.bytes.subarray(from, from + SYNC_BYTES);
  const schema = schemaOf(meta);
  const codec = meta['avro.codec']?.toString('latin1') ?? 'null';
  const blocks: Blocks = { sync, codec, read: avroReader(schema), minBytes: avroMinBytes(schema) };
  return { schema, records: () => onlyRecords(recordsOf({ ...tap }, blocks)), encoded: () => recordsOf({ ...tap }, blocks) };
}

const META = avroReader({ type: 'map', values: 'bytes' });

interface Blocks {
  readonly sync: Buffer;
  readonly codec: string;
  readonly read: AvroReader;
  readonly minBytes: number;
}

function* onlyRecords(encoded: Iterable<EncodedRecord>): Generator<Record<string, unknown>, void> {
  for (const { record } of encoded) yield record;
}

function* recordsOf(tap: Tap, { sync, codec, read, minBytes }: Blocks): Generator<EncodedRecord, void> {
  while (tap.at < tap.bytes.length) {
    const at = tap.at;
    const count = readLong(tap);
    const data = readBytes(tap);
    const marker = advance(tap, SYNC_BYTES);
    if (!tap.bytes.subarray(marker, tap.at).equals(sync)) throw badAvro(`block at byte ${at}`, 'another sync marker', sync.toString('hex'));
    const block = tapOf(plain(data, codec));
    const n = checkedCount(block, count, minBytes);
    for (let i = 0; i < n; i++) {
      const from = block.at;
      const record = read(block) as Record<string, unknown>;
      yield { record, bytes: block.bytes.subarray(from, block.at) };
    }
    if (block.at !== block.bytes.length) throw badAvro(`block at byte ${at}`, `${block.bytes.length - block.at} bytes behind ${n} records`, 'none');
  }
}

/** `openAvro` with all records in memory. */
export function readAvro(bytes: Uint8Array): { schema: unknown; records: Record<string, unknown>[] } {
  const { schema, records } = openAvro(bytes);
  return { schema, records: [...records()] };
}

function schemaOf(meta: Readonly<Record<string, Buffer>>): unknown {
  try {
    return JSON.parse(meta['avro.schema']?.toString('utf8') ?? '') as unknown;
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'Avro header, avro.schema', found: (cause as Error).message.slice(0, 200), expected: 'a schema' }, { cause });
  }
}

/** The data of a block without compression. */
function plain(data: Buffer, codec: string): Uint8Array {
  switch (codec) {
    case 'null': return data;
    case 'deflate': return inflated(() => inflateRawSync(data, { maxOutputLength: MAX_PLAIN_BYTES }));
    case 'snappy': return unsnapped(data);
    case 'zstandard':
      if (zstdDecompressSync !== undefined) return inflated(() => zstdDecompressSync(data, { maxOutputLength: MAX_PLAIN_BYTES }));
  }
  throw badAvro('header, avro.codec', JSON.stringify(codec.slice(0, 40)), 'null, deflate, snappy or zstandard');
}

function inflated(inflate: () => Buffer): Buffer {
  try {
    return inflate();
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'Avro block', found: (cause as Error).message, expected: 'compressed data of at most 256 MiB' }, { cause });
  }
}

/** Avro puts the CRC-32 of the plain data, big-endian, behind a Snappy block. */
function unsnapped(data: Buffer): Uint8Array {
  if (data.length < 4) throw badAvro('block', `${data.length} bytes`, 'Snappy data and a checksum');
  const bytes = snappyDecompress(data.subarray(0, -4), MAX_PLAIN_BYTES);
  if (crc32(bytes) !== data.readUInt32BE(data.length - 4)) throw badAvro('block', 'another CRC-32', 'that of the data');
  return bytes;
}

export function badAvro(where: string, found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where: `Avro ${where}`, found, expected });
}
