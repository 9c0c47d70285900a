/**
 * The specialised tools on the same frame: Source Extractor, PSFEx, SCAMP (Debian packages source-extractor, psfex, scamp) and
 * astroscrappy (PyPI; ASTROSCRAPPY_PYTHON names an interpreter that has it). A tool that is not installed is null.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  binTable, cardNumber, columnNumbers, hduNamed, parseCards, readFits, writeFits, type FitsFile,
} from '../../../src/formats/fits/index.ts';
import { headerOfWcs } from '../../../src/formats/wcsCards.ts';
import { MASK, maskOf } from '../../../src/model/mask.ts';
import type { PsfModel } from '../../../src/model/psf.ts';
import type { SkyWcs } from '../../../src/model/wcs.ts';
import type { SimulatedFrame } from './simulateFrame.ts';

export function hasTool(name: string): boolean {
  return spawnSync(name, ['--version']).error === undefined;
}

/** A folder with the frame as FITS for the tools; removed when the process ends. */
export function peerFolder(frame: SimulatedFrame, headerWcs: SkyWcs): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ap-verify-peers-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { width, height, image, mask } = frame.mi;
  const shape = [width, height];
  const skyVariance = (i: number): number => frame.sky[i]! + frame.readNoise_electron ** 2;
  const weight = Float32Array.from(image, (_, i) => ((mask[i]! & MASK.BAD) === 0 ? 1 / skyVariance(i) : 0));
  writeFileSync(path.join(folder, 'frame.fits'), writeFits([{ kind: 'image', shape, data: image, cards: headerOfWcs(headerWcs) }]));
  writeFileSync(path.join(folder, 'weight.fits'), writeFits([{ kind: 'image', shape, data: weight }]));
  writeFileSync(path.join(folder, 'mask.fits'), writeFits([{
    kind: 'image', shape, data: Uint8Array.from(mask, m => ((m & maskOf('BAD', 'SAT')) === 0 ? 0 : 1)),
  }]));
  writeFileSync(path.join(folder, 'filter.conv'), gaussFilter(4, 7));
  writeFileSync(path.join(folder, 'default.nnw'), '');
  return folder;
}

function gaussFilter(fwhm_px: number, size: number): string {
  const half = size >> 1;
  const rows = Array.from({ length: size }, (_, j) => Array.from({ length: size }, (_, i) =>
    Math.exp(-4 * Math.LN2 * ((i - half) ** 2 + (j - half) ** 2) / fwhm_px ** 2).toFixed(6)).join(' '));
  return `CONV NORM\n# Gaussian of ${fwhm_px} pixels FWHM\n${rows.join('\n')}\n`;
}

export interface PeerSource {
  readonly x: number;
  readonly y: number;
  readonly flux: number;
  readonly fluxErr: number;
  readonly flags: number;
}

const COLUMNS = ['X_IMAGE', 'Y_IMAGE', 'FLUX_AUTO', 'FLUXERR_AUTO', 'FLAGS', 'XWIN_IMAGE', 'YWIN_IMAGE', 'FLUX_APER', 'FLUXERR_APER',
  'A_IMAGE', 'B_IMAGE', 'THETA_IMAGE', 'FLUX_RADIUS', 'CLASS_STAR'];

function extractorArguments(threshold: number): string[] {
  return ['frame.fits', '-c', 'default.sex', '-DETECT_THRESH', String(threshold), '-ANALYSIS_THRESH', String(threshold)];
}

/** Writes the configuration; every option that is not named here has the tool's own default. */
export function configureExtractor(folder: string): void {
  writeFileSync(path.join(folder, 'default.param'), `${COLUMNS.filter(c => c !== 'CLASS_STAR').join('\n')}\n`);
  writeFileSync(path.join(folder, 'psf.param'), [
    'X_IMAGE', 'Y_IMAGE', 'FLUX_RADIUS', 'FLUX_APER(1)', 'FLUXERR_APER(1)', 'ELONGATION', 'FLAGS', 'SNR_WIN', 'VIGNET(35,35)', '',
  ].join('\n'));
  writeFileSync(path.join(folder, 'astro.param'), [
    'XWIN_IMAGE', 'YWIN_IMAGE', 'ERRAWIN_IMAGE', 'ERRBWIN_IMAGE', 'ERRTHETAWIN_IMAGE', 'FLUX_AUTO', 'FLUXERR_AUTO', 'FLAGS',
    'FLUX_RADIUS', 'ELONGATION', '',
  ].join('\n'));
  writeFileSync(path.join(folder, 'default.sex'), [
    'CATALOG_NAME out.cat', 'PARAMETERS_NAME default.param', 'FILTER_NAME filter.conv', 'WEIGHT_TYPE MAP_WEIGHT', 'WEIGHT_IMAGE weight.fits',
    'GAIN 1', 'SATUR_LEVEL 85000', 'PHOT_APERTURES 24', 'SEEING_FWHM 1', 'PIXEL_SCALE 0.26', 'VERBOSE_TYPE QUIET', 'CATALOG_TYPE ASCII',
    'MEMORY_OBJSTACK 20000', 'MEMORY_PIXSTACK 3000000', 'DETECT_MINAREA 5', '',
  ].join('\n'));
}

