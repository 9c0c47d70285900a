/** All instruments by name; a new camera is one folder and one line here. */
import type { Instrument } from '../model/instrument.ts';
import { decam } from './decam/index.ts';
import { lowell42 } from './lowell42/index.ts';
import { obsTest } from './obsTest/index.ts';
import { sdss } from './sdss/index.ts';
import { sim } from './sim/index.ts';

export const instruments: Readonly<Record<string, Instrument>> = {
  decam, lowell42, obs_test: obsTest, sdss, sim,
};
