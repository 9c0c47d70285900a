/** `ap-verify apdb ...`: make, look into and tend association databases. */
import type { Command } from 'commander';
import { addApdbCreateCommand } from './apdb/create.ts';

/** Adds the `apdb` commands to the program. */
export function addApdbCommand(program: Command): void {
  const apdb = program.command('apdb').description('make, look into and tend association databases');
  addApdbCreateCommand(apdb);
}
