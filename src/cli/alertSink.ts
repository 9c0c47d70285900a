/**
 * Where alerts go: a port with back-pressure, and what became of each batch. A sink takes one batch at a time from each of
 * a bounded number of senders, so that a slow receiver slows the reading and memory stays flat.
 */

/** One alert on its way: the packet with its Confluent header, and what a broker may partition by. */
export interface AlertMessage {
  readonly id: string;
  readonly packet: Uint8Array;
}

/** Sends a batch and resolves when the receiver has acknowledged all of it; rejects when it has not. */
export interface AlertSink {
  send(messages: readonly AlertMessage[]): Promise<void>;
  close(): Promise<void>;
}

export interface PublishOptions {
  readonly batchBytes: number;
  readonly batchMessages: number;
  /** Batches that may be under way at once. */
  readonly inFlight: number;
  /** An acknowledgement must come within this time. */
  readonly timeout_ms: number;
}

export const PUBLISH_DEFAULTS: PublishOptions = { batchBytes: 2 ** 21, batchMessages: 500, inFlight: 4, timeout_ms: 15_000 };

export interface DeliveryReport {
  readonly delivered: number;
  readonly bytes: number;
  /** Ids without an acknowledgement: they may or may not have arrived. */
  readonly failed: readonly { readonly id: string; readonly reason: string }[];
  /** Most messages that were in memory at once. */
  readonly mostInMemory: number;
}

/**
 * Sends all messages. After a batch has failed no new one is started: a broker that is down should not be asked
 * for ever, and the ids that were not sent are in `failed`, so that the same command can be given again.
 */
export async function publish(messages: Iterable<AlertMessage>, sink: AlertSink, options: PublishOptions): Promise<DeliveryReport> {
  const failed: { id: string; reason: string }[] = [];
  let [delivered, bytes, inMemory, mostInMemory] = [0, 0, 0, 0];
  let stopped: string | null = null;
  const underWay = new Set<Promise<void>>();
  const start = (batch: readonly AlertMessage[]): void => {
    const sent = within(sink.send(batch), options.timeout_ms).then(() => {
      delivered += batch.length;
      bytes += batch.reduce((sum, m) => sum + m.packet.length, 0);
    }, (error: unknown) => {
      stopped ??= 'not sent, as an earlier batch failed';
      failed.push(...batch.map(({ id }) => ({ id, reason: error instanceof Error ? error.message : String(error) })));
    }).finally(() => {
      inMemory -= batch.length;
      underWay.delete(sent);
    });
    underWay.add(sent);
  };
  try {
    for (const batch of batches(messages, options)) {
      if (stopped === null && underWay.size >= options.inFlight) await Promise.race(underWay);
      if (stopped !== null) {
        failed.push(...batch.map(({ id }) => ({ id, reason: stopped! })));
        continue;
      }
      inMemory += batch.length;
      mostInMemory = Math.max(mostInMemory, inMemory);
      start(batch);
    }
  } finally {
    // Also when the messages end in an error: what is under way is still delivered.
    await Promise.all(underWay);
  }
  return { delivered, bytes, failed, mostInMemory };
}

/** A batch is closed when the next message would not fit; a message of its own size is a batch alone. */
function* batches(messages: Iterable<AlertMessage>, { batchBytes, batchMessages }: PublishOptions): Generator<AlertMessage[], void> {
  let batch: AlertMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    if (batch.length > 0 && (batch.length >= batchMessages || bytes + message.packet.length > batchBytes)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(message);
    bytes += message.packet.length;
  }
  if (batch.length > 0) yield batch;
}

function within(sent: Promise<void>, timeout_ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no acknowledgement within ${timeout_ms / 1000} s`)), timeout_ms);
  });
  return Promise.race([sent, late]).finally(() => clearTimeout(timer));
}
