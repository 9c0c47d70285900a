/** Generated dataset packages, by name of the generator. */
import { sim } from '../instruments/sim/index.ts';
import { ApError } from '../model/errors.ts';
import { simSmall } from './simSmall.ts';
import type { GeneratedFile } from './simSmall.ts';

export type { GeneratedFile } from './simSmall.ts';

export interface GeneratedPackage {
  /** The manifest without its list of files. */
  readonly manifest: {
    readonly format: 'ap-verify-dataset/1';
    readonly name: string;
    readonly title: string;
    readonly version: string;
    readonly licence: string;
    readonly description: string;
    readonly instrument: string;
    readonly bands: readonly string[];
    readonly pipeline: string;
    readonly generator: { readonly name: string; readonly seed: number };
    readonly templates: { readonly source: 'files' };
    readonly hasTruth: true;
  };
  readonly files: GeneratedFile[];
}

interface Generator {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly instrument: string;
  readonly bands: readonly string[];
  readonly files: (seed: number) => Iterable<GeneratedFile>;
}

/** Generators by name. `version` changes whenever the bytes of a seed change. */
export const GENERATORS: Readonly<Record<string, Generator>> = {
  'sim-small': {
    title: 'Simulated field, small camera, 4 visits',
    version: '2',
    description: 'Two detectors of 1000 x 1000 pixels, two nights with one visit in g and one in r each; stars, galaxies, '
      + 'transients, variables and asteroids with exact truth; calibration frames, templates and a reference catalog.',
    instrument: 'sim',
    bands: ['g', 'r'],
    files: seed => simSmall(seed),
  },
  'sim-ci': {
    title: 'Simulated field, one detector, 4 visits',
    version: '1',
    description: 'The first detector of sim-small: half of the pixels, for a gate on every change.',
    instrument: 'sim',
    bands: ['g', 'r'],
    files: seed => simSmall(seed, sim.detectors.slice(0, 1)),
  },
};

/** Makes a package in memory; the same name and seed give the same bytes. Throws DATASET_PACKAGE_NOT_FOUND for an unknown generator. */
export function generatePackage(name: string, seed: number): Promise<GeneratedPackage> {
  const generator = GENERATORS[name];
  if (generator === undefined) {
    return Promise.reject(new ApError('DATASET_PACKAGE_NOT_FOUND', {
      found: `generator '${name}'`, expected: Object.keys(GENERATORS).join(', '), todo: 'correct generator.name in dataset.yaml',
    }));
  }
  const { title, version, description, instrument, bands } = generator;
  return Promise.resolve({
    manifest: {
      format: 'ap-verify-dataset/1', name, title, version, licence: 'CC0-1.0', description, instrument, bands, pipeline: 'ApPipe',
      generator: { name, seed }, templates: { source: 'files' }, hasTruth: true,
    },
    files: [...generator.files(seed)],
  });
}
