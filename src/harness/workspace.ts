/**
 * The workspace: the folder of one dataset's runs. It holds the repository, the association
 * databases, generated packages and the products of the last run; one process at a time may run in it.
 */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { ApError } from '../model/errors.ts';

export interface Workspace {
  readonly root: string;
  readonly repository: string;
  /** Where a generated package is kept. */
  readonly generatedPackage: string;
  readonly result: string;
  readonly junit: string;
  readonly report: string;
  readonly alerts: string;
  /** Association database of the run with the given configuration hash. */
  apdb(hash: string): string;
}

/** Paths of a workspace; the root is made when it does not exist. */
export function openWorkspace(directory: string): Workspace {
  const root = path.resolve(directory);
  try {
    mkdirSync(root, { recursive: true });
  } catch (cause) {
    throw new ApError('BAD_CONFIG', { where: root, found: (cause as Error).message, expected: 'a folder that can be written', todo: 'give another -o' }, { cause });
  }
  const inside = (...parts: string[]): string => path.join(root, ...parts);
  return {
    root,
    repository: inside('repo'),
    generatedPackage: inside('package'),
    result: inside('result.json'),
    junit: inside('junit.xml'),
    report: inside('report', 'index.html'),
    alerts: inside('alerts'),
    apdb: hash => inside(`apdb-${hash}.sqlite3`),
  };
}

/** Writes a file whole or not at all: temporary name, flush to disk, rename. */
export function writeFileAtomic(file: string, content: string | Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.tmp`;
  const handle = openSync(temporary, 'w');
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    let at = 0;
    while (at < bytes.length) at += writeSync(handle, bytes, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
}

/**
 * Takes the workspace for this process and returns the function that gives it back. A lock left by a
 * process that no longer lives is taken over. Throws REPOSITORY_BUSY naming the owner.
 */
export function lockWorkspace(workspace: Workspace, pid: number, isAlive: (pid: number) => boolean): () => void {
  const file = path.join(workspace.root, 'run.lock');
  // A link appears with its content: nobody can see the lock before it has an owner and take it for an abandoned one.
  const own = `${file}.${pid}`;
  writeFileAtomic(own, String(pid));
  try {
    for (let attempt = 0; attempt < 2; attempt++) {
      if (linked(own, file)) return () => rmSync(file, { force: true });
      const owner = existsSync(file) ? Number(readFileSync(file, 'utf8')) : NaN;
      if (Number.isInteger(owner) && owner > 0 && owner !== pid && isAlive(owner)) {
        throw new ApError('REPOSITORY_BUSY', {
          where: workspace.root, found: `a run of process ${owner}`, expected: 'no other run in this workspace',
          todo: 'wait for it, or give another workspace with -o',
        });
      }
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
  throw new ApError('REPOSITORY_BUSY', { where: workspace.root, todo: 'try again' });
}

/** Links the file under another name; false when that name is taken. */
function linked(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
