/** Python interpreters with the real client or with astropy, for tests that let them read what we write. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PACKAGES = ['lsst-daf-butler'];

/**
 * `RUBIN_PYTHON` when it is set, else a virtual environment in the temporary folder, made and filled on first use.
 * Returns the interpreter, or the reason why there is none.
 */
export function rubinPython(): { readonly python: string } | { readonly reason: string } {
  const given = process.env.RUBIN_PYTHON;
  const environment = path.join(os.tmpdir(), 'ap-verify-rubin');
  const python = given ?? path.join(environment, 'bin', 'python');
  if (hasClient(python)) return { python };
  if (given !== undefined) return { reason: `${given} cannot import lsst.daf.butler` };
  const made = existsSync(python) ? { status: 0, stderr: '' } : run('python3', ['-m', 'venv', environment]);
  if (made.status !== 0) return { reason: `no virtual environment: ${made.stderr.trim().split('\n').at(-1)!}` };
  const installed = run(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  if (!hasClient(python)) return { reason: `pip cannot install ${PACKAGES.join(', ')}: ${installed.stderr.trim().split('\n').at(-1)!}` };
  return { python };
}

function hasClient(python: string): boolean {
  return run(python, ['-c', 'import lsst.daf.butler']).status === 0;
}

function run(command: string, args: readonly string[]): { readonly status: number | null; readonly stderr: string } {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 600_000 });
  return { status, stderr: error === undefined ? stderr : error.message };
}

/** Runs a program; its standard output is JSON. Throws with its standard error when it fails. */
export function pythonJson(python: string, program: string, args: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(python, ['-c', program, ...args], { encoding: 'utf8', timeout: 300_000 });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** `ASTROPY_PYTHON` when it is set, else a virtual environment in the temporary folder; or the reason why there is none. */
export function astropyPython(): { readonly python: string } | { readonly reason: string } {
  const environment = path.join(os.tmpdir(), 'ap-verify-astropy');
  const python = process.env.ASTROPY_PYTHON ?? path.join(environment, 'bin', 'python');
  const works = (): boolean => spawnSync(python, ['-c', 'import astropy.io.fits']).status === 0;
  if (works()) return { python };
  if (!existsSync(python)) spawnSync('python3', ['-m', 'venv', environment]);
  const installed = spawnSync(python, ['-m', 'pip', 'install', '--quiet', 'astropy'], { encoding: 'utf8', timeout: 600_000 });
  return works() ? { python } : { reason: `pip cannot install astropy: ${installed.stderr?.trim().split('\n').at(-1) ?? 'no pip'}` };
}
