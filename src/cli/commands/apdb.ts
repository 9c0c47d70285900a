/** `ap-verify apdb ...`: make, look into and tend association databases. */
import type { Command } from 'commander';
import type { Outcome } from '../main.ts';
import { addApdbAssociateCommand } from './apdb/associate.ts';
import { addApdbCreateCommand } from './apdb/create.ts';
import { addApdbLightCurveCommand } from './apdb/lightCurve.ts';
import { addApdbDedupCommand } from './apdb/dedup.ts';
import { addApdbMetadataCommands } from './apdb/metadata.ts';
import { addApdbQueryCommands } from './apdb/query.ts';

/** Adds the `apdb` commands to the program. */
export function addApdbCommand(program: Command, outcome: Outcome): void {
  const apdb = program.command('apdb').description('make, look into and tend association databases');
  addApdbCreateCommand(apdb);
  addApdbAssociateCommand(apdb, outcome);
  addApdbLightCurveCommand(apdb);
  addApdbMetadataCommands(apdb);
  addApdbQueryCommands(apdb);
  addApdbDedupCommand(apdb);
}
