/** The log of a run: what every quantum said, one file a run, beside the repository. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Workspace } from '../harness/workspace.ts';
import type { QuantumResult } from '../pipeline/executor.ts';

export interface RunLog {
  add(result: QuantumResult): void;
  close(): void;
}

/** Appends to `logs/<run>.log` in the workspace. Reused quanta have nothing to say. */
export function runLog(workspace: Workspace, run: string): RunLog {
  const file = path.join(workspace.root, 'logs', `${path.basename(run)}.log`);
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, 'a');
  return {
    add: ({ quantum, status, message, outcome }) => {
      if (status === 'reused') return;
      const lines = (outcome?.log ?? []).map(({ utc, level, message: text }) => `${utc} ${level} ${quantum.id}: ${text}`);
      writeSync(handle, [...lines, `${quantum.id}: ${status}${message === null ? '' : `: ${message}`}`, ''].join('\n'));
    },
    close: () => closeSync(handle),
  };
}
