import { expect } from 'chai';
import fc from 'fast-check';
import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib';
import { openAvro, avroType, readAvro, writeAvro } from '../../src/formats/avroContainer.ts';
import { avroReader, tapOf } from '../../src/formats/avroDecoder.ts';
import { snappyCompress } from '../../src/formats/snappy.ts';
import { ApError, type ErrorCode } from '../../src/model/errors.ts';

const decode = (schema: unknown, bytes: readonly number[] | Uint8Array): unknown => avroReader(schema)(tapOf(Uint8Array.from(bytes)));

/** Zigzag varint of up to 64 bits, straight from the specification. */
function varint(value: bigint): number[] {
  const out: number[] = [];
  for (let n = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)); ; n >>= 7n) {
    out.push(Number(n & 127n) | (n > 127n ? 128 : 0));
    if (n <= 127n) return out;
  }
}

function refusal(action: () => unknown): ErrorCode {
  try {
    action();
  } catch (error) {
    if (error instanceof ApError) return error.code;
    throw error;
  }
  throw new Error('not refused');
}

/** The one block of a container, its parts as given. */
interface Block { readonly count: bigint; readonly data: Uint8Array; readonly codec?: string; readonly size?: bigint }

function container(schema: unknown, block: Block): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.from(varint(BigInt(Buffer.byteLength(value)))), Buffer.from(value)]);
  const sync = Buffer.alloc(16, 7);
  return Buffer.concat([
    Buffer.from('Obj\u0001\u0004', 'latin1'), text('avro.codec'), text(block.codec ?? 'null'), text('avro.schema'), text(JSON.stringify(schema)), Buffer.of(0), sync,
    Buffer.from(varint(block.count)), Buffer.from(varint(block.size ?? BigInt(block.data.length))), block.data, sync,
  ]);
}

describe('formats/avroDecoder', () => {
  it('reads every 64-bit integer exactly', () => fc.assert(fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), value => {
    expect(decode('long', varint(value))).to.equal(value);
  }), { seed: 7 }));
  for (const value of [0n, -1n, 63n, -64n, 64n, 2n ** 48n, -(2n ** 48n) - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
    it(`long ${value}`, () => expect(decode('long', varint(value))).to.equal(value));
  }

  it('reads what avsc writes, for all kinds of types', () => {
    const schema = {
      type: 'record', name: 'r', namespace: 'n.s', fields: [
        { name: 'a', type: 'int' }, { name: 'b', type: ['null', 'float'] }, { name: 'c', type: { type: 'array', items: 'double' } },
        { name: 'd', type: { type: 'map', values: 'string' } }, { name: 'e', type: { type: 'enum', name: 'e', symbols: ['X', 'Y'] } },
        { name: 'f', type: { type: 'fixed', name: 'f', size: 3 } }, { name: 'g', type: ['null', 'r'] }, { name: 'h', type: 'bytes' }, { name: 'i', type: 'boolean' },
        { name: 'j', type: { type: 'long', logicalType: 'timestamp-micros' } }, { name: 'k', type: ['null', { type: 'array', items: 'e' }] },
      ],
    };
    const value = (g: unknown): object => ({
      a: -7, b: 1.5, c: [1 / 3, NaN], d: { x: 'ä', __proto__x: '' }, e: 'Y', f: Buffer.from('abc'), g, h: Buffer.of(0, 255), i: true, j: 2n ** 60n, k: ['X', 'Y'],
    });
    const type = avroType(schema);
    const tap = tapOf(type.toBuffer(value({ ...value(null), b: null })));
    expect(JSON.stringify(avroReader(schema)(tap), replacer)).to.equal(JSON.stringify(value({ ...value(null), b: null }), replacer));
    expect(tap.at).to.equal(tap.bytes.length);
  });
  const replacer = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? `${v}n` : v);

  it('reads blocks of an array with their sizes', () => {
    // Two blocks: count -2 and size 2; count 1; end.
    expect(decode({ type: 'array', items: 'int' }, [...varint(-2n), ...varint(2n), 2, 4, ...varint(1n), 6, 0])).to.deep.equal([1, 2, 3]);
  });
  it('a map key __proto__ stays a key', () => {
    const map = decode({ type: 'map', values: 'int' }, [2, 18, ...Buffer.from('__proto__'), 2, 0]) as object;
    expect(Object.getOwnPropertyNames(map)).to.deep.equal(['__proto__']);
  });

  describe('refuses at once', () => {
    const huge = varint(2n ** 62n);
    const arrayOf = (items: unknown): unknown => ({ type: 'array', items });
    const node = { type: 'record', name: 'n', fields: [{ name: 'next', type: ['null', 'n'] }] };
    const cases: readonly [string, unknown, readonly number[], ErrorCode][] = [
      ['a string of 2^62 bytes', 'string', huge, 'FILE_TRUNCATED'],
      ['an array of 2^62 items', arrayOf('double'), huge, 'FILE_TRUNCATED'],
      ['an array of -2^63 items', arrayOf('double'), [...varint(-(2n ** 63n)), 0], 'FILE_TRUNCATED'],
      ['a map of 2^62 entries', { type: 'map', values: 'int' }, huge, 'FILE_TRUNCATED'],
      ['2^62 items without bytes', arrayOf('null'), huge, 'BAD_FORMAT'],
      ['2^62 empty records', arrayOf({ type: 'record', name: 'e', fields: [] }), huge, 'BAD_FORMAT'],
      ['many arrays of many items without bytes', arrayOf(arrayOf('null')), [...varint(40n), ...Array.from({ length: 40 }, () => [...varint(900_000n), 0]).flat(), 0], 'BAD_FORMAT'],
      ['a negative length', 'bytes', varint(-1n), 'BAD_FORMAT'],
      ['a branch that is not there', ['null', 'int'], varint(2n), 'BAD_FORMAT'],
      ['a negative branch', ['null', 'int'], varint(-1n), 'BAD_FORMAT'],
      ['a symbol that is not there', { type: 'enum', name: 'e', symbols: ['A'] }, varint(1n), 'BAD_FORMAT'],
      ['a number of eleven bytes', 'long', Array.from({ length: 11 }, () => 255), 'BAD_FORMAT'],
      ['an int of 40 bits', 'int', varint(2n ** 40n), 'BAD_FORMAT'],
      ['a boolean that is 2', 'boolean', [2], 'BAD_FORMAT'],
      ['a list without end', node, Array.from({ length: 10_000 }, () => 2), 'BAD_FORMAT'],
      ['a cut double', 'double', [0, 0, 0], 'FILE_TRUNCATED'],
    ];
    for (const [name, schema, bytes, code] of cases) {
      it(name, () => {
        const start = performance.now();
        expect(refusal(() => decode(schema, bytes))).to.equal(code);
        expect(performance.now() - start).to.be.lessThan(1000);
      });
    }
    const schemas: readonly [string, unknown][] = [
      ['a type that nobody defined', 'nobody'], ['a number', 5], ['nothing', undefined], ['an empty union', []], ['a record without fields', { type: 'record', name: 'a' }],
      ['a record without a name', { type: 'record', fields: [] }], ['two records of one name', [{ type: 'fixed', name: 'a', size: 1 }, { type: 'fixed', name: 'a', size: 2 }]],
      ['a field without a type', { type: 'record', name: 'a', fields: [{ name: 'x' }] }], ['a field __proto__', { type: 'record', name: 'a', fields: [{ name: '__proto__', type: 'int' }] }],
      ['an array of nothing', { type: 'array' }], ['a negative size', { type: 'fixed', name: 'a', size: -1 }],
      ['a hundred levels', Array.from({ length: 100 }).reduce(inner => ({ type: 'array', items: inner }), 'int')],
      ['a type of itself', JSON.parse(`${'{"type":'.repeat(5000)}"int"${'}'.repeat(5000)}`)],
    ];
    for (const [name, schema] of schemas) it(`schema: ${name}`, () => expect(refusal(() => avroReader(schema))).to.equal('BAD_FORMAT'));
  });
});

