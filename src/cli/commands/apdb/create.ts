/** `ap-verify apdb create`: an empty association database. */
import type { Command } from 'commander';
import { createApdb } from '../../../apdb/openApdb.ts';

export function addApdbCreateCommand(apdb: Command): void {
  apdb.command('create <url>')
    .description('make an empty association database (dax_apdb schema 10.0.0) in a file or at a URL')
    .action((url: string) => {
      createApdb(url);
      process.stderr.write('made\n');
    });
}
