/** `ap-verify alerts publish`: packets to a Kafka topic or, as Rubin's pipeline leaves them, to a folder. */
import path from 'node:path';
import type { Command } from 'commander';
import { framed, wireSchemaId, type AlertPacketRecord } from '../../formats/alertPackets.ts';
import { writeAvro } from '../../formats/avroContainer.ts';
import { writeFileAtomic } from '../../harness/workspace.ts';
import { ApError } from '../../model/errors.ts';
import { alertFilesAt, encodedAlerts, schemaFinder } from '../alertFiles.ts';
import { publish, PUBLISH_DEFAULTS, type AlertMessage, type DeliveryReport } from '../alertSink.ts';
import { COMPRESSIONS, openKafka, type KafkaOptions } from '../kafkaSink.ts';
import { positiveInteger, positiveNumber } from '../optionValues.ts';

interface Options {
  readonly schema: readonly string[];
  readonly kafka?: string;
  readonly topic?: string;
  readonly username?: string;
  readonly tls?: boolean;
  readonly compression: string;
  readonly schemaId?: number;
  readonly dir?: string;
  readonly timeout: number;
  readonly report?: string;
}

/** Adds the options and the action to the command. */
export function addPublish(command: Command): void {
  command
    .option('--kafka <host:port,...>', 'brokers (default: AP_KAFKA_SERVER)')
    .option('--topic <name>', 'topic, which must exist (default: AP_KAFKA_TOPIC)')
    .option('--username <name>', 'SCRAM-SHA-512, password in AP_KAFKA_PRODUCER_PASSWORD (default: AP_KAFKA_PRODUCER_USERNAME)')
    .option('--tls', 'encrypt the connection')
    .option('--compression <codec>', COMPRESSIONS.join(', '), 'snappy')
    .option('--schema-id <n>', 'id in the Confluent header for containers of a schema that is not Rubin\'s', positiveInteger)
    .option('--dir <folder>', 'write <visit>_<detector>.avro into a folder instead')
    .option('--timeout <s>', 'longest wait for an acknowledgement', positiveNumber, PUBLISH_DEFAULTS.timeout_ms / 1000)
    .option('--report <file>', 'write what was delivered and what was not as JSON')
    .action(async (places: string[], options: Options) => {
      if (options.dir === undefined) await toKafka(places, options);
      else toFolder(places, options.dir, options);
    });
}

async function toKafka(places: readonly string[], options: Options): Promise<void> {
  const sink = await openKafka(kafkaOptions(options));
  let report: DeliveryReport;
  try {
    report = await publish(messagesOf(places, options), sink, { ...PUBLISH_DEFAULTS, timeout_ms: options.timeout * 1000 });
  } finally {
    await sink.close();
  }
  if (options.report !== undefined) writeFileAtomic(options.report, `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(`${report.delivered} alerts delivered, ${report.bytes} bytes; ${report.failed.length} failed\n`);
  const [first] = report.failed;
  if (first === undefined) return;
  throw new ApError('DELIVERY', {
    found: `${report.failed.length} without acknowledgement, the first: ${first.id}: ${first.reason}`,
    todo: 'give the same command again; consumers know an alert by its diaSourceId',
  });
}

function kafkaOptions(options: Options): KafkaOptions {
  const { env } = process;
  const brokers = options.kafka ?? env.AP_KAFKA_SERVER;
  const topic = options.topic ?? env.AP_KAFKA_TOPIC;
  if (brokers === undefined || topic === undefined) {
    const found = brokers === undefined ? 'no brokers' : 'no topic';
    throw new ApError('USAGE', { where: 'alerts publish', found, expected: '--kafka HOST:PORT --topic NAME, or --dir FOLDER' });
  }
  const compression = COMPRESSIONS.find(c => c === options.compression);
  if (compression === undefined) throw new ApError('USAGE', { where: '--compression', found: options.compression, expected: COMPRESSIONS.join(', ') });
  const username = options.username ?? env.AP_KAFKA_PRODUCER_USERNAME;
  const password = env.AP_KAFKA_PRODUCER_PASSWORD;
  if (username !== undefined && password === undefined) {
    throw new ApError('USAGE', { where: 'alerts publish', found: 'a user without a password', expected: 'AP_KAFKA_PRODUCER_PASSWORD in the environment' });
  }
  return {
    brokers: brokers.split(','), topic, compression, ssl: options.tls === true, timeout_ms: options.timeout * 1000, now: Date.now,
    ...(username === undefined ? {} : { username, password: password! }),
  };
}

/** The packets one after the other, each with its header; a container's records are sent as they are. */
function* messagesOf(places: readonly string[], options: Options): Generator<AlertMessage, void> {
  const ids = new Map<object, number>();
  for (const { file, packets, record, bytes } of encodedAlerts(places.flatMap(alertFilesAt), schemaFinder(options.schema))) {
    const id = ids.get(packets) ?? wireSchemaId(packets) ?? options.schemaId;
    if (id === undefined) {
      throw new ApError('BAD_FORMAT', { file, found: `schema ${packets.title}`, expected: 'a schema of Rubin', todo: 'give its id with --schema-id' });
    }
    ids.set(packets, id);
    yield { id: String(record.diaSourceId ?? record.alertId ?? record.candid ?? ''), packet: framed(id, bytes) };
  }
}

/** One container for each visit and detector, as Rubin's `alertWriteLocation`. */
function toFolder(places: readonly string[], folder: string, options: Options): void {
  const groups = new Map<string, { schema: unknown; records: Uint8Array[] }>();
  for (const { file, packets, record, bytes } of encodedAlerts(places.flatMap(alertFilesAt), schemaFinder(options.schema))) {
    const name = fileName(record, file);
    const group = groups.get(name) ?? { schema: packets.schema, records: [] };
    if (JSON.stringify(group.schema) !== JSON.stringify(packets.schema)) {
      throw new ApError('BAD_FORMAT', { file, found: packets.title, expected: `the schema of the other alerts of ${name}` });
    }
    group.records.push(bytes);
    groups.set(name, group);
  }
  for (const [name, { schema, records }] of groups) writeFileAtomic(path.join(folder, name), writeAvro(schema, records));
  process.stdout.write(`${[...groups.values()].reduce((n, g) => n + g.records.length, 0)} alerts in ${groups.size} files in ${folder}\n`);
}

function fileName({ diaSource }: AlertPacketRecord, file: string): string {
  const { visit, detector } = (diaSource ?? {}) as { visit?: unknown; detector?: unknown };
  if (visit === undefined || detector === undefined) throw new ApError('BAD_FORMAT', { file, found: 'an alert without visit and detector', expected: 'alerts of Rubin' });
  return `${String(visit)}_${String(detector)}.avro`;
}
