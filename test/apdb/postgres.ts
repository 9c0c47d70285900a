/**
 * A PostgreSQL server for tests: the one that DATABASE_URL or PGHOST names, else a private one that ends with the process,
 * when `initdb` is installed. Every test works in schemas of its own.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type Server = { readonly url: string } | { readonly reason: string };

let server: Promise<Server> | null = null;
let nSchemas = 0;

/** The server, started on first use; or the reason why there is none. */
export function postgresServer(): Promise<Server> {
  server ??= found();
  return server;
}

/** The URL of a schema that nobody has used yet. */
export function newSchema(url: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}schema=${encodeURIComponent(`Apdb test ${process.pid}-${nSchemas++}`)}`;
}

async function found(): Promise<Server> {
  const { DATABASE_URL, PGHOST, PGPORT, PGUSER, PGDATABASE } = process.env;
  if (DATABASE_URL !== undefined) return { url: DATABASE_URL };
  if (PGHOST !== undefined) {
    const user = PGUSER ?? os.userInfo().username;
    return { url: `postgresql://${user}@${PGHOST}:${PGPORT ?? '5432'}/${PGDATABASE ?? user}` };
  }
  const bin = binaries();
  return bin === null ? { reason: 'neither DATABASE_URL nor PGHOST is set, and initdb is not installed' } : started(bin);
}

/** Folder of the programs of the newest server installed. */
function binaries(): string | null {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)).map(v => path.join(root, v, 'bin')) : [];
  return [...(process.env.PATH ?? '').split(':'), ...versions].find(folder => ['initdb', 'postgres'].every(name => existsSync(path.join(folder, name)))) ?? null;
}

async function started(bin: string): Promise<Server> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'apdb-postgres-'));
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }); });
  const owner = ownerOf(folder);
  if (typeof owner === 'string') return { reason: owner };
  const data = path.join(folder, 'data');
  const made = spawnSync(path.join(bin, 'initdb'), ['-D', data, '-U', 'tester', '--auth=trust', '--no-sync', '-E', 'UTF8'],
    { encoding: 'utf8', cwd: folder, ...owner });
  if (made.status !== 0) return { reason: `initdb: ${made.stderr?.trim() ?? String(made.error)}` };
  const port = await freePort();
  const child = spawn(path.join(bin, 'postgres'), ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', '', '-F'],
    { stdio: 'ignore', cwd: folder, ...owner });
  child.unref();
  process.prependOnceListener('exit', () => {
    child.kill('SIGQUIT');
    spawnSync('sleep', ['0.2']);
  });
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt++) {
    if (await answers(port)) return { url: `postgresql://tester@127.0.0.1:${port}/postgres` };
    await sleep(100);
  }
  return { reason: 'the private server does not start' };
}

/** Servers refuse to run as root: then it is the system's user for them, or nobody. */
function ownerOf(folder: string): { readonly uid?: number; readonly gid?: number } | string {
  if (process.getuid?.() !== 0) return {};
  const ids = ['postgres', 'nobody'].map(name => ['-u', '-g'].map(flag => Number(spawnSync('id', [flag, name], { encoding: 'utf8' }).stdout || NaN)));
  const [uid, gid] = ids.find(([id]) => Number.isInteger(id)) ?? [];
  if (uid === undefined || gid === undefined) return 'a server cannot run as root, and there is no other user';
  execFileSync('chown', [`${uid}:${gid}`, folder]);
  return { uid, gid };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => { resolve(port); });
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => { resolve(false); });
  });
}
