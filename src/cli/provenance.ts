/** What a run was made of: source revision, packages, machine. The only place that asks. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import path from 'node:path';
import { HOME } from './installation.ts';

export interface Provenance {
  readonly provenance: Readonly<Record<string, string>>;
  readonly fingerprint: string;
}

/**
 * Facts by name. The fingerprint covers what decides how fast a program runs and does not change by itself: processor,
 * number of cores, memory in GB, platform and the major version of Node; not load, clock rate, host name or temperature.
 */
export function provenanceOf(facts: Readonly<Record<string, string>> = {}): Provenance {
  const cores = cpus();
  const machine = {
    cpu: cores[0]?.model.trim() ?? 'unknown', cores: String(cores.length), memory_GB: String(Math.round(totalmem() / 2 ** 30)),
    platform: `${platform()}-${arch()}`, nodeMajor: process.versions.node.split('.')[0]!,
  };
  const fingerprint = createHash('sha256').update(JSON.stringify(machine)).digest('hex').slice(0, 16);
  const revision = gitRevision(HOME);
  return {
    fingerprint,
    provenance: { ...(revision === null ? {} : { revision }), ...packages(), node: process.version, ...machine, ...facts },
  };
}

/** The commit of the working tree, read from its files; null outside of one. */
export function gitRevision(home: string): string | null {
  const git = path.join(home, '.git');
  if (!existsSync(git) || !statSync(git).isDirectory()) return null;
  const head = readText(path.join(git, 'HEAD'))?.trim();
  if (head === undefined || !head.startsWith('ref: ')) return head ?? null;
  const ref = head.slice(5);
  return readText(path.join(git, ref))?.trim()
    ?? readText(path.join(git, 'packed-refs'))?.split('\n').find(line => line.endsWith(` ${ref}`))?.split(' ')[0] ?? null;
}

/** Versions of the packages that are in use, as `package <name>`. */
function packages(): Record<string, string> {
  const own = JSON.parse(readFileSync(path.join(HOME, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
  return Object.fromEntries(Object.keys(own.dependencies).flatMap(name => {
    const text = readText(path.join(HOME, 'node_modules', name, 'package.json'));
    return text === undefined ? [] : [[`package ${name}`, (JSON.parse(text) as { version: string }).version]];
  }));
}

function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