/** One run of Source Extractor at a threshold of single pixels of the filtered image. */
export function runExtractor(folder: string, threshold: number): void {
  execFileSync('source-extractor', extractorArguments(threshold), { cwd: folder, stdio: 'pipe' });
}

export function extractorCatalog(folder: string): PeerSource[] {
  return readFileSync(path.join(folder, 'out.cat'), 'utf8').trim().split('\n').map(line => {
    const v = line.trim().split(/\s+/).map(Number);
    return { x: v[5]! - 1, y: v[6]! - 1, flux: v[2]!, fluxErr: v[3]!, flags: v[4]! };
  });
}

/** Catalog for PSFEx or SCAMP, not timed. */
export function extractFor(folder: string, kind: 'psf' | 'astro'): void {
  execFileSync('source-extractor', [
    ...extractorArguments(kind === 'psf' ? 5 : 3), '-PARAMETERS_NAME', `${kind}.param`, '-CATALOG_TYPE', 'FITS_LDAC', '-CATALOG_NAME', `${kind}.cat`,
  ], { cwd: folder, stdio: 'pipe' });
}

export function runPsfex(folder: string): void {
  execFileSync('psfex', [
    'psf.cat', '-CHECKPLOT_TYPE', 'NONE', '-CHECKIMAGE_TYPE', 'NONE', '-WRITE_XML', 'N', '-VERBOSE_TYPE', 'QUIET', '-NTHREADS', '1',
    '-PSF_SIZE', '45,45',
  ], { cwd: folder, stdio: 'pipe' });
}

/** The model that PSFEx wrote as one of ours: only the order of its terms and its origin differ. */
export function psfexModel(folder: string): PsfModel {
  const hdu = hduNamed(readFits(readFileSync(path.join(folder, 'psf.psf'))), 'PSF_DATA');
  const size = cardNumber(hdu, 'PSFAXIS1');
  const order = cardNumber(hdu, 'POLDEG1');
  const sampling_px = cardNumber(hdu, 'PSF_SAMP');
  const scale = [cardNumber(hdu, 'POLSCAL1'), cardNumber(hdu, 'POLSCAL2')] as const;
  const zero = [cardNumber(hdu, 'POLZERO1'), cardNumber(hdu, 'POLZERO2')] as const;
  const data = Float64Array.from(columnNumbers(binTable(hdu), 'PSF_MASK'), Number);
  const n = size * size;
  const basis = new Float64Array(data.length);
  // PSFEx: 1, u, u^2, v, uv, v^2; here by degree: 1, u, v, u^2, uv, v^2.
  let from = 0;
  for (let j = 0; j <= order; j++) {
    for (let i = 0; i + j <= order; i++, from++) {
      const degree = i + j;
      basis.set(data.subarray(from * n, (from + 1) * n), ((degree * (degree + 1)) / 2 + j) * n);
    }
  }
  // u = (x + 1 - zero) / scale is 2 (x - x0) / w - 1 with w = 2 scale, x0 = zero - 1 - scale.
  return {
    kind: 'polynomial', size, order, sampling_px, basis, fwhm_px: cardNumber(hdu, 'PSF_FWHM'),
    x0: zero[0] - 1 - scale[0], y0: zero[1] - 1 - scale[1], width: 2 * scale[0], height: 2 * scale[1],
    nStars: cardNumber(hdu, 'ACCEPTED', 0),
  };
}

export interface PeerReferences {
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly mag: Float64Array;
  readonly error_deg: number;
}

