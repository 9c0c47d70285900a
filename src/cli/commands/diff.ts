/** `ap-verify diff SCIENCE TEMPLATE -o DIR`: the difference of two FITS images, without any repository. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { Option, type Command } from 'commander';
import { ApError, AlgorithmError, NoWorkFound } from '../../model/errors.ts';
import { writeFileAtomic } from '../../harness/workspace.ts';
import { PAIR_CONFIG, differencePair, prepareImage, type PairConfig, type PairDifference, type Timed } from '../../tasks/differencePair.ts';
import { column } from '../../model/table.ts';
import { writeDifferenceFiles } from '../differenceFiles.ts';
import type { Outcome } from '../main.ts';
import { positiveNumber } from '../optionValues.ts';
import { parseConvention, readPairImage, type PairImage } from '../pairImage.ts';
import { version } from '../installation.ts';

interface DiffOptions {
  readonly output: string;
  readonly scienceMask?: string;
  readonly templateMask?: string;
  readonly gain?: number;
  readonly templateGain?: number;
  readonly readNoise?: number;
  readonly templateReadNoise?: number;
  readonly convention: string;
  readonly method: string;
  readonly threshold: number;
  readonly convolve: string;
  readonly align: 'stars' | 'header';
}

/** Adds the command to the program. */
export function addDiffCommand(program: Command, outcome: Outcome): void {
  program.command('diff <science> <template>')
    .description('subtract a PSF-matched template from a science image (two FITS images, grids of their own) and find what changed')
    .requiredOption('-o, --output <folder>', 'where the results go')
    .option('--science-mask <file>', 'mask of the science image (plane names in MP_ cards, SDSS fpM, or see --convention)')
    .option('--template-mask <file>', 'mask of the template')
    .option('--convention <bit=PLANE,...>', 'planes of masks without plane names, e.g. 0=BAD,1=SAT; without it all that is not 0 is BAD', '')
    .option('--gain <e/adu>', 'gain of the science image (default: card GAIN)', positiveNumber)
    .option('--read-noise <e>', 'read noise of the science image (default: card RDNOISE)', positiveNumber)
    .option('--template-gain <e/adu>', 'gain of the template (default: its card, or --gain)', positiveNumber)
    .option('--template-read-noise <e>', 'read noise of the template (default: its card, or --read-noise)', positiveNumber)
    .addOption(new Option('--method <name>', 'al: Alard-Lupton with decorrelation; zogy: Zackay, Ofek & Gal-Yam; score: al with detection on the score image')
      .choices(['al', 'zogy', 'score']).default('al'))
    .addOption(new Option('--convolve <which>', 'the image that is convolved (al, score)').choices(['auto', 'template', 'science']).default('auto'))
    .addOption(new Option('--align <how>', 'stars: the template is registered on the stars of both images; header: as the WCS says')
      .choices(['stars', 'header']).default('stars'))
    .option('--threshold <sigma>', 'detection threshold', positiveNumber, 5)
    .action((science: string, template: string, options: DiffOptions) => {
      outcome.exitCode = diff(science, template, options);
    });
}

function diff(scienceFile: string, templateFile: string, options: DiffOptions): number {
  const times: Record<string, number> = {};
  const timed: Timed = (step, run) => {
    const start = performance.now();
    const value = run();
    times[step] = Number(((performance.now() - start) / 1000).toFixed(3));
    return value;
  };
  mkdirSync(options.output, { recursive: true });
  const convention = parseConvention(options.convention);
  const images = timed('read', () => ({
    science: readPairImage(scienceFile, {
      mask: options.scienceMask, gain_electronPerAdu: options.gain, readNoise_electron: options.readNoise, convention,
    }),
    template: readPairImage(templateFile, {
      mask: options.templateMask, gain_electronPerAdu: options.templateGain ?? options.gain,
      readNoise_electron: options.templateReadNoise ?? options.readNoise, convention,
    }),
  }));
  const notes = [...images.science.notes, ...images.template.notes, ...registration(images)];
  for (const note of notes) process.stderr.write(`ap-verify: note: ${note}\n`);
  const about = { science: scienceFile, template: templateFile, version: version(), method: options.method, notes };
  try {
    const result = subtractPair(images, options, timed);
    timed('write', () => { writeDifferenceFiles(options.output, result, { ...about, times_s: times }); });
    announce(result, options.output, times);
    return 0;
  } catch (error) {
    if (!(error instanceof AlgorithmError || error instanceof NoWorkFound)) throw error;
    const status = error instanceof NoWorkFound ? 'noWork' : 'failed';
    writeFileAtomic(path.join(options.output, 'diff.json'), `${JSON.stringify({
      ...about, status, reason: error.message, numbers: error.metadata, times_s: times,
    }, null, 2)}\n`);
    throw new ApError('PIPELINE_FAILED', { where: `${scienceFile} - ${templateFile}`, found: error.message }, { cause: error });
  }
}

interface Images { science: PairImage; template: PairImage }

/** One arc second a pixel: any scale will do when the stars tell where the template is. */
const NO_WCS = { projection: 'TAN', crpix: [0, 0], crval_deg: [180, 0], cd: [-1 / 3600, 0, 0, 1 / 3600] } as const;

/** Images without any WCS are on nearly the same grid; one with and one without cannot be compared. Modifies `images`. */
function registration(images: Images): string[] {
  const [science, template] = [images.science.exposure.wcs, images.template.exposure.wcs];
  if (science !== null && template !== null) return [];
  if (science !== null || template !== null) {
    throw new ApError('BAD_WCS', { where: science === null ? 'science image' : 'template', found: 'no WCS', expected: 'a WCS in both images, or in neither' });
  }
  images.science = { ...images.science, exposure: { ...images.science.exposure, wcs: NO_WCS } };
  images.template = { ...images.template, exposure: { ...images.template.exposure, wcs: NO_WCS } };
  return ['no image has a WCS: they are registered on their stars; right ascension and declination mean nothing'];
}

function subtractPair({ science, template }: Images, options: DiffOptions, timed: Timed): PairDifference {
  const config: PairConfig = {
    ...PAIR_CONFIG, align: options.align,
    subtract: {
      method: options.method === 'zogy' ? 'zogy' : 'al',
      mode: options.convolve === 'auto' ? 'auto' : options.convolve === 'template' ? 'convolveTemplate' : 'convolveScience',
    },
    detect: { thresholdSigma: options.threshold, doScoreImage: options.method === 'score' },
  };
  const prepare = ({ exposure, isVarianceGuess }: PairImage): ReturnType<typeof prepareImage> =>
    prepareImage(exposure, { ...config, doScaleVariance: isVarianceGuess });
  const first = timed('characterize science', () => prepare(science));
  const second = timed('characterize template', () => prepare(template));
  return differencePair(first, second, config, timed);
}

function announce({ diaSources, metadata }: PairDifference, output: string, times: Readonly<Record<string, number>>): void {
  const isSky = column(diaSources, 'isSky', 'bool');
  const n = isSky.reduce((sum, v) => sum + (v === 0 ? 1 : 0), 0);
  const total = Object.values(times).reduce((a, b) => a + b, 0);
  process.stdout.write(`${n} sources on the difference, kernel from ${String(metadata.nKernelSourcesUsed ?? 'no')} stars, `
    + `noise ${Number(metadata.residualWidth).toFixed(3)} of the expected, ${total.toFixed(1)} s\n${path.join(output, 'index.html')}\n`);
}
