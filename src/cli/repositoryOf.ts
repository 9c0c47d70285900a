/** The repository that a command line names, its instrument, and who writes in it. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { openRepository, repositoryExists } from '../butler/repository.ts';
import type { OpenOptions, Repository } from '../butler/repository.ts';
import { STAGING_FOLDER } from '../butler/staging.ts';
import { lockWorkspace, openWorkspace } from '../harness/workspace.ts';
import { instruments } from '../instruments/index.ts';
import { ApError } from '../model/errors.ts';
import type { Instrument } from '../model/instrument.ts';

/** The repository itself, its `butler.yaml`, or the workspace that holds one. */
export function openNamedRepository(named: string, options: OpenOptions = {}): Repository {
  const folder = path.basename(named) === 'butler.yaml' ? path.dirname(named) : named;
  const inside = path.join(folder, 'repo');
  return openRepository(repositoryExists(inside) ? inside : folder, options);
}

/** The instrument by its name or class, or the only one of the repository. @throws ApError BAD_CONFIG. */
export function instrumentOf(repository: Repository, named: string | undefined): Instrument {
  const there = repository.records('instrument').map(({ name }) => String(name));
  const wanted = named?.slice(named.lastIndexOf('.') + 1).toLowerCase();
  const names = there.filter(name => wanted === undefined || name.toLowerCase() === wanted);
  const found = names.length === 1 ? instruments[names[0]!] : undefined;
  if (found !== undefined) return found;
  throw new ApError('BAD_CONFIG', {
    where: repository.root, found: named ?? (there.join(', ') || 'no instrument'),
    expected: `one of the instruments ${there.filter(name => name in instruments).join(', ') || '(none is registered)'}`,
    todo: named === undefined && there.length > 1 ? 'give --instrument' : undefined,
  });
}

/**
 * Takes a run for this process and returns the function that gives it back. Several processes may write in one
 * repository, each in a run of its own. @throws ApError REPOSITORY_BUSY naming the owner.
 */
export function lockRun(repository: Repository, run: string): () => void {
  const folder = path.join(repository.root, STAGING_FOLDER, 'locks', run.replaceAll('/', '_'));
  return lockWorkspace(openWorkspace(folder), process.pid, isAlive);
}

/** Deletes staged files of processes that no longer live; those of others at work stay. */
export function removeAbandoned(repository: Repository): void {
  const folder = path.join(repository.root, STAGING_FOLDER);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const pid = /-(\d+)-\d+\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(path.join(folder, name), { force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
