/**
 * Decoder of Avro binary (specification 1.12) for bytes of unknown origin. Every length and count is checked against
 * the bytes that are left before anything is allocated, nesting has a limit, and longs are BigInt: 64-bit ids are exact.
 */
import { ApError } from '../model/errors.ts';

/** Where in the bytes the decoder stands, and what it has spent of its limits. */
export interface Tap {
  readonly bytes: Buffer;
  at: number;
  depth: number;
  nEmptyItems: number;
}

export function tapOf(bytes: Uint8Array, at = 0): Tap {
  return { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), at, depth: 0, nEmptyItems: 0 };
}

/** Reads one value: records as plain objects, maps as objects without prototype, bytes and fixed as views of the same memory. */
export type AvroReader = (tap: Tap) => unknown;

/** Items that take no bytes (null, empty records) can be counted beyond all memory by a few bytes. */
const MAX_EMPTY_ITEMS = 1_000_000;
/** Levels of a schema, and of the values of one that contains itself. */
const MAX_DEPTH = 64;

interface Compiled {
  read: AvroReader;
  /** Fewest bytes that a value takes. */
  minBytes: number;
}

type Named = Map<string, Compiled>;

/**
 * The reader of a schema (parsed JSON). Logical types are read as what they are stored as; defaults and aliases do not
 * matter to a reader of the writer's own schema. Of two fields of one name, as some surveys have them, the last counts.
 * @throws ApError BAD_FORMAT when it is no schema. The reader throws FILE_TRUNCATED and BAD_FORMAT.
 */
export function avroReader(schema: unknown): AvroReader {
  return compile(schema, '', new Map(), 0).read;
}

/** Fewest bytes of a value of the schema: what a count of values may be checked against. */
export function avroMinBytes(schema: unknown): number {
  return compile(schema, '', new Map(), 0).minBytes;
}

const PRIMITIVES: Readonly<Record<string, Compiled>> = {
  null: { read: () => null, minBytes: 0 },
  boolean: { read: readBoolean, minBytes: 1 },
  int: { read: readInt, minBytes: 1 },
  long: { read: readLong, minBytes: 1 },
  float: { read: tap => tap.bytes.readFloatLE(advance(tap, 4)), minBytes: 4 },
  double: { read: tap => tap.bytes.readDoubleLE(advance(tap, 8)), minBytes: 8 },
  bytes: { read: readBytes, minBytes: 1 },
  string: { read: tap => readBytes(tap).toString('utf8'), minBytes: 1 },
};

function compile(schema: unknown, namespace: string, named: Named, level: number): Compiled {
  if (level > MAX_DEPTH) throw badSchema(`more than ${MAX_DEPTH} levels`, 'a flatter one');
  if (typeof schema === 'string') return PRIMITIVES[schema] ?? namedType(schema, namespace, named);
  if (Array.isArray(schema)) return compileUnion(schema, namespace, named, level);
  if (typeof schema !== 'object' || schema === null) throw badSchema(JSON.stringify(schema) ?? 'nothing', 'a type');
  const part = schema as Readonly<Record<string, unknown>>;
  switch (part.type) {
    case 'record': case 'error': return compileRecord(part, namespace, named, level);
    case 'enum': return compileEnum(part, namespace, named);
    case 'fixed': return compileFixed(part, namespace, named);
    case 'array': return compileArray(compile(part.items, namespace, named, level + 1));
    case 'map': return compileMap(compile(part.values, namespace, named, level + 1));
    default: return compile(part.type, namespace, named, level + 1);
  }
}