describe('formats/avroContainer', () => {
  const schema = { type: 'array', items: 'long' };
  const data = Buffer.from([2, ...varint(2n ** 60n), 0]);
  const withCrc = (bytes: Uint8Array): Buffer => {
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(data));
    return Buffer.concat([bytes, crc]);
  };
  for (const [codec, stored] of [['null', data], ['deflate', deflateRawSync(data)], ['snappy', withCrc(snappyCompress(data))]] as const) {
    it(`codec ${codec}`, () => expect(readAvro(container(schema, { count: 1n, data: stored, codec })).records).to.deep.equal([[2n ** 60n]]));
  }
  it('codec zstandard where Node has it', function () {
    if (zstdCompressSync === undefined) {
      console.warn('      skipped: this Node has no zstandard');
      this.skip();
    }
    expect(readAvro(container(schema, { count: 1n, data: zstdCompressSync(data), codec: 'zstandard' })).records).to.deep.equal([[2n ** 60n]]);
  });
  it('decodes only what is asked for', () => {
    const records = [1, 2, 3].map(() => data);
    const file = Buffer.from(writeAvro(schema, records));
    const damaged = Buffer.from(file);
    damaged[file.length - 17] = 9;
    const { records: read } = openAvro(damaged);
    expect(read().next().value).to.deep.equal([2n ** 60n]);
    expect(refusal(() => [...read()])).to.be.oneOf(['BAD_FORMAT', 'FILE_TRUNCATED']);
  });
  const bomb = deflateRawSync(Buffer.alloc(300 * 2 ** 20));
  const refused: readonly [string, Buffer, ErrorCode][] = [
    ['2^62 records in a block', container(schema, { count: 2n ** 62n, data }), 'FILE_TRUNCATED'],
    ['2^62 empty records', container('null', { count: 2n ** 62n, data: Buffer.alloc(0) }), 'BAD_FORMAT'],
    ['a negative number of records', container(schema, { count: -1n, data }), 'FILE_TRUNCATED'],
    ['a block of 2^62 bytes', container(schema, { count: 1n, data, size: 2n ** 62n }), 'FILE_TRUNCATED'],
    ['300 MiB in a small block', container('bytes', { count: 1n, data: bomb, codec: 'deflate' }), 'BAD_FORMAT'],
    ['a Snappy block with another checksum', container(schema, { count: 1n, data: Buffer.concat([snappyCompress(data), Buffer.alloc(4)]), codec: 'snappy' }), 'BAD_FORMAT'],
    ['a codec with odd letters', container(schema, { count: 1n, data, codec: '\u001b[31m' }), 'BAD_FORMAT'],
  ];
  for (const [name, bytes, code] of refused) it(`refuses ${name}`, () => expect(refusal(() => readAvro(bytes))).to.equal(code));
});
