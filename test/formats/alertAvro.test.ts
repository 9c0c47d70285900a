import avro from 'avsc';
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { encodePacket, readAlerts, writeAlerts } from '../../src/formats/alertAvro.ts';
import { openPackets } from '../../src/formats/alertPackets.ts';
import { ALERT_FIELDS, ALERT_SCHEMA } from '../../src/formats/alertSchema.ts';
import { avroType } from '../../src/formats/avroContainer.ts';
import { imageAsFloat32, imageAsFloat64, readFits } from '../../src/formats/fits/index.ts';
import type { Alert, AlertRecord } from '../../src/model/alert.ts';
import { ApError, type ErrorCode } from '../../src/model/errors.ts';
import { alertOf, cutout, ID, recordOf } from './alertFixtures.ts';

const REAL = '../shared/data/alerts';
/** What a record must read back as: absent fields null, cutouts aside. */
function expected(alert: Alert): Record<string, unknown> {
  const filled = (record: AlertRecord, name: keyof typeof ALERT_FIELDS): AlertRecord =>
    Object.fromEntries(ALERT_FIELDS[name].map(f => [f.name, record[f.name] ?? null]));
  return {
    ...alert, diaSource: filled(alert.diaSource, 'diaSource'), prvDiaSources: alert.prvDiaSources?.map(r => filled(r, 'diaSource')) ?? null,
    prvDiaForcedSources: alert.prvDiaForcedSources?.map(r => filled(r, 'diaForcedSource')) ?? null,
    diaObject: alert.diaObject === null ? null : filled(alert.diaObject, 'diaObject'),
    ssSource: alert.ssSource === null ? null : filled(alert.ssSource, 'ssSource'),
    mpc_orbits: alert.mpc_orbits === null ? null : filled(alert.mpc_orbits, 'mpc_orbits'),
  };
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, v: unknown) =>
  key.startsWith('cutout') ? undefined : typeof v === 'bigint' ? `${v}n` : v));

const decodePacket = (bytes: Uint8Array): unknown => [...openPackets(bytes).alerts()][0];

const batch = (...alerts: Alert[]): Uint8Array => writeAlerts({ visit: 2026010100001, detector: 4, alerts });

function refusal(action: () => unknown): ErrorCode {
  try {
    action();
  } catch (error) {
    if (error instanceof ApError) return error.code;
    throw error;
  }
  throw new Error('not refused');
}

