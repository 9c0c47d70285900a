/** A digest of the program's own sources: outputs of other code must not be reused. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { HOME } from './installation.ts';

/** Rooms whose code decides what a quantum writes. */
const ROOMS = ['numeric', 'model', 'sky', 'astro', 'formats', 'pipeline', 'tasks', 'instruments', 'butler', 'apdb'];

/** Hexadecimal sha256 over the names and contents of all sources of those rooms, in one order. */
export function codeDigest(): string {
  const hash = createHash('sha256');
  for (const room of ROOMS) {
    const root = path.join(HOME, 'src', room);
    for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => /\.(ts|js|json)$/.test(name)).sort()) {
      hash.update(`${room}/${file.split(path.sep).join('/')}\n`).update(readFileSync(path.join(root, file)));
    }
  }
  return hash.digest('hex');
}