/** The reference catalog in the form that SCAMP reads (FITS_LDAC). */
export function writeReferences(folder: string, { ra, dec, mag, error_deg }: PeerReferences): void {
  const n = ra.length;
  const column = (name: string, values: Float64Array, unit = ''): { name: string; type: 'numbers'; values: Float64Array; unit: string } =>
    ({ name, type: 'numbers', values, unit });
  const constant = (value: number): Float64Array => new Float64Array(n).fill(value);
  const header = 'SIMPLE  =                    T'.padEnd(80) + 'END'.padEnd(80);
  writeFileSync(path.join(folder, 'refs.cat'), writeFits([
    { kind: 'bintable', name: 'LDAC_IMHEAD', nRows: 1, columns: [{ name: 'Field Header Card', type: 'strings', values: [header], width: header.length }] },
    {
      kind: 'bintable', name: 'LDAC_OBJECTS', nRows: n, columns: [
        column('X_WORLD', ra, 'deg'), column('Y_WORLD', dec, 'deg'), column('ERRA_WORLD', constant(error_deg), 'deg'),
        column('ERRB_WORLD', constant(error_deg), 'deg'), column('ERRTHETA_WORLD', constant(0), 'deg'), column('MAG', mag, 'mag'),
        column('MAGERR', constant(0.01), 'mag'), column('OBSDATE', constant(2026), 'yr'),
      ],
    },
  ]));
}

export function runScamp(folder: string): void {
  execFileSync('scamp', [
    'astro.cat', '-ASTREF_CATALOG', 'FILE', '-ASTREFCAT_NAME', 'refs.cat', '-ASTREFCENT_KEYS', 'X_WORLD,Y_WORLD', '-ASTREFERR_KEYS',
    'ERRA_WORLD,ERRB_WORLD,ERRTHETA_WORLD', '-ASTREFMAG_KEY', 'MAG', '-ASTREFMAGERR_KEY', 'MAGERR', '-ASTREFOBSDATE_KEY', 'OBSDATE',
    '-POSITION_MAXERR', '3', '-POSANGLE_MAXERR', '2', '-PIXSCALE_MAXERR', '1.02', '-DISTORT_DEGREES', '3', '-SOLVE_PHOTOM', 'N',
    '-CHECKPLOT_TYPE', 'NONE', '-WRITE_XML', 'N', '-VERBOSE_TYPE', 'QUIET', '-NTHREADS', '1', '-FWHM_THRESHOLDS', '1,50', '-SN_THRESHOLDS', '10,100',
  ], { cwd: folder, stdio: 'pipe' });
}

/** Cards of the header that SCAMP wrote. */
export function scampCards(folder: string): FitsFile['hdus'][number]['cards'] {
  const text = readFileSync(path.join(folder, 'astro.head'), 'latin1');
  return parseCards(text.split('\n').filter(l => !/^(HISTORY|COMMENT|END)/.test(l)).map(l => l.padEnd(80).slice(0, 80)).join('') + 'END'.padEnd(80));
}

/** Python that has astroscrappy, or null. */
export function astroscrappyPython(): string | null {
  const python = process.env.ASTROSCRAPPY_PYTHON ?? 'python3';
  return spawnSync(python, ['-c', 'import astroscrappy, numpy']).status === 0 ? python : null;
}

const SCRAPPY = `
import sys, time, numpy as np, astroscrappy
folder, w, h, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
image = np.fromfile(folder + '/frame.f32', dtype='<f4').reshape(h, w)
mask = np.fromfile(folder + '/mask.u8', dtype='u1').reshape(h, w).astype(bool)
for k in range(runs):
    start = time.perf_counter()
    found, _ = astroscrappy.detect_cosmics(image, inmask=mask, gain=1.0, readnoise=6.0, satlevel=85000.0, sigclip=4.5, objlim=5.0)
    print((time.perf_counter() - start) * 1000)
found.astype('u1').tofile(folder + '/rays.u8')
`;

/** astroscrappy with its defaults: median time in milliseconds and the pixels that it marks. */
export function runAstroscrappy(
  python: string, folder: string, { mi }: SimulatedFrame, runs: number,
): { median_ms: number; rays: Uint8Array } {
  writeFileSync(path.join(folder, 'frame.f32'), new Uint8Array(mi.image.slice().buffer));
  writeFileSync(path.join(folder, 'mask.u8'), Uint8Array.from(mi.mask, m => (m & maskOf('BAD', 'SAT') ? 1 : 0)));
  const out = execFileSync(python, ['-c', SCRAPPY, folder, String(mi.width), String(mi.height), String(runs)], { encoding: 'utf8' });
  const times = out.trim().split('\n').map(Number).sort((a, b) => a - b);
  return { median_ms: times[times.length >> 1]!, rays: new Uint8Array(readFileSync(path.join(folder, 'rays.u8'))) };
}
