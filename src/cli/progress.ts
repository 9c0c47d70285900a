/** What a run says while it works, on standard error: one line that rewrites itself, or plain lines. */
import { dataIdText } from '../model/dataset.ts';
import type { ExecutionEvent, QuantumResult } from '../pipeline/executor.ts';
import { paceOf, paceText } from './pace.ts';

export interface Progress {
  say(line: string): void;
  readonly onEvent: (event: ExecutionEvent) => void;
  /** Ends a line that rewrites itself. */
  end(): void;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Seconds of a clock that only goes on. */
export type Clock = () => number;
const clock: Clock = () => performance.now() / 1000;

/** On a terminal: the wait between two readings of the pace while nothing starts or ends. */
const REFRESH_MS = 1000;

/**
 * Failures are always lines of their own; on a terminal the rest is one line: how many are done, what runs, how fast and
 * how long still, and the last quantum. Elsewhere each quantum has its line.
 */
export function progressOn(stream: Stream, now_s: Clock = clock): Progress {
  const pace = paceOf(now_s);
  let isOpen = false;
  let last = '';
  let timer: ReturnType<typeof setInterval> | null = null;
  const clear = (): void => {
    if (isOpen) stream.write('\r\u001b[K');
    isOpen = false;
  };
  const say = (line: string): void => {
    clear();
    stream.write(`${line}\n`);
  };
  const rewrite = (counts: string): void => {
    stream.write(`\r\u001b[K${`${counts} ${paceText(pace.read())}${last}`.slice(0, (stream.columns ?? 100) - 1)}`);
    isOpen = true;
  };
  const onEvent = (event: ExecutionEvent): void => {
    pace.add(event);
    if (event.type === 'begun') return;
    const { nDone, nTotal } = event;
    const counts = `[${String(nDone).padStart(String(nTotal).length)}/${nTotal}]`;
    if (event.type === 'finished') last = sayFinished(event.result, counts);
    if (stream.isTTY !== true) return;
    rewrite(counts);
    if (timer !== null) clearInterval(timer);
    timer = setInterval(() => { rewrite(counts); }, REFRESH_MS);
    timer.unref();
  };
  /** What the rewritten line says of the quantum. */
  const sayFinished = ({ quantum, status, message, outcome }: QuantumResult, counts: string): string => {
    // What a Ctrl-C or the first failure has kept from starting is told once, in a sentence of its own.
    if (status === 'blocked' && message?.startsWith('not started') === true) return last;
    const time = outcome?.resources ? ` ${outcome.resources.wall_s.toFixed(1)} s` : '';
    const line = `${quantum.label} ${dataIdText(quantum.dataId)} ${status}${time}`;
    if (status === 'failed' || status === 'noWork' || (status === 'succeeded' && message !== null)) {
      say(`${counts} ${line}: ${message ?? 'no message'}`);
    } else if (stream.isTTY !== true && status !== 'reused') {
      stream.write(`${counts} ${line}\n`);
    }
    return ` · ${line}`;
  };
  const end = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
    clear();
  };
  return { say, onEvent, end };
}

/**
 * The same as JSON lines: `{"event": "message", "text"}`, `{"event": "begun", "nToRun", "nTotal"}`, `{"event": "started" |
 * "finished", "quantum", "task", "dataId", "nDone", "nTotal", "nRunning", "nFailed", "rate_per_s", "left_s"}` and, when finished,
 * `status`, `message`, `seconds`, `cpu_s` and `peakRss_MB` (null where not known).
 */
export function jsonProgressOn(stream: Stream, now_s: Clock = clock): Progress {
  const pace = paceOf(now_s);
  const add = (event: object): void => { stream.write(`${JSON.stringify(event)}\n`); };
  return {
    say: text => { add({ event: 'message', text }); },
    onEvent: event => {
      pace.add(event);
      if (event.type === 'begun') {
        add({ event: event.type, nToRun: event.quanta.length, nTotal: event.nTotal });
        return;
      }
      const { nDone, nTotal } = event;
      const quantum = event.type === 'started' ? event.quantum : event.result.quantum;
      const common = { event: event.type, quantum: quantum.id, task: quantum.label, dataId: quantum.dataId, nDone, nTotal, ...pace.read() };
      if (event.type === 'started') {
        add(common);
        return;
      }
      const { status, message, outcome } = event.result;
      const { wall_s = null, cpu_s = null, peakRss_MB = null } = outcome?.resources ?? {};
      add({ ...common, status, message, seconds: wall_s, cpu_s, peakRss_MB });
    },
    end: () => {},
  };
}
