/**
 * One frame of 2048 x 4096 pixels with about 6,000 objects above 5 sigma: accuracy against the truth and time, beside Source
 * Extractor, PSFEx, SCAMP and astroscrappy where they are installed (see singleFrame/peers.ts).
 */
import { fitZeroPoint } from '../../src/astro/calibration/fitZeroPoint.ts';
import { matchAndFitWcs } from '../../src/astro/calibration/matchAndFitWcs.ts';
import { estimateBackground } from '../../src/astro/background/estimateBackground.ts';
import { findCosmicRays } from '../../src/astro/detection/findCosmicRays.ts';
import type { MeasuredSource } from '../../src/astro/measurement/measureSources.ts';
import { characterizeImage, FIT_BAD } from '../../src/astro/psf/characterizeImage.ts';
import { fitPsf } from '../../src/astro/psf/fitPsf.ts';
import { generalWcsFromCards } from '../../src/sky/generalWcsHeader.ts';
import { skyTransform } from '../../src/sky/generalWcs.ts';
import { copyMaskedImage } from '../../src/model/image.ts';
import type { MaskedImage } from '../../src/model/image.ts';
import { MASK, maskOf } from '../../src/model/mask.ts';
import type { PsfModel } from '../../src/model/psf.ts';
import { pixelsToSky, pixelToSky } from '../../src/sky/wcs.ts';
import { tangentOffset_arcsec } from '../../src/sky/sphere.ts';
import { madSigma, mean, median, standardDeviation } from '../../src/numeric/statistics.ts';
import { findSources, scaleVariance } from '../../src/tasks/singleFrame.ts';
import type { Bench, BenchCase } from './bench.ts';
import { idealError, isolatedPairs, judgeDetections, judgePsf, pullOf } from './singleFrame/judge.ts';
import * as peers from './singleFrame/peers.ts';
import { misledWcs, referencesOf } from './singleFrame/references.ts';
import { simulateFrame } from './singleFrame/simulateFrame.ts';
import type { SimulatedFrame } from './singleFrame/simulateFrame.ts';

const CHARACTERIZE = {
  cellSize_px: 128, initialFwhm_px: 3.5, threshold: 10, minSnr: 50, minStars: 5, maxStars: 300, maxOrder: 2, doCosmicRays: true,
};
const MEASURE = { minFitSnr: 3, growFootprints_sigma: 2.4, aperture_px: 12 };
const FIELD = { maxOffset_arcsec: 180, maxRotation_deg: 1.5 };
const STAR_LIMIT_SNR = 10;

interface Prepared {
  readonly clean: SimulatedFrame;
  readonly dirty: SimulatedFrame;
  /** Background-subtracted, with its PSF. */
  readonly mi: MaskedImage;
  readonly psf: PsfModel;
  readonly background: Float32Array;
  readonly psfStars: readonly { readonly x: number; readonly y: number }[];
  readonly sources: readonly MeasuredSource[];
  readonly folder: string | null;
}

let prepared: Prepared | null = null;

function prepare(): Prepared {
  if (prepared !== null) return prepared;
  const clean = simulateFrame({ nCosmicRays: 0 });
  const dirty = simulateFrame();
  const mi = copyMaskedImage(clean.mi);
  const { psf, background, psfStars } = characterizeImage(mi, CHARACTERIZE);
  scaleVariance(mi);
  const sources = findSources({ ...mi, mask: mi.mask.slice() }, psf, 5, MEASURE);
  const folder = peers.hasTool('source-extractor') ? peers.peerFolder(clean, misledWcs(clean.wcs)) : null;
  if (folder !== null) {
    peers.configureExtractor(folder);
    peers.runExtractor(folder, 0.6);
    peers.extractFor(folder, 'psf');
    peers.extractFor(folder, 'astro');
    peers.writeReferences(folder, referencesOf(clean));
  }
  return (prepared = { clean, dirty, mi, psf, background, psfStars, sources, folder });
}

/** Everything that Source Extractor does, in one: sky, detection, deblending, measurement. */
function extract({ clean, psf }: Prepared): MeasuredSource[] {
  const mi = copyMaskedImage(clean.mi);
  const { image } = estimateBackground(mi, { cellSize_px: 64, ignoreBits: FIT_BAD });
  for (let i = 0; i < image.length; i++) mi.image[i] = mi.image[i]! - image[i]!;
  return findSources(mi, psf, 5, MEASURE);
}

function astrometryInput({ clean, sources }: Prepared): Parameters<typeof matchAndFitWcs> {
  const good = sources.filter(s => s.psfFlux > STAR_LIMIT_SNR * s.psfFluxErr && !(s.flagSaturated || s.flagCentroid || s.flagEdge));
  const { ra, dec, mag } = referencesOf(clean);
  return [
    {
      x: good.map(s => s.x), y: good.map(s => s.y), xErr: good.map(s => s.xErr), yErr: good.map(s => s.yErr),
      flux: good.map(s => s.psfFlux),
    },
    { ra, dec, flux: mag.map(m => 10 ** (-0.4 * m)) }, misledWcs(clean.wcs), { width: clean.mi.width, height: clean.mi.height, ...FIELD },
  ];
}

