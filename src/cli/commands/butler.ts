/** `ap-verify butler ...`: make, fill, search, exchange and tidy a data repository. */
import type { Command } from 'commander';
import { addCalibrationCommands } from './butler/calibrations.ts';
import { addExchangeCommands } from './butler/exchange.ts';
import { addIngestCommands } from './butler/ingest.ts';
import { addPruneCommand } from './butler/prune.ts';
import { addQueryCommands } from './butler/query.ts';

/** Adds the `butler` commands to the program. */
export function addButlerCommand(program: Command): void {
  const butler = program.command('butler').description('make, fill, search, exchange and tidy a data repository');
  addIngestCommands(butler);
  addCalibrationCommands(butler);
  addExchangeCommands(butler);
  addQueryCommands(butler);
  addPruneCommand(butler);
}
