/** Alerts to a topic of Apache Kafka, with the optional peer package kafkajs. */
import type * as KafkaJs from 'kafkajs';
import { snappyCompress, snappyDecompress } from '../formats/snappy.ts';
import { ApError } from '../model/errors.ts';
import type { AlertSink } from './alertSink.ts';

export const COMPRESSIONS = ['none', 'gzip', 'snappy'] as const;

export interface KafkaOptions {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly compression: (typeof COMPRESSIONS)[number];
  /** SCRAM-SHA-512, as Rubin's brokers want it; absent: no authentication. */
  readonly username?: string;
  readonly password?: string;
  readonly ssl: boolean;
  readonly timeout_ms: number;
  /** Milliseconds since 1970, for the header `producer_timestamp`. */
  readonly now: () => number;
}

const CODES = { none: 0, gzip: 1, snappy: 2 } as const;
/** Largest set of messages that a broker may send back; only consumers decompress. */
const MAX_SET_BYTES = 2 ** 28;

/**
 * A sink that resolves when all replicas in sync have a batch. Messages are as Rubin's: no key, the header
 * `producer_timestamp` (milliseconds as text), raw Snappy by default.
 * @throws ApError DELIVERY when the package is absent, the broker does not answer, or the topic is not there.
 */
export async function openKafka(options: KafkaOptions): Promise<AlertSink> {
  const { Kafka, CompressionCodecs, CompressionTypes, logLevel } = await kafkaPackage();
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(Buffer.from(snappyCompress(buffer))),
    decompress: (buffer: Buffer) => Promise.resolve(Buffer.from(snappyDecompress(buffer, MAX_SET_BYTES))),
  });
  const { username, password } = options;
  const kafka = new Kafka({
    clientId: 'ap-verify', brokers: [...options.brokers], logLevel: logLevel.NOTHING, ssl: options.ssl,
    connectionTimeout: options.timeout_ms, requestTimeout: options.timeout_ms, retry: { retries: 2, maxRetryTime: options.timeout_ms },
    ...(username === undefined ? {} : { sasl: { mechanism: 'scram-sha-512' as const, username, password: password ?? '' } }),
  });
  await checkTopic(kafka, options);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await asked(() => producer.connect(), options);
  return {
    async send(messages) {
      const headers = { producer_timestamp: String(options.now()) };
      await producer.send({
        topic: options.topic, acks: -1, timeout: options.timeout_ms, compression: CODES[options.compression],
        messages: messages.map(({ packet }) => ({ key: null, value: asBuffer(packet), headers })),
      });
    },
    close: () => producer.disconnect(),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function kafkaPackage(): Promise<typeof KafkaJs> {
  quietTimeouts();
  try {
    // A CommonJS module: what it exports is the default.
    const { default: loaded } = await import('kafkajs') as unknown as { default: typeof KafkaJs };
    return loaded;
  } catch (cause) {
    throw new ApError('DELIVERY', { found: 'the package kafkajs is not installed', todo: 'npm install kafkajs, or publish --dir' }, { cause });
  }
}

/** kafkajs 2.2 asks for timers in the past, which newer Node warns of; they do no harm. */
function quietTimeouts(): void {
  const emit = process.emitWarning.bind(process) as (...args: readonly unknown[]) => void;
  process.emitWarning = (...args: readonly unknown[]) => {
    if (args[1] !== 'TimeoutNegativeWarning') emit(...args);
  };
}

/** Before anything is sent, as a broker may make topics of misspelt names. */
async function checkTopic(kafka: KafkaJs.Kafka, options: KafkaOptions): Promise<void> {
  const admin = kafka.admin();
  await asked(() => admin.connect(), options);
  try {
    const topics = await asked(() => admin.listTopics(), options);
    if (topics.includes(options.topic)) return;
    const some = topics.slice(0, 8).join(', ');
    throw new ApError('DELIVERY', { where: options.brokers.join(','), found: `no topic ${options.topic}`, expected: `one of ${some || 'none'}` });
  } finally {
    await admin.disconnect();
  }
}

async function asked<T>(question: () => Promise<T>, { brokers }: KafkaOptions): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    throw new ApError('DELIVERY', { where: brokers.join(','), found: (cause as Error).message, expected: 'a Kafka broker that answers' }, { cause });
  }
}
