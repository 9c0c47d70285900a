/** `ap-verify image ...`: single steps of the pipeline on files, without a repository. */
import type { Command } from 'commander';
import type { Outcome } from '../main.ts';
import { addIsrCommand } from './image/isr.ts';
import { addMeasureCommands } from './image/measure.ts';

/** Adds the `image` commands to the program. */
export function addImageCommand(program: Command, outcome: Outcome): void {
  const image = program.command('image').description('steps of the pipeline on files, without a repository');
  addIsrCommand(image, outcome);
  addMeasureCommands(image, outcome);
}
