/** What a run says while it works, on standard error: one line that rewrites itself, or plain lines. */
import { dataIdText } from '../model/dataset.ts';
import type { ExecutionEvent } from '../pipeline/executor.ts';

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

/** Failures are always lines of their own; on a terminal the rest is one line that shows the last quantum. */
export function progressOn(stream: Stream): Progress {
  let isOpen = false;
  const clear = (): void => {
    if (isOpen) stream.write('\r\u001b[K');
    isOpen = false;
  };
  const say = (line: string): void => {
    clear();
    stream.write(`${line}\n`);
  };
  const onEvent = (event: ExecutionEvent): void => {
    if (event.type === 'started') return;
    const { result: { quantum, status, message, outcome }, nDone, nTotal } = event;
    // What a Ctrl-C or the first failure has kept from starting is told once, in a sentence of its own.
    if (status === 'blocked' && message?.startsWith('not started') === true) return;
    const time = outcome?.resources ? ` ${outcome.resources.wall_s.toFixed(1)} s` : '';
    const line = `[${String(nDone).padStart(String(nTotal).length)}/${nTotal}] ${quantum.label} ${dataIdText(quantum.dataId)} ${status}${time}`;
    if (status === 'failed' || status === 'noWork' || (status === 'succeeded' && message !== null)) {
      say(`${line}: ${message ?? 'no message'}`);
    } else if (stream.isTTY === true) {
      stream.write(`\r\u001b[K${line.slice(0, (stream.columns ?? 100) - 1)}`);
      isOpen = true;
    } else if (status !== 'reused') {
      stream.write(`${line}\n`);
    }
  };
  return { say, onEvent, end: clear };
}

/**
 * The same as JSON lines: `{"event": "message", "text"}`, `{"event": "started" | "finished", "quantum", "task", "dataId",
 * "nDone", "nTotal"}` and, when finished, `status`, `message`, `seconds`, `cpu_s` and `peakRss_MB` (null where not known).
 */
export function jsonProgressOn(stream: Stream): Progress {
  const add = (event: object): void => { stream.write(`${JSON.stringify(event)}\n`); };
  return {
    say: text => { add({ event: 'message', text }); },
    onEvent: event => {
      const { nDone, nTotal } = event;
      const quantum = event.type === 'started' ? event.quantum : event.result.quantum;
      const common = { event: event.type, quantum: quantum.id, task: quantum.label, dataId: quantum.dataId, nDone, nTotal };
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
