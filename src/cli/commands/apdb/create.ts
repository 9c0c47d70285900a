/** `ap-verify apdb create`: an empty association database. */
import path from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { apdbConfigText } from '../../../apdb/apdbConfig.ts';
import { apdbLocation, shownUrl } from '../../../apdb/location.ts';
import { createApdb, removeApdb } from '../../../apdb/openApdb.ts';
import { INDEX_MODES } from '../../../apdb/schema.ts';
import type { IndexMode } from '../../../apdb/schema.ts';
import { writeFileAtomic } from '../../../harness/workspace.ts';

interface Options {
  readonly indexMode: IndexMode;
  readonly replica?: true;
  readonly drop?: true;
  readonly configOut?: string;
}

export function addApdbCreateCommand(apdb: Command): void {
  apdb.command('create <url>')
    .description('make an empty association database (dax_apdb schema 10.0.0) in a file or at a URL')
    .addOption(new Option('--index-mode <mode>', 'how DIAObjects are found by position').choices([...INDEX_MODES]).default('baseline'))
    .option('--replica', 'keep tables for the copy to the Prompt Products Database')
    .option('--drop', 'remove the association database that is there first')
    .option('--config-out <file>', 'write the configuration with which clients of dax_apdb open it (YAML)')
    .action((url: string, { indexMode, replica, drop, configOut }: Options) => {
      const form = { indexMode, hasReplica: replica === true };
      if (drop === true) removeApdb(url);
      createApdb(url, form);
      if (configOut !== undefined) {
        const location = apdbLocation(url);
        writeFileAtomic(configOut, apdbConfigText(location.kind === 'sqlite' ? path.resolve(location.file) : url, form));
      }
      process.stderr.write(`association database: ${shownUrl(url)}${configOut === undefined ? '' : `; configuration: ${configOut}`}\n`);
    });
}