describe('formats/alertAvro', () => {
  const alert = alertOf();
  const bare = alertOf({ prvDiaSources: null, prvDiaForcedSources: [], diaObject: null, cutoutDifference: null, cutoutTemplate: null });

  it('alerts come back, ids exact, absent fields null', () => {
    const { schema, alerts } = readAlerts(batch(alert, bare));
    expect(schema).to.deep.equal(JSON.parse(JSON.stringify(ALERT_SCHEMA)));
    expect(alerts.map(plain)).to.deep.equal([alert, bare].map(expected).map(plain));
    expect(alerts[0]!.diaSourceId).to.equal(ID);
  });
  it('an alert of a solar-system object comes back, times as microseconds', () => {
    const moving = alertOf({
      prvDiaSources: null, prvDiaForcedSources: null, diaObject: null,
      ssSource: recordOf('ssSource', ['ephVmag']), mpc_orbits: recordOf('mpc_orbits', ['a_unc']),
    });
    const [back] = readAlerts(batch(moving)).alerts;
    expect(plain(back)).to.deep.equal(plain(expected(moving)));
    expect((back!.mpc_orbits as AlertRecord).created_at).to.be.a('bigint');
  });
  it('a packet comes back', () => expect(plain(decodePacket(encodePacket(alert)))).to.deep.equal(plain(expected(alert))));
  it('no alerts make an empty container', () => expect(readAlerts(batch()).alerts).to.deep.equal([]));
  it('columns of the database that are not in the schema stay out', () => {
    const more = alertOf({ diaSource: { ...alert.diaSource, pixelId: 5n, exposureTime: 30 } });
    expect(batch(more)).to.deep.equal(batch(alert));
  });
  it('a field that may not be null must be there', () => {
    expect(() => batch(alertOf({ diaSource: recordOf('diaSource', ['trailNdata']) }))).to.throw(TypeError, 'diaSource: trailNdata');
  });

  it('the container header is that of the Avro specification', () => {
    const bytes = Buffer.from(batch(alert));
    const schema = JSON.stringify(ALERT_SCHEMA);
    const length = 2 * Buffer.byteLength(schema);
    const varint = String.fromCharCode((length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14);
    // Lengths are zigzag varints: 2 entries 04, 10 letters 14, 4 letters 08, 11 letters 16; 00 ends the map.
    const header = `Obj\x01\x04\x14avro.codec\x08null\x16avro.schema${varint}${schema}\x00`;
    expect(bytes.toString('latin1', 0, header.length)).to.equal(header);
    expect(bytes.subarray(-16)).to.deep.equal(bytes.subarray(header.length, header.length + 16));
  });
  it('the same alerts give the same bytes, others another sync marker', () => {
    expect(batch(alertOf())).to.deep.equal(batch(alert));
    expect(batch(bare).slice(-16)).to.not.deep.equal(batch(alert).slice(-16));
  });
  it('many alerts make several blocks, which the stream decoder of avsc reads too', async () => {
    const many = Array.from({ length: 900 }, (_, k) => alertOf({ diaSourceId: ID + BigInt(k) }));
    const bytes = batch(...many);
    const decoder = new avro.streams.BlockDecoder({ parseHook: schema => avroType(schema) });
    const ids: unknown[] = [];
    decoder.on('data', (record: { diaSourceId: bigint }) => ids.push(record.diaSourceId));
    const done = new Promise((resolve, reject) => decoder.on('end', resolve).on('error', reject));
    decoder.end(Buffer.from(bytes));
    await done;
    expect(ids).to.deep.equal(many.map(a => a.diaSourceId));
    expect(readAlerts(bytes).alerts.map(a => a.diaSourceId)).to.deep.equal(ids);
    const marker = Buffer.from(bytes).subarray(-16);
    let markers = 0;
    const file = Buffer.from(bytes);
    for (let at = file.indexOf(marker); at >= 0; at = file.indexOf(marker, at + 16)) markers++;
    expect(markers).to.be.greaterThan(3);
  });

  describe('schema 11.0', () => {
    // Origin: fastavro fingerprint 'sha256' of the parsing canonical form of lsst.v11_0.alert.avsc (lsst.alert.packet).
    const FINGERPRINT = '9c2dfb211e03b51c3b64fe4105b6dd02aaa9c630ce788656c8cc9a155d468314';
    const canonical = (schema: unknown): string => JSON.stringify(avro.Type.forSchema(schema as never).schema());
    it('has the canonical form of the files of lsst.alert.packet', () => {
      expect(createHash('sha256').update(canonical(ALERT_SCHEMA)).digest('hex')).to.equal(FINGERPRINT);
    });
    it('a packet begins with 0 and the schema id', () => expect([...encodePacket(alert).subarray(0, 5)]).to.deep.equal([0, 0, 0, 0x04, 0x4c]));
    it('the sample alert of lsst.alert.packet has our schema and is read', function () {
      if (!existsSync(REAL)) {
        process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
        this.skip();
      }
      const { schema, alerts } = readAlerts(readFileSync(`${REAL}/lsst_schema/11_0/fakeAlert.avro`));
      expect(canonical(schema)).to.equal(canonical(ALERT_SCHEMA));
      expect(alerts).to.have.length(1);
      expect(alerts[0]!.diaSourceId).to.be.a('bigint');
    });
  });

  describe('cutouts', () => {
    const cutoutOf = (name: string): ReturnType<typeof readFits> => readFits(readAlerts(batch(alert)).alerts[0]![name] as Buffer);
    it('are CCDData files: image, variance, PSF', () => {
      const { hdus } = cutoutOf('cutoutDifference');
      expect(hdus.map(h => h.name)).to.deep.equal(['PRIMARY', 'UNCERT', 'PSFIMAGE']);
      expect([...imageAsFloat32(hdus[0]!)]).to.deep.equal([...cutout.image]);
      expect([...imageAsFloat32(hdus[1]!)]).to.deep.equal([...cutout.variance]);
      expect([...imageAsFloat64(hdus[2]!)]).to.deep.equal([1]);
      expect(hdus[1]!.header.UTYPE).to.equal('VarianceUncertainty');
      const { header } = hdus[0]!;
      expect(header).to.include({ CUTMINX: 930, CUTMINY: -2, BUNIT: 'nJy', ROTPA: 12.5, CRPIX1: 2.2, CRPIX2: 1.9, CRVAL1: 149.85, PC1_1: -7e-5, CDELT1: 1 });
      expect(header.CTYPE1).to.equal(undefined);
    });
    it('have no PSF HDU without a PSF, and are null where there is none', () => {
      expect(cutoutOf('cutoutTemplate').hdus.map(h => h.name)).to.deep.equal(['PRIMARY', 'UNCERT']);
      expect(readAlerts(batch(alert)).alerts[0]!.cutoutScience).to.equal(null);
    });
    it('have the cards of those that Rubin sent, and mean by CUTMIN what they mean', function () {
      const file = `${REAL}/lsst_hsc_cosmos/396895612567693.avro`;
      if (!existsSync(file)) {
        process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
        this.skip();
      }
      const real = readAlerts(readFileSync(file)).alerts[0]!;
      const [primary] = readFits(real.cutoutDifference as Buffer).hdus;
      const ours = cutoutOf('cutoutDifference').hdus[0]!.header;
      const keys = Object.keys(primary!.header).filter(key => !/^(LATPOLE|MJDREF|SIMPLE|EXTEND)$/.test(key));
      expect(Object.keys(ours)).to.include.members(keys);
      const { x, y } = real.diaSource as { x: number; y: number };
      const { CUTMINX, CUTMINY, CRPIX1, CRPIX2 } = primary!.header as Record<string, number>;
      // 1-based CRPIX of the source = its 0-based parent pixel - CUTMIN, so that CUTMIN = first parent pixel - 1.
      expect([x - CUTMINX!, y - CUTMINY!].map(v => v.toFixed(2))).to.deep.equal([CRPIX1!, CRPIX2!].map(v => v.toFixed(2)));
    });
  });

  describe('foreign containers', () => {
    for (const file of ['ztf_v33/1127107111615015007.avro', 'ztf_v4/2475433850015010009.avro', 'other/decam_alert.avro']) {
      it(`reads ${file}`, function () {
        if (!existsSync(REAL)) {
          process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
          this.skip();
        }
        const { alerts } = readAlerts(readFileSync(`${REAL}/${file}`));
        expect(alerts).to.have.length(1);
        expect(alerts[0]!.candid).to.be.a('bigint');
      });
    }
    const container = (codec: string, data: Buffer): Buffer => {
      const schema = Buffer.from('{"type": "array", "items": "long"}');
      const text = (value: Buffer): Buffer => Buffer.concat([Buffer.from([2 * value.length]), value]);
      const sync = Buffer.alloc(16, 7);
      return Buffer.concat([
        Buffer.from('Obj\x01\x04', 'latin1'), ...['avro.codec', codec, 'avro.schema'].map(t => text(Buffer.from(t))), text(schema), Buffer.of(0), sync,
        Buffer.of(2), text(data), sync,
      ]);
    };
    // One array of the long 3: count 1, value 3, end.
    const data = Buffer.of(2, 6, 0);
    for (const [codec, stored] of [['null', data], ['deflate', deflateRawSync(data)]] as const) {
      it(`codec ${codec}`, () => expect(readAlerts(container(codec, stored)).alerts).to.deep.equal([[3n]]));
    }
    it('another codec is named', () => expect(() => readAlerts(container('bzip2', data))).to.throw(ApError, 'bzip2'));
  });

  describe('damage', () => {
    const bytes = batch(alert);
    const packet = encodePacket(alert);
    it('truncation', () => {
      for (let length = 0; length < bytes.length - 1; length += 499) {
        expect(refusal(() => readAlerts(bytes.subarray(0, length))), `${length}`).to.be.oneOf(['FILE_TRUNCATED', 'BAD_FORMAT']);
        const part = packet.subarray(0, Math.min(length, packet.length - 1));
        expect(refusal(() => decodePacket(part)), `${length}`).to.equal('FILE_TRUNCATED');
      }
    });
    it('another sync marker', () => {
      const damaged = Buffer.from(bytes);
      damaged[bytes.length - 1]! ^= 1;
      expect(refusal(() => readAlerts(damaged))).to.equal('BAD_FORMAT');
    });
    for (const [name, at, value] of [['magic byte', 0, 1], ['schema id', 4, 1]] as const) {
      it(`another ${name} of a packet`, () => {
        const damaged = Buffer.from(packet);
        damaged[at] = value;
        expect(refusal(() => decodePacket(damaged))).to.equal('BAD_FORMAT');
      });
    }
    it('data behind a packet', () => expect(refusal(() => decodePacket(Buffer.concat([packet, Buffer.of(0)])))).to.equal('BAD_FORMAT'));
  });
});
