import { expect } from 'chai';
import { publish, PUBLISH_DEFAULTS, type AlertMessage, type AlertSink } from '../../src/cli/alertSink.ts';

const messages = (n: number, bytes = 100): AlertMessage[] =>
  Array.from({ length: n }, (_, k) => ({ id: String(k), packet: new Uint8Array(bytes) }));

/** A broker that takes a while for each batch and fails where it is told to. */
function fakeBroker(fail: (nBatch: number) => boolean = () => false, wait_ms = 1): AlertSink & { batches: string[][]; most: number } {
  let [under, n] = [0, 0];
  const sink = {
    batches: [] as string[][], most: 0,
    async send(batch: readonly AlertMessage[]) {
      const mine = n++;
      sink.most = Math.max(sink.most, ++under);
      await new Promise(resolve => { setTimeout(resolve, wait_ms); });
      under--;
      if (fail(mine)) throw new Error('leader not available');
      sink.batches.push(batch.map(m => m.id));
    },
    close: () => Promise.resolve(),
  };
  return sink;
}

describe('cli/alertSink', () => {
  const options = { ...PUBLISH_DEFAULTS, batchMessages: 10, inFlight: 3, timeout_ms: 2000 };

  it('delivers everything once, in batches', async () => {
    const broker = fakeBroker();
    const report = await publish(messages(95), broker, options);
    expect(report).to.deep.include({ delivered: 95, bytes: 9500, failed: [] });
    expect(broker.batches.flat().map(Number).sort((a, b) => a - b)).to.deep.equal(messages(95).map((_, k) => k));
    expect(Math.max(...broker.batches.map(b => b.length))).to.equal(10);
  });
  it('a slow broker slows the reading: no more in memory than is under way', async () => {
    const broker = fakeBroker(undefined, 5);
    let read = 0;
    const counted = function* (): Generator<AlertMessage> {
      for (const message of messages(300)) {
        read++;
        expect(read - 10 * broker.batches.length).to.be.at.most(10 * (options.inFlight + 2));
        yield message;
      }
    };
    const report = await publish(counted(), broker, options);
    expect(report.delivered).to.equal(300);
    expect(report.mostInMemory).to.equal(30);
    expect(broker.most).to.equal(3);
  });
  it('batches are closed by bytes too; a message larger than a batch goes alone', async () => {
    const broker = fakeBroker();
    await publish([...messages(3, 60), { id: 'large', packet: new Uint8Array(500) }], broker, { ...options, batchBytes: 130 });
    expect(broker.batches.map(b => b.length)).to.have.members([2, 1, 1]);
  });
  it('after a failure nothing new is sent; every id is delivered or failed', async () => {
    const broker = fakeBroker(n => n === 2);
    const report = await publish(messages(200), broker, options);
    expect(report.delivered + report.failed.length).to.equal(200);
    expect(report.delivered).to.equal(broker.batches.flat().length).and.be.lessThan(60);
    expect(report.failed.slice(0, 10).map(f => f.reason)).to.include('leader not available');
    expect(report.failed.at(-1)!.reason).to.match(/earlier batch failed/);
  });
  it('a broker that never answers is given up', async () => {
    const silent: AlertSink = { send: () => new Promise(() => undefined), close: () => Promise.resolve() };
    const report = await publish(messages(50), silent, { ...options, timeout_ms: 20 });
    expect(report.delivered).to.equal(0);
    expect(report.failed).to.have.length(50);
    expect(report.failed[0]!.reason).to.equal('no acknowledgement within 0.02 s');
  });
  it('when the messages end in an error, what is under way is delivered first', async () => {
    const broker = fakeBroker(undefined, 5);
    const damaged = function* (): Generator<AlertMessage> {
      yield* messages(25);
      throw new Error('damaged');
    };
    const error: unknown = await publish(damaged(), broker, options).catch((e: unknown) => e);
    expect((error as Error).message).to.equal('damaged');
    expect(broker.batches.flat()).to.have.length(20);
  });
  it('no messages, no batch', async () => expect(await publish([], fakeBroker(), options)).to.deep.include({ delivered: 0, failed: [] }));
});
