/** What the butler commands share: the repository, transfer modes, a counting line, and the list of what was skipped. */
import { Option } from 'commander';
import type { OpenOptions, Repository, TransferMode } from '../../../butler/repository.ts';
import { instruments } from '../../../instruments/index.ts';
import { ApError } from '../../../model/errors.ts';
import type { Instrument } from '../../../model/instrument.ts';
import { lockRun, openNamedRepository } from '../../repositoryOf.ts';

/** Opens the repository for writing (or as asked), and closes it whatever happens. */
export async function withRepository(
  named: string, use: (repository: Repository) => void | Promise<void>, options: OpenOptions = {},
): Promise<void> {
  const repository = openNamedRepository(named, options);
  try {
    await use(repository);
  } finally {
    repository.close();
  }
}

/** The same while this process owns a run. @throws ApError REPOSITORY_BUSY naming the owner. */
export async function withRun(named: string, run: string, use: (repository: Repository) => void | Promise<void>): Promise<void> {
  await withRepository(named, async repository => {
    const release = lockRun(repository, run);
    try {
      await use(repository);
    } finally {
      release();
    }
  });
}

/** An instrument of ours by name or class name; it need not be registered. @throws ApError BAD_CONFIG. */
export function knownInstrument(named: string): Instrument {
  const wanted = named.slice(named.lastIndexOf('.') + 1).toLowerCase();
  const found = Object.values(instruments).find(({ name, className }) => name.toLowerCase() === wanted || className === named);
  if (found !== undefined) return found;
  throw new ApError('BAD_CONFIG', { found: `instrument ${named}`, expected: Object.keys(instruments).join(', ') });
}

/** `-t`: copy, link, move, direct as in the real client; inPlace for files below the root. */
export function transferOption(initial: TransferMode): Option {
  return new Option('-t, --transfer <mode>', 'how files come in').choices(['copy', 'link', 'move', 'direct', 'inPlace']).default(initial);
}

/** `n/total` on a line that rewrites itself; on anything but a terminal nothing until the summary. */
export function counter(what: string): (nDone: number, nTotal: number) => void {
  const { stderr } = process;
  return (nDone, nTotal) => {
    if (stderr.isTTY) stderr.write(`\r\u001b[K${nDone < nTotal ? `${what} ${nDone}/${nTotal}` : ''}`);
  };
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line for what was done, one for each thing that was skipped with the reason. */
export function printSummary(done: string, skipped: readonly { readonly what: string; readonly reason: string }[]): void {
  for (const { what, reason } of skipped) process.stderr.write(`skipped ${what}: ${reason}\n`);
  print(skipped.length === 0 ? done : `${done}; ${skipped.length} skipped`);
}

export function splitNames(text: string): string[] {
  return text.split(',').map(name => name.trim()).filter(name => name !== '');
}
