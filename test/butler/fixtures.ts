/** Repositories in temporary folders, and small raw frames of the simulated camera. */
import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createRepository } from '../../src/butler/repository.ts';
import type { Repository } from '../../src/butler/repository.ts';
import { stageDataset } from '../../src/butler/staging.ts';
import { card } from '../../src/formats/fits/index.ts';
import { writeRawFrame } from '../../src/formats/rawFits.ts';
import { sim } from '../../src/instruments/sim/index.ts';
import type { DataId, DatasetRef, DatasetType } from '../../src/model/dataset.ts';
import { ApError } from '../../src/model/errors.ts';
import type { ErrorCode } from '../../src/model/errors.ts';
import type { HeaderValue } from '../../src/model/instrument.ts';

/** Facts by detector and by camera, for tests that need no pixels. */
export const note: DatasetType<unknown> = { name: 'note', dimensions: ['instrument', 'detector'], storageClass: 'StructuredDataDict', isCalibration: false };
export const gain: DatasetType<unknown> = { ...note, name: 'gain', isCalibration: true };

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ap-butler-'));
  folders.push(folder);
  return folder;
}

/** A repository with the simulated camera, the run `r1` and the types `note` and `gain`. */
export function simRepository(root: string): Repository {
  const repository = createRepository(root, { busyTimeout_ms: 100 });
  repository.registerInstrument(sim);
  repository.registerRun('r1');
  repository.registerDatasetType(note);
  repository.registerDatasetType(gain);
  return repository;
}

export function put(repository: Repository, type: DatasetType, dataId: DataId, value: unknown, run = 'r1'): DatasetRef {
  repository.registerRun(run);
  return repository.commit([stageDataset(repository.root, { type, dataId, run }, value)])[0]!;
}

export function expectError(work: () => unknown, code: ErrorCode, words: RegExp): void {
  let error: unknown;
  try {
    work();
  } catch (thrown) {
    error = thrown;
  }
  checkError(error, code, words);
}

export async function expectRejection(work: Promise<unknown>, code: ErrorCode, words: RegExp): Promise<void> {
  checkError(await work.then(() => undefined, (error: unknown) => error), code, words);
}

function checkError(error: unknown, code: ErrorCode, words: RegExp): void {
  expect(error, String((error as Error | undefined)?.stack ?? 'nothing thrown')).to.be.instanceOf(ApError);
  expect((error as ApError).code, (error as Error).message).to.equal(code);
  expect((error as Error).message).to.match(words);
}

/** A raw frame of 16 x 16 pixels; the header has what the camera's translation needs, `null` takes a card away. */
export function writeRaw(folder: string, name: string, changes: Readonly<Record<string, HeaderValue>> = {}): string {
  const header: Record<string, HeaderValue> = {
    INSTRUME: 'SIMCAM', EXPID: 1, DETNUM: 0, IMGTYPE: 'science', OBJECT: 'FIELD', OBSID: 'obs-1', GROUPID: 'obs-1', DAYOBS: 20260111,
    SEQNUM: 1, FILTER: 'sim-g', 'DATE-OBS': '2026-01-12T03:10:00.000', EXPTIME: 30, DARKTIME: 32, AIRMASS: 1.25, RA: 53, DEC: -28, ROTPA: 0,
    CTYPE1: 'RA---TAN', CTYPE2: 'DEC--TAN', CRPIX1: 500, CRPIX2: 500, CRVAL1: 53, CRVAL2: -28,
    CD1_1: -1e-4, CD1_2: 0, CD2_1: 0, CD2_2: 1e-4, ...changes,
  };
  const cards = Object.entries(header).filter(([, value]) => value !== null).map(([key, value]) => card(key, value));
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, writeRawFrame({ cards, width: 16, height: 16, data: Uint16Array.from({ length: 256 }, (_, k) => 1000 + k) }));
  return file;
}
