/** What the tests of the difference tasks share: defaults, a context, and a pair of images with known changes. */
import type { ConfigFields, ConfigValues, TaskContext } from '../../src/pipeline/task.ts';
import type { Instrument } from '../../src/model/instrument.ts';
import { MASK } from '../../src/model/mask.ts';
import { makePair } from '../astro/difference/pair.ts';
import type { Pair } from '../astro/difference/pair.ts';
import { spaced } from '../astro/syntheticField.ts';
import type { TrueSource } from '../astro/syntheticField.ts';

export function configOf<F extends ConfigFields>(fields: F, set: Partial<ConfigValues<F>> = {}): ConfigValues<F> {
  const defaults = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.default])) as ConfigValues<F>;
  return { ...defaults, ...set };
}

export interface TestContext extends TaskContext {
  readonly warnings: string[];
}

export function contextOf(): TestContext {
  const instrument = { name: 'toy', detectorMax: 10, visitMax: 1000, exposureMax: 1000 } as unknown as Instrument;
  const warnings: string[] = [];
  return {
    dataId: { instrument: 'toy', visit: 7, detector: 3 }, instrument, records: {}, seed: 1, apdb: null, metadata: {}, warnings,
    log: { info: () => {}, warn: message => { warnings.push(message); } },
  };
}

export const SIZE = 400;
export const stars = spaced(71, 7, 7, 57, k => 10_000 + 1500 * k);
const between: TrueSource[] = spaced(72, 6, 6, 57, k => 2500 + 200 * k).map(s => ({ ...s, x: s.x + 28, y: s.y + 28 }));
/** Half of the places between the stars have something new, every sixth something that vanished. */
export const transients = between.filter((_, k) => k % 2 === 0);
export const vanished = between.filter((_, k) => k % 6 === 1);

export function examplePair(): Pair {
  const pair = makePair({ size: SIZE, scienceFwhm: 3.8, templateFwhm: 3, stars, transients, vanished, templateSky: 150, seed: 80 });
  const detected = [...stars, ...transients];
  for (let p = 0; p < SIZE * SIZE; p++) {
    const [x, y] = [p % SIZE, Math.floor(p / SIZE)];
    if (detected.some(s => Math.hypot(s.x - x, s.y - y) < 6)) pair.science.mask[p] = MASK.DETECTED;
  }
  return pair;
}
