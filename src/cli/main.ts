/** The command line: parses, calls, prints, and turns every outcome into a documented exit code. */
import { Command, CommanderError } from 'commander';
import { ApError } from '../model/errors.ts';
import { version } from './installation.ts';

/** What a command leaves behind: the process exit code. */
export interface Outcome {
  exitCode: number;
}

type AddCommands = (program: Command, outcome: Outcome) => void;

/** Commands by the words that begin them. Their code is loaded when it is needed: most of the start-up time is imports. */
const COMMANDS: readonly (readonly [words: readonly string[], load: () => Promise<AddCommands>])[] = [
  [['run'], async () => (await import('./commands/run.ts')).addRunCommand],
  [['report', 'measure', 'gate'], async () => (await import('./commands/report.ts')).addReportCommand],
  [['lint', 'explain', 'propose-bounds', 'accept', 'waive'], async () => (await import('./commands/specifications.ts')).addSpecificationCommands],
  [['history', 'trend', 'compare', 'export'], async () => (await import('./commands/history.ts')).addHistoryCommands],
  [['dataset'], async () => (await import('./commands/dataset.ts')).addDatasetCommand],
  [['butler'], async () => (await import('./commands/butler.ts')).addButlerCommand],
  [['pipetask'], async () => (await import('./commands/pipetask.ts')).addPipetaskCommand],
  [['ap-pipe'], async () => (await import('./commands/apPipe.ts')).addApPipeCommand],
  [['apdb'], async () => (await import('./commands/apdb.ts')).addApdbCommand],
  [['alerts'], async () => (await import('./commands/alerts.ts')).addAlertsCommand],
  [['fits'], async () => (await import('./commands/fits.ts')).addFitsCommand],
  [['diff'], async () => (await import('./commands/diff.ts')).addDiffCommand],
  [['calib'], async () => (await import('./commands/calib.ts')).addCalibCommand],
  [['image'], async () => (await import('./commands/image.ts')).addImageCommand],
  [['wcs'], async () => (await import('./commands/wcs.ts')).addWcsCommand],
];

/** The commands that the first word asks for; all of them for help and for words that are none. */
function commandsFor(argv: readonly string[]): Promise<AddCommands[]> {
  const wanted = COMMANDS.filter(([words]) => words.includes(argv[0] ?? ''));
  return Promise.all((wanted.length > 0 ? wanted : COMMANDS).map(([, load]) => load()));
}

/** Runs one command line and returns the exit code (design.md section 2). */
export async function main(argv: readonly string[]): Promise<number> {
  const outcome: Outcome = { exitCode: 0 };
  // A reader that has seen enough (`| head`) is no fault.
  if (process.stdout.listenerCount('error') === 0) {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? outcome.exitCode : 5));
  }
  const program = new Command('ap-verify')
    .description('Verify an astronomical Alert Production pipeline: run it, measure it, judge it, show it.')
    .version(version(), '--version')
    .showSuggestionAfterError()
    .showHelpAfterError('(ap-verify --help lists the commands)')
    .exitOverride();
  for (const add of await commandsFor(argv)) add(program, outcome);
  program.addHelpText('after', EXIT_CODES);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    return exitCodeOf(error);
  }
}

const EXIT_CODES = `
Exit codes: 0 all gating specifications pass; 1 at least one fails; 2 incomplete (a required metric is
missing, invalid or below its minimum sample); 3 the pipeline under test failed; 4 bad dataset or
configuration; 5 internal fault; 64 usage; 130 interrupted.`;

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
  if (error instanceof ApError) {
    process.stderr.write(`ap-verify: ${error.message}\n`);
    return error.exitCode;
  }
  process.stderr.write(`ap-verify: internal fault: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`
    + 'This is a fault of ap-verify. Please report it with the command line and the text above.\n');
  return 5;
}