function namedType(name: string, namespace: string, named: Named): Compiled {
  const found = named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`) ?? named.get(name);
  if (found === undefined) throw badSchema(`type ${JSON.stringify(name.slice(0, 80))}`, 'a type that is defined before it is used');
  return found;
}

/** Registers a named type before its parts are compiled, as they may refer to it. */
function register(part: Readonly<Record<string, unknown>>, namespace: string, named: Named): { compiled: Compiled; inner: string } {
  if (typeof part.name !== 'string' || part.name === '') throw badSchema(`a ${String(part.type)} without a name`, 'a name');
  const space = typeof part.namespace === 'string' ? part.namespace : namespace;
  const full = part.name.includes('.') || space === '' ? part.name : `${space}.${part.name}`;
  if (named.has(full)) throw badSchema(`two types ${full.slice(0, 80)}`, 'names that differ');
  const compiled: Compiled = { read: () => null, minBytes: 0 };
  named.set(full, compiled);
  return { compiled, inner: full.slice(0, Math.max(0, full.lastIndexOf('.'))) };
}

function compileRecord(part: Readonly<Record<string, unknown>>, namespace: string, named: Named, level: number): Compiled {
  const { compiled, inner } = register(part, namespace, named);
  if (!Array.isArray(part.fields)) throw badSchema(`record ${String(part.name).slice(0, 80)} without fields`, 'a list of fields');
  const fields = part.fields.map((field: unknown) => {
    const { name, type } = (field ?? {}) as { name?: unknown; type?: unknown };
    if (typeof name !== 'string' || name === '' || name === '__proto__') throw badSchema(`a field ${JSON.stringify(name) ?? 'without a name'}`, 'a name');
    return { name, type: compile(type, inner, named, level + 1) };
  });
  const names = fields.map(f => f.name);
  const types = fields.map(f => f.type);
  compiled.minBytes = types.reduce((sum, t) => sum + t.minBytes, 0);
  compiled.read = tap => {
    if (++tap.depth > MAX_DEPTH) throw badValue(tap, `records ${MAX_DEPTH} deep`, 'fewer levels');
    const out: Record<string, unknown> = {};
    for (let k = 0; k < names.length; k++) out[names[k]!] = types[k]!.read(tap);
    tap.depth--;
    return out;
  };
  return compiled;
}

function compileEnum(part: Readonly<Record<string, unknown>>, namespace: string, named: Named): Compiled {
  const { compiled } = register(part, namespace, named);
  const { symbols } = part;
  if (!Array.isArray(symbols)) throw badSchema('an enum without symbols', 'a list of symbols');
  compiled.minBytes = 1;
  compiled.read = tap => {
    const index = Number(readLong(tap));
    if (index < 0 || index >= symbols.length) throw badValue(tap, `symbol ${index}`, `0 to ${symbols.length - 1}`);
    return String(symbols[index]);
  };
  return compiled;
}

function compileFixed(part: Readonly<Record<string, unknown>>, namespace: string, named: Named): Compiled {
  const { compiled } = register(part, namespace, named);
  const size = Number(part.size);
  if (!Number.isInteger(size) || size < 0) throw badSchema(`size ${String(part.size)}`, 'a number of bytes');
  compiled.minBytes = size;
  compiled.read = tap => {
    const from = advance(tap, size);
    return tap.bytes.subarray(from, from + size);
  };
  return compiled;
}

function compileUnion(branches: readonly unknown[], namespace: string, named: Named, level: number): Compiled {
  const types = branches.map(branch => compile(branch, namespace, named, level + 1));
  if (types.length === 0) throw badSchema('a union of nothing', 'at least one type');
  const minBytes = 1 + Math.min(...types.map(t => t.minBytes));
  return {
    minBytes,
    read: tap => {
      const branch = readLong(tap);
      if (branch < 0n || branch >= BigInt(types.length)) throw badValue(tap, `branch ${branch} of a union`, `0 to ${types.length - 1}`);
      return types[Number(branch)]!.read(tap);
    },
  };
}

function compileArray(item: Compiled): Compiled {
  const read: AvroReader = tap => {
    const out: unknown[] = [];
    for (let count = blockCount(tap, item.minBytes); count > 0; count = blockCount(tap, item.minBytes)) {
      for (let k = 0; k < count; k++) out.push(item.read(tap));
    }
    return out;
  };
  return { read, minBytes: 1 };
}

function compileMap(value: Compiled): Compiled {
  const read: AvroReader = tap => {
    const out = Object.create(null) as Record<string, unknown>;
    for (let count = blockCount(tap, value.minBytes + 1); count > 0; count = blockCount(tap, value.minBytes + 1)) {
      for (let k = 0; k < count; k++) {
        const key = readBytes(tap).toString('utf8');
        out[key] = value.read(tap);
      }
    }
    return out;
  };
  return { read, minBytes: 1 };
}

/** Items in the next block of an array or map; 0 at its end. A negative count is followed by the size of the block. */
function blockCount(tap: Tap, minBytes: number): number {
  let count = readLong(tap);
  if (count < 0n) {
    count = -count;
    readLong(tap);
  }
  return checkedCount(tap, count, minBytes);
}

/**
 * A count as a number, when the bytes that are left can hold so many values.
 * @throws ApError FILE_TRUNCATED, BAD_FORMAT.
 */
export function checkedCount(tap: Tap, count: bigint, minBytes: number): number {
  const left = tap.bytes.length - tap.at;
  if (minBytes === 0) {
    if (count < 0n || count + BigInt(tap.nEmptyItems) > BigInt(MAX_EMPTY_ITEMS)) {
      throw badValue(tap, `${count} items without bytes`, `at most ${MAX_EMPTY_ITEMS}`);
    }
    tap.nEmptyItems += Number(count);
  } else if (count < 0n || count * BigInt(minBytes) > BigInt(left)) {
    throw truncated(tap, `${count} items in ${left} bytes`);
  }
  return Number(count);
}

/** Zigzag varint of at most ten bytes. */
export function readLong(tap: Tap): bigint {
  const { bytes } = tap;
  let low = 0;
  for (let k = 0; k < 7; k++) {
    const byte = bytes[tap.at];
    if (byte === undefined) throw truncated(tap, 'the end of the data');
    tap.at++;
    low += (byte & 127) * 2 ** (7 * k);
    if (byte < 128) {
      const half = Math.floor(low / 2);
      return BigInt(low % 2 === 0 ? half : -half - 1);
    }
  }
  let unsigned = BigInt(low);
  for (let k = 7n; k < 10n; k++) {
    const byte = bytes[tap.at];
    if (byte === undefined) throw truncated(tap, 'the end of the data');
    tap.at++;
    unsigned |= BigInt(byte & 127) << (7n * k);
    if (byte < 128) return BigInt.asIntN(64, (unsigned >> 1n) ^ -(unsigned & 1n));
  }
  throw badValue(tap, 'a number of more than ten bytes', 'a 64-bit integer');
}

export function readBytes(tap: Tap): Buffer {
  const length = readLong(tap);
  if (length < 0n) throw badValue(tap, `a length of ${length}`, 'at least 0');
  if (length > BigInt(tap.bytes.length - tap.at)) throw truncated(tap, `${length} bytes announced, ${tap.bytes.length - tap.at} left`);
  const from = advance(tap, Number(length));
  return tap.bytes.subarray(from, tap.at);
}

function readBoolean(tap: Tap): boolean {
  const byte = tap.bytes[advance(tap, 1)]!;
  if (byte > 1) throw badValue(tap, `byte ${byte} as a boolean`, '0 or 1');
  return byte === 1;
}

function readInt(tap: Tap): number {
  const value = Number(readLong(tap));
  if (value !== (value | 0)) throw badValue(tap, String(value), 'a 32-bit integer');
  return value;
}

/** Start of the next `size` bytes; the tap moves behind them. */
export function advance(tap: Tap, size: number): number {
  const from = tap.at;
  if (from + size > tap.bytes.length) throw truncated(tap, `${tap.bytes.length - from} bytes`);
  tap.at = from + size;
  return from;
}

function truncated(tap: Tap, found: string): ApError {
  return new ApError('FILE_TRUNCATED', { where: `Avro data, byte ${tap.at}`, found, expected: 'more' });
}

function badValue(tap: Tap, found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where: `Avro data, byte ${tap.at}`, found, expected });
}

function badSchema(found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where: 'Avro schema', found, expected });
}
