/** All tasks by class name: what a pipeline file may run. A new task is one file and one line here. */
import type { Task } from '../pipeline/task.ts';
import type { TaskRegistry } from '../pipeline/resolvePipeline.ts';
import { associateApdb } from './associateApdb.ts';
import { buildTemplate } from './buildTemplate.ts';
import { calibrate } from './calibrate.ts';
import { calibrateImage } from './calibrateImage.ts';
import { characterizeImage } from './characterizeImage.ts';
import { detectAndMeasureDiaSource } from './detectAndMeasureDiaSource.ts';
import { filterDiaSource } from './filterDiaSource.ts';
import { imageDifference } from './imageDifference.ts';
import { isr } from './isr.ts';
import { standardizeDiaSource } from './standardizeDiaSource.ts';
import { subtractImages } from './subtractImages.ts';

const all: readonly Task[] = [
  isr, calibrateImage, buildTemplate, subtractImages, detectAndMeasureDiaSource, filterDiaSource, standardizeDiaSource, associateApdb,
  // The three that, with isr and associateApdb, make the five-task pipeline of 2021.
  characterizeImage, calibrate, imageDifference,
];

export const tasks: TaskRegistry = Object.fromEntries(all.map(task => [task.name, task]));