function cases(): BenchCase[] {
  const p = prepare();
  const { folder, dirty, mi } = p;
  const stars = p.psfStars;
  const known = p.sources.map(s => ({ x: s.x, y: s.y, flux: s.psfFlux }));
  const withRays = copyMaskedImage(dirty.mi);
  for (let i = 0; i < withRays.image.length; i++) withRays.image[i] = withRays.image[i]! - dirty.sky[i]!;
  const python = peers.astroscrappyPython();
  const peer = (tool: string, name: string, run: () => unknown, repeat = 2): BenchCase[] =>
    (folder !== null && peers.hasTool(tool) ? [{ name, repeat, run }] : []);
  return [
    { name: 'background + detection + measurement', repeat: 3, run: () => extract(p) },
    ...peer('source-extractor', '  source-extractor', () => peers.runExtractor(folder!, 0.6)),
    {
      name: `PSF model of ${stars.length} stars`, repeat: 3,
      run: () => fitPsf(mi, stars, { sigma_px: p.psf.fwhm_px / 2.3548, badBits: FIT_BAD, maxOrder: 2, minStars: 5, sources: known }),
    },
    ...peer('psfex', '  psfex', () => peers.runPsfex(folder!), 1),
    { name: 'astrometry (2 arcmin and 1 degree off, half of the stars)', repeat: 3, run: () => matchAndFitWcs(...astrometryInput(p)) },
    ...peer('scamp', '  scamp', () => peers.runScamp(folder!), 1),
    { name: 'zero point', repeat: 3, run: () => zeroPoint(p) },
    { name: 'cosmic rays', repeat: 3, run: () => findCosmicRays(copyMaskedImage(withRays), p.psf) },
    ...(python === null ? [] : peer('source-extractor', '  astroscrappy', () => peers.runAstroscrappy(python, folder!, dirty, 1), 1)),
    { name: 'characterizeImage (sky, rays, stars, PSF)', repeat: 3, run: () => characterizeImage(copyMaskedImage(dirty.mi), CHARACTERIZE) },
  ];
}

function zeroPoint({ clean, sources }: Prepared): ReturnType<typeof fitZeroPoint> {
  const pairs = isolatedPairs(clean, sources, 15).filter(([, k]) => sources[k]!.psfFlux > 20 * sources[k]!.psfFluxErr);
  return fitZeroPoint({
    instFlux: pairs.map(([, k]) => sources[k]!.psfFlux), instFluxErr: pairs.map(([, k]) => sources[k]!.psfFluxErr),
    refFlux: pairs.map(([o]) => o.flux), refFluxErr: pairs.map(([o]) => 0.005 * o.flux),
  });
}

function figures(): string[] {
  const p = prepare();
  const of = [detectionFigures, pullFigures, skyFigures, psfFigures, astrometryFigures, rayFigures];
  return [...of.flatMap(lines => lines(p)), memory()];
}

function detectionFigures({ clean, mi, psf, folder }: Prepared): string[] {
  const nObjects = clean.objects.filter(o => o.flux > 5 * idealError(clean, o.x, o.y)).length;
  const line = (tool: string, threshold: number, found: readonly { x: number; y: number }[]): string => {
    const { completeness, nFalse, n } = judgeDetections(clean, found);
    const percent = (100 * completeness).toFixed(1);
    return `${tool} at ${threshold}: ${found.length} sources, ${percent} % of ${n} stars of 4.5 to 5.5 sigma, ${nFalse} false`;
  };
  const ours = [5, 4.5, 4].map(t => line('  ours', t, findSources({ ...mi, mask: mi.mask.slice() }, psf, t, MEASURE)));
  const theirs = folder === null ? [] : [0.5, 0.6, 0.7].map(t => {
    peers.runExtractor(folder, t);
    return line('  source-extractor', t, peers.extractorCatalog(folder));
  });
  return [`detection (${nObjects} objects above 5 sigma)`, ...ours, ...theirs];
}

function pullFigures(p: Prepared): string[] {
  const { clean, sources } = p;
  const pairs = isolatedPairs(clean, sources, 15).filter(([, k]) => !sources[k]!.flagInterpolated && !sources[k]!.flagSaturated);
  const bright = pairs.filter(([, k]) => sources[k]!.psfFlux > 100 * sources[k]!.psfFluxErr);
  const factor = median(bright.map(([o, k]) => o.flux / sources[k]!.psfFlux));
  const text = (name: string, values: number[]): string => {
    const { median: m, width, n } = pullOf(values);
    return `  ${name}: median ${m.toFixed(3)}, width ${width.toFixed(3)} (${n})`;
  };
  const good = pairs.filter(([, k]) => sources[k]!.psfFlux > 10 * sources[k]!.psfFluxErr).map(([o, k]) => [o, sources[k]!] as const);
  const { zeroPoint_mag } = zeroPoint(p);
  return [
    'pulls of isolated stars above 10 sigma',
    text('x', good.map(([o, s]) => (s.x - o.x) / s.xErr)), text('y', good.map(([o, s]) => (s.y - o.y) / s.yErr)),
    text('flux', good.map(([o, s]) => (s.psfFlux * factor - o.flux) / (s.psfFluxErr * factor))),
    `zero point less truth: ${(1000 * (zeroPoint_mag - 31.4 - 2.5 * Math.log10(1 / factor))).toFixed(2)} mmag about the factor of bright stars`,
  ];
}

