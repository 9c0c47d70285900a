/** Identities of datasets: name-based UUIDs (version 5), so that the same data ingested anywhere has the same identity. */
import { createHash } from 'node:crypto';
import type { DataId } from '../model/dataset.ts';

/** Namespace of the real client for dataset identities. */
export const DATASET_NAMESPACE = '840b31d9-05cd-5161-b2c8-00d32b280d0f';

/** `DATAID_TYPE` leaves the run out: raw frames are the same dataset in every repository and run. */
export type IdMode = 'DATAID_TYPE' | 'DATAID_TYPE_RUN';

/** UUID version 5 (RFC 9562, SHA-1) of a text in a namespace, lower case with dashes. */
export function uuid5(namespace: string, text: string): string {
  const hash = createHash('sha1').update(Buffer.from(hexOfUuid(namespace), 'hex')).update(text).digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return uuidOfHex(hash.toString('hex'));
}

/** Identity of a dataset; `dataId` holds the required dimensions of the type and nothing else. */
export function datasetUuid(type: string, dataId: DataId, run: string, mode: IdMode = 'DATAID_TYPE_RUN'): string {
  const values = Object.entries(dataId).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${String(value)}`);
  return uuid5(DATASET_NAMESPACE, [`dataset_type=${type}`, ...(mode === 'DATAID_TYPE' ? [] : [`run=${run}`]), ...values].join());
}

/** The 32 hex digits that the registry keeps. */
export function hexOfUuid(uuid: string): string {
  return uuid.replaceAll('-', '').toLowerCase();
}

export function uuidOfHex(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
