/** All instruments by name; a new camera is one folder and one line here. */
import type { Instrument } from '../model/instrument.ts';
import { sdss } from './sdss/index.ts';
import { sim } from './sim/index.ts';

export const instruments: Readonly<Record<string, Instrument>> = { sdss, sim };
