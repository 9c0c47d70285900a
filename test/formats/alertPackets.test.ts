import avro from 'avsc';
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { joinedSchema, openPackets } from '../../src/formats/alertPackets.ts';
import { ALERT_SCHEMA_IDS, alertSchemaOf } from '../../src/formats/alertVersions.ts';
import { ApError } from '../../src/model/errors.ts';

const REAL = '../shared/data/alerts';
// Origin: golden/formats/alertSchemas.py, the schema files of lsst.alert.packet by fastavro.
const GOLDEN = JSON.parse(readFileSync('test/golden/formats/alertSchemas.json', 'utf8')) as { sha256: Record<string, string> };

const canonical = (schema: unknown): string => JSON.stringify(avro.Type.forSchema(schema as never).schema());
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function needsData(this: Mocha.Context): void {
  if (existsSync(REAL)) return;
  console.warn('      skipped: ../shared/data is not here');
  this.skip();
}

function schemaFiles(folder: string): unknown[] {
  return readdirSync(folder).filter(f => f.endsWith('.avsc')).map(f => JSON.parse(readFileSync(path.join(folder, f), 'utf8')) as unknown);
}

describe('formats/alertPackets', () => {
  it('knows the schemas of lsst.alert.packet', () => expect(ALERT_SCHEMA_IDS.map(String)).to.deep.equal(Object.keys(GOLDEN.sha256)));
  for (const id of ALERT_SCHEMA_IDS) {
    it(`schema ${id} has the canonical form of its files`, () => expect(sha256(canonical(alertSchemaOf(id)))).to.equal(GOLDEN.sha256[id]));
  }

  describe('real packets', () => {
    before(needsData);
    const forms: Readonly<Record<string, readonly [form: string, n: number]>> = {
      lsst_hsc_cosmos: ['container', 32], lsst_confluent: ['framed', 3], ztf_v33: ['container', 6], ztf_v4: ['container', 5], other: ['container', 3],
      'lsst_schema/11_0': ['container', 1],
    };
    for (const [folder, [form, n]] of Object.entries(forms)) {
      it(`${folder}: all ${n} decode, ids exact, plain and gzipped`, () => {
        const files = readdirSync(path.join(REAL, folder)).filter(f => f.endsWith('.avro'));
        expect(files).to.have.length(n);
        for (const file of files) {
          const bytes = readFileSync(path.join(REAL, folder, file));
          const packets = openPackets(bytes);
          expect(packets.form, file).to.equal(form);
          const alerts = [...packets.alerts()];
          expect(alerts, file).to.have.length(1);
          const id = alerts[0]!.diaSourceId ?? alerts[0]!.alertId ?? alerts[0]!.candid ?? alerts[0]!.objectId;
          const named = /(\d{9,})\.avro$/.exec(file);
          if (named !== null) expect(String(id), file).to.equal(named[1]);
          expect(openPackets(gzipSync(bytes)).form).to.equal(form);
        }
      });
    }
    for (const version of ['7_1', '7_3', '9_0', '11_0']) {
      it(`schema files of ${version} join to the schema that is known`, () => {
        const [major, minor] = version.split('_').map(Number);
        expect(canonical(joinedSchema(schemaFiles(`${REAL}/lsst_schema/${version}`)))).to.equal(canonical(alertSchemaOf(100 * major! + minor!)));
      });
    }
    it('schema files of ZTF join to one that reads a packet behind a header', () => {
      const schema = joinedSchema(schemaFiles(`${REAL}/ztf_schema`));
      expect(canonical(schema)).to.include('fp_hist').and.include('"name":"candid","type":"long"');
    });
    it('a packet with an unknown id is read with a schema that is given', () => {
      const bytes = Buffer.from(readFileSync(`${REAL}/lsst_confluent/7912941781254298.avro`));
      bytes.writeInt32BE(77, 1);
      expect(() => openPackets(bytes)).to.throw(ApError, /schema id.*found: 77.*--schema/s);
      const schema = joinedSchema(schemaFiles(`${REAL}/lsst_schema/9_0`));
      expect([...openPackets(bytes, id => (id === 77 ? schema : undefined)).alerts()][0]!.diaSourceId).to.equal(7912941781254298n);
    });
    it('a packet that is cut anywhere, or has bytes behind it, is refused', () => {
      const bytes = readFileSync(`${REAL}/lsst_confluent/7912941781254298.avro`);
      for (let n = 0; n < bytes.length; n += 37) expect(() => [...openPackets(bytes.subarray(0, n)).alerts()], `${n}`).to.throw(ApError);
      expect(() => [...openPackets(Buffer.concat([bytes, Buffer.of(0)])).alerts()]).to.throw(ApError, 'behind the record');
    });
  });

  it('refuses what is no packet', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('SIMPLE  = T'), Buffer.of(0, 0), Buffer.of(0, 255, 255, 255, 255, 1), gzipSync('no'), Buffer.of(0x1f, 0x8b, 1)]) {
      expect(() => [...openPackets(bytes).alerts()]).to.throw(ApError);
    }
  });
  it('names the record that schema files lack', () => {
    expect(() => joinedSchema([{ type: 'record', name: 'a', namespace: 'n', fields: [] }])).to.throw(ApError, 'n.a');
  });
});
