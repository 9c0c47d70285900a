/**
 * The Arrow schema that Arrow-based readers (pyarrow, pandas, the Rubin butler) look for in the key `ARROW:schema` of a
 * Parquet file: an IPC message (Arrow format 1.4, metadata version 5) in base64. It carries what Parquet's own schema has no
 * place for, the unit and the description of each column.
 */
import type { ColumnType } from '../model/table.ts';

export const ARROW_SCHEMA_KEY = 'ARROW:schema';

export interface ArrowField {
  readonly name: string;
  readonly type: ColumnType;
  readonly isNullable: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

interface KeyValue { readonly key: string; readonly value: string }

/** FlatBuffers: a table with numbered slots, a text, or a vector of those. */
type Node = { readonly slots: readonly (Scalar | Node | null)[] } | { readonly text: string } | { readonly items: readonly Node[] };
interface Scalar { readonly bytes: 1 | 2 | 4 | 8; readonly value: number }

const u8 = (value: number): Scalar => ({ bytes: 1, value });
const i16 = (value: number): Scalar => ({ bytes: 2, value });
const i32 = (value: number): Scalar => ({ bytes: 4, value });
const i64 = (value: number): Scalar => ({ bytes: 8, value });

const METADATA_V5 = 4;
const HEADER_SCHEMA = 1;
/** Member of the union `Type` and its table. */
const ARROW_TYPE: Readonly<Record<ColumnType, readonly [number, Node]>> = {
  i32: [2, { slots: [i32(32), u8(1)] }], i64: [2, { slots: [i32(64), u8(1)] }],
  f32: [3, { slots: [i16(1)] }], f64: [3, { slots: [i16(2)] }], string: [5, { slots: [] }], bool: [6, { slots: [] }],
};

/**
 * Base64 of the message. `metadata` is that of the whole table: where there is an Arrow schema, pyarrow takes it from
 * there and no longer from the Parquet file itself.
 */
export function arrowSchemaText(fields: readonly ArrowField[], metadata: readonly KeyValue[]): string {
  const schema: Node = { slots: [i16(0), { items: fields.map(fieldNode) }, { items: metadata.map(pairNode) }] };
  const message = flatBuffer({ slots: [i16(METADATA_V5), u8(HEADER_SCHEMA), schema, i64(0)] });
  const bytes = Buffer.alloc(8 + message.length);
  bytes.writeUInt32LE(0xffffffff, 0);
  bytes.writeInt32LE(message.length, 4);
  bytes.set(message, 8);
  return bytes.toString('base64');
}

function fieldNode({ name, type, isNullable, metadata }: ArrowField): Node {
  const [member, node] = ARROW_TYPE[type];
  const pairs = Object.entries(metadata).map(([key, value]) => pairNode({ key, value }));
  const slots = [{ text: name }, u8(isNullable ? 1 : 0), u8(member), node, null, { items: [] }];
  return { slots: pairs.length === 0 ? slots : [...slots, { items: pairs }] };
}

function pairNode({ key, value }: KeyValue): Node {
  return { slots: [{ text: key }, { text: value }] };
}

/** Bytes of a FlatBuffer; every object lies behind the one that refers to it, at a multiple of 8. */
function flatBuffer(root: Node): Uint8Array {
  const out = { bytes: Buffer.alloc(1024), length: 4 };
  const at = place(root, out);
  out.bytes.writeUInt32LE(at, 0);
  return out.bytes.subarray(0, aligned(out.length));
}

interface Output { bytes: Buffer; length: number }

function aligned(position: number): number {
  return Math.ceil(position / 8) * 8;
}

function reserve(out: Output, n: number): number {
  const start = aligned(out.length);
  out.length = start + n;
  if (out.length + 8 > out.bytes.length) out.bytes = Buffer.concat([out.bytes, Buffer.alloc(out.bytes.length + n)]);
  return start;
}

/** Writes an object and all that it refers to; returns where it begins. */
function place(node: Node, out: Output): number {
  if ('text' in node) return placeText(node.text, out);
  if ('items' in node) {
    const at = reserve(out, 4 + 4 * node.items.length);
    out.bytes.writeUInt32LE(node.items.length, at);
    node.items.forEach((item, k) => refer(at + 4 + 4 * k, item, out));
    return at;
  }
  return placeTable(node.slots, out);
}

function placeText(text: string, out: Output): number {
  const bytes = Buffer.from(text);
  const at = reserve(out, 4 + bytes.length + 1);
  out.bytes.writeUInt32LE(bytes.length, at);
  out.bytes.set(bytes, at + 4);
  return at;
}

function placeTable(slots: readonly (Scalar | Node | null)[], out: Output): number {
  const offsets: number[] = [];
  let size = 4;
  for (const slot of slots) {
    const bytes = slot === null ? 0 : 'bytes' in slot ? slot.bytes : 4;
    if (bytes > 0) size = Math.ceil(size / bytes) * bytes;
    offsets.push(bytes === 0 ? 0 : size);
    size += bytes;
  }
  const vtable = reserve(out, 4 + 2 * slots.length);
  const at = reserve(out, size);
  out.bytes.writeUInt16LE(4 + 2 * slots.length, vtable);
  out.bytes.writeUInt16LE(size, vtable + 2);
  offsets.forEach((offset, k) => out.bytes.writeUInt16LE(offset, vtable + 4 + 2 * k));
  out.bytes.writeInt32LE(at - vtable, at);
  slots.forEach((slot, k) => {
    if (slot === null) return;
    if ('bytes' in slot) out.bytes.writeUIntLE(slot.value, at + offsets[k]!, Math.min(6, slot.bytes));
    else refer(at + offsets[k]!, slot, out);
  });
  return at;
}

function refer(from: number, node: Node, out: Output): void {
  const target = place(node, out);
  out.bytes.writeUInt32LE(target - from, from);
}
