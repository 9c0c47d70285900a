/** `ap-verify apdb metadata`: versions, frozen configuration, what users have added, and how much is in the tables. */
import type { Command } from 'commander';
import { deleteMetadata, readMetadata, setMetadata } from '../../../apdb/metadata.ts';
import { countRows } from '../../../apdb/query.ts';
import { ApError } from '../../../model/errors.ts';
import { withApdb } from './common.ts';

export function addApdbMetadataCommands(apdb: Command): void {
  const metadata = apdb.command('metadata').description('show and change the metadata of a database');
  metadata.command('show <url>').description('all metadata, and the numbers of rows')
    .option('--json', 'as one JSON object')
    .action((url: string, { json }: { json?: true }) => {
      withApdb(url, ({ connection }) => {
        const found = { metadata: Object.fromEntries(readMetadata(connection)), rows: countRows(connection) };
        if (json === true) process.stdout.write(`${JSON.stringify(found, null, 1)}\n`);
        else for (const [name, value] of [...Object.entries(found.metadata), ...Object.entries(found.rows)]) process.stdout.write(`${name}: ${value}\n`);
      });
    });
  metadata.command('get <url> <key>').description('one value')
    .action((url: string, key: string) => {
      withApdb(url, ({ connection }) => {
        const value = readMetadata(connection).get(key);
        if (value === undefined) throw new ApError('APDB', { where: connection.where, found: `no key ${key}` });
        process.stdout.write(`${value}\n`);
      });
    });
  metadata.command('set <url> <key> <value>').description('add a value')
    .option('--force', 'replace the value that is there')
    .action((url: string, key: string, value: string, { force }: { force?: true }) => {
      withApdb(url, ({ connection }) => { setMetadata(connection, [key, value], force === true); });
    });
  metadata.command('delete <url> <key>').description('delete a value')
    .action((url: string, key: string) => {
      withApdb(url, ({ connection }) => { deleteMetadata(connection, key); });
    });
}