function skyFigures({ clean, background }: Prepared): string[] {
  const relative: number[] = [];
  for (let i = 0; i < background.length; i += 97) relative.push(background[i]! / clean.sky[i]! - 1);
  return [`sky less truth: median ${(100 * median(relative)).toFixed(3)} %, scatter ${(100 * madSigma(relative)).toFixed(3)} %, `
    + `largest ${(100 * relative.reduce((a, b) => Math.max(a, Math.abs(b)), 0)).toFixed(2)} %`];
}

function psfFigures({ clean, psf, folder }: Prepared): string[] {
  const line = (tool: string, model: PsfModel): string => {
    const j = judgePsf(clean, model);
    return `  ${tool} (${model.nStars} stars): FWHM within ${(100 * j.fwhmError).toFixed(2)} %, ellipticity within ${j.ellipticityError.toFixed(4)}, `
      + `|residual| of a subtracted star ${(100 * j.residual).toFixed(2)} % of its flux (worst place ${(100 * j.worstResidual).toFixed(2)} %)`;
  };
  const theirs = folder !== null && peers.hasTool('psfex') ? [line('psfex', peers.psfexModel(folder))] : [];
  return ['PSF against truth on a mesh of 5 x 9', line('ours', psf), ...theirs];
}

function astrometryFigures(p: Prepared): string[] {
  const { wcs } = p.clean;
  const places = Array.from({ length: 400 }, (_, k) => [50 + 1948 * ((k % 20) / 19), 50 + 3996 * (Math.floor(k / 20) / 19)] as const);
  const truth = pixelsToSky(wcs, places.map(q => q[0]), places.map(q => q[1]));
  const line = (tool: string, sky: (x: number, y: number) => readonly [number, number]): string => {
    const offsets = places.map(([x, y], k) => tangentOffset_arcsec(...sky(x, y), truth.ra[k]!, truth.dec[k]!));
    const [e, n] = [offsets.map(o => 1000 * o[0]), offsets.map(o => 1000 * o[1])];
    return `  ${tool}: mean ${Math.hypot(mean(e), mean(n)).toFixed(2)} mas, scatter ${Math.max(standardDeviation(e), standardDeviation(n)).toFixed(2)} mas`;
  };
  const solution = matchAndFitWcs(...astrometryInput(p));
  const theirs = p.folder !== null && peers.hasTool('scamp') ? [line('scamp', scampSky(p.folder))] : [];
  const ours = line('ours', (x, y) => pixelToSky(solution.wcs, x, y));
  return [`astrometry against the true WCS (order ${solution.order}, ${solution.nUsed} stars)`, ours, ...theirs];
}

function scampSky(folder: string): (x: number, y: number) => [number, number] {
  const transform = skyTransform(generalWcsFromCards(peers.scampCards(folder)));
  return (x, y) => [...transform.pixelToSky(x, y)] as [number, number];
}

function rayFigures({ dirty, psf, folder }: Prepared): string[] {
  const mi = copyMaskedImage(dirty.mi);
  for (let i = 0; i < mi.image.length; i++) mi.image[i] = mi.image[i]! - dirty.sky[i]!;
  findCosmicRays(mi, psf);
  const line = (tool: string, isMarked: (i: number) => boolean): string => {
    let n = 0, hits = 0, nFalse = 0;
    for (let i = 0; i < mi.image.length; i++) {
      if ((dirty.mi.mask[i]! & maskOf('SAT', 'BAD')) !== 0) continue;
      const noise = Math.sqrt(dirty.sky[i]! + dirty.readNoise_electron ** 2);
      if (dirty.rays[i]! > 5 * noise) { n++; if (isMarked(i)) hits++; }
      if (dirty.rays[i] === 0 && isMarked(i)) nFalse++;
    }
    return `  ${tool}: ${((100 * hits) / n).toFixed(1)} % of ${n} pixels above 5 sigma, ${nFalse} pixels without any ray marked`;
  };
  const python = peers.astroscrappyPython();
  const rays = python === null || folder === null ? null : peers.runAstroscrappy(python, folder, dirty, 1).rays;
  const ours = line('ours', i => (mi.mask[i]! & MASK.CR) !== 0);
  return ['cosmic rays', ours, ...(rays === null ? [] : [line('astroscrappy', i => rays[i] === 1)])];
}

function memory(): string {
  return `peak memory of this process with three copies of the frame and its truth: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`;
}

export default { name: 'single-frame', cases, figures } satisfies Bench;
