/** The command line as a user types it: a process, its exit code and what it printed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { comparableResult, readResult } from '../../src/harness/resultDocument.ts';
import type { ComparableResult } from '../../src/harness/resultDocument.ts';
import type { VerificationResult } from '../../src/model/verification.ts';

const PROGRAM = path.resolve(import.meta.dirname, '..', '..', 'src', 'cli', 'ap-verify.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What has been printed on standard error so far. */
  readonly said: () => string;
}

export function startApVerify(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', code => { resolve({ code, stdout, stderr }); });
  });
  return { child, ended, said: () => stderr };
}

export function apVerify(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startApVerify(args, env).ended;
}

/** A folder that is removed after the surrounding suite. */
export function temporaryFolder(): () => string {
  let folder = '';
  before(() => { folder = mkdtempSync(path.join(os.tmpdir(), 'ap-verify-')); });
  after(() => { rmSync(folder, { recursive: true, force: true }); });
  return () => folder;
}

export function resultOf(workspace: string): VerificationResult {
  const file = path.join(workspace, 'result.json');
  return readResult(readFileSync(file, 'utf8'), file);
}

/** What two runs of the same data and configuration must agree on. */
export function comparableOf(workspace: string): ComparableResult {
  return comparableResult(resultOf(workspace));
}

/** Where two JSON values differ, as `path: a | b`, at most 20; empty when they are equal. */
export function differences(a: unknown, b: unknown, at = ''): string[] {
  if (Object.is(a, b)) return [];
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return [`${at}: ${JSON.stringify(a)} | ${JSON.stringify(b)}`];
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].flatMap(key => differences(left[key], right[key], `${at}/${key}`)).slice(0, 20);
}

/** The value of a measurement without keys, or of those with keys by their text. */
export function valuesOf({ measurements }: VerificationResult, metric: string): readonly number[] {
  return measurements.filter(m => m.metric === metric && m.value !== null).map(m => m.value!);
}

export function hasFile(workspace: string, ...parts: string[]): boolean {
  return existsSync(path.join(workspace, ...parts));
}
