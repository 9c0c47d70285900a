/** A thousand alerts of schema 11.0 with three cutouts of 30 pixels and a short history: encoded, and decoded beside avsc. */
import { encodePacket, writeAlerts } from '../../src/formats/alertAvro.ts';
import { openPackets } from '../../src/formats/alertPackets.ts';
import { ALERT_SCHEMA } from '../../src/formats/alertSchema.ts';
import { avroType } from '../../src/formats/avroContainer.ts';
import { snappyCompress } from '../../src/formats/snappy.ts';
import { alertOf, cutout, ID, recordOf } from '../formats/alertFixtures.ts';
import type { Bench, BenchCase } from './bench.ts';

const N = 1000;

function cases(): BenchCase[] {
  const plane = Float32Array.from({ length: 900 }, (_, k) => Math.sin(k * k));
  const psf = { size: 41, data: Float64Array.from({ length: 41 * 41 }, (_, k) => Math.exp(-k / 100)) };
  const stamp = { ...cutout, size: 30, image: plane, variance: plane.map(v => v * v + 1), psf };
  const alerts = Array.from({ length: N }, (_, k) => alertOf({
    diaSourceId: ID + BigInt(k), prvDiaSources: Array.from({ length: 10 }, () => recordOf('diaSource')),
    prvDiaForcedSources: Array.from({ length: 10 }, () => recordOf('diaForcedSource')),
    cutoutDifference: stamp, cutoutScience: stamp, cutoutTemplate: stamp,
  }));
  const container = writeAlerts({ visit: 1, detector: 1, alerts });
  const packets = alerts.map(encodePacket);
  const avsc = avroType(ALERT_SCHEMA);
  const bodies = packets.map(p => Buffer.from(p.buffer, p.byteOffset + 5, p.byteLength - 5));
  const size = `${Math.round(packets[0]!.length / 1024)} KiB each`;
  return [
    { name: `write ${N} alerts of ${size}`, repeat: 5, run: () => writeAlerts({ visit: 1, detector: 1, alerts }) },
    { name: `read ${N} packets`, run: () => packets.map(p => [...openPackets(p).alerts()]) },
    { name: `read ${N} packets with avsc`, run: () => bodies.map(b => avsc.fromBuffer(b) as unknown) },
    { name: `read a container of ${N}`, run: () => [...openPackets(container).alerts()].length },
    { name: `Snappy of ${N} packets`, run: () => packets.map(snappyCompress) },
  ];
}

export default { name: 'alerts', cases } satisfies Bench;
