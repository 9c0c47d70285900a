/** Configuration files of `dax_apdb` (YAML, `ApdbSqlConfig`): which database, and how far back history is read. */
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { ApError } from '../model/errors.ts';
import { apdbLocation, daxUrl, inSchema, locationText } from './location.ts';
import { READ_BACK_DAYS } from './reader.ts';
import type { HistoryDays } from './reader.ts';
import type { ApdbForm } from './schema.ts';

export interface ApdbConfig {
  /** As `openApdb` takes it. */
  readonly url: string;
  readonly history: HistoryDays;
}

const DAYS_OF_MONTH = 30;
const LEGACY = /^\s*(import|from)\s+lsst\.dax\.apdb/;

/**
 * Reads `db_url`, `namespace` and the months of history; what is frozen in the database is read there. Throws ApError
 * FILE_NOT_FOUND, and BAD_CONFIG for Cassandra, for tables with a prefix, for old pex_config files and for what is no YAML.
 */
export function readApdbConfig(file: string): ApdbConfig {
  const text = readText(file);
  if (LEGACY.test(text)) {
    throw new ApError('BAD_CONFIG', { where: file, found: 'an old pex_config file', expected: 'YAML', todo: `apdb-cli convert-legacy-config ${file} NEW.yaml` });
  }
  const config = parsed(text, file);
  const { implementation_type: kind = 'sql', db_url: url, namespace = null, prefix = '' } = config;
  if (kind !== 'sql') throw new ApError('BAD_CONFIG', { where: file, found: `implementation_type ${String(kind)}`, expected: 'sql' });
  if (typeof url !== 'string') throw new ApError('BAD_CONFIG', { where: file, found: 'no db_url', expected: 'the URL of a database' });
  if (prefix !== '') throw new ApError('BAD_CONFIG', { where: file, found: `prefix ${String(prefix)}`, expected: 'tables without a prefix' });
  const location = apdbLocation(url);
  return {
    url: locationText(typeof namespace === 'string' ? inSchema(location, namespace) : location),
    history: { sources: days(config, 'read_sources_months', file), forcedSources: days(config, 'read_forced_sources_months', file) },
  };
}

/** The text of a configuration file with which clients of `dax_apdb` open the database. A file must be named absolutely. */
export function apdbConfigText(url: string, { indexMode, hasReplica }: ApdbForm): string {
  const { db_url, namespace } = daxUrl(apdbLocation(url));
  return stringify({
    db_url, ...(namespace === null ? {} : { namespace }), dia_object_index: indexMode, enable_replica: hasReplica, implementation_type: 'sql',
  });
}

/** What a label stands for in an index file (`DAX_APDB_INDEX_URI`). @throws ApError BAD_CONFIG when it is not there. */
export function labelledConfig(label: string, index: string): string {
  const entries = parsed(readText(index), index);
  const found = [`${label}/yaml`, label].map(name => entries[name]).find(entry => entry !== undefined);
  if (typeof found === 'string') return found;
  throw new ApError('BAD_CONFIG', { where: index, found: `no label ${label}`, expected: `one of ${Object.keys(entries).join(', ')}` });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ApError('FILE_NOT_FOUND', { where: file, found: (cause as Error).message, expected: 'a configuration of dax_apdb' }, { cause });
  }
}

function parsed(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new ApError('BAD_CONFIG', { where: file, found: (cause as Error).message.split('\n')[0] }, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ApError('BAD_CONFIG', { where: file, found: 'no mapping', expected: 'the YAML of ApdbSqlConfig' });
}

function days(config: Readonly<Record<string, unknown>>, key: string, file: string): number {
  const months = config[key] ?? READ_BACK_DAYS / DAYS_OF_MONTH;
  if (typeof months === 'number' && Number.isInteger(months) && months >= 0) return months * DAYS_OF_MONTH;
  throw new ApError('BAD_CONFIG', { where: `${file}, ${key}`, found: String(months), expected: 'a number of months' });
}
