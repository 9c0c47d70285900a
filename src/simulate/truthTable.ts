/** What a perfect pipeline would find: one row a source a visit. */
import type { Detector } from '../model/instrument.ts';
import { tableFromRows } from '../model/table.ts';
import type { ColumnSpec, Table } from '../model/table.ts';
import { READ_NOISE_ELECTRON } from '../instruments/sim/geometry.ts';
import { skyToPixel } from '../sky/wcs.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { psfComponents, psfStamp } from './psfModel.ts';
import type { SimPsf } from './psfModel.ts';
import { fluxAt, positionAt, templateFlux } from './sky.ts';
import type { SimBand, SkySource } from './sky.ts';

const spec = (name: string, type: ColumnSpec['type'], unit: string, doc: string): ColumnSpec => ({ name, type, unit, doc });

export const TRUTH_COLUMNS: readonly ColumnSpec[] = [
  spec('id', 'i64', '', 'source id, the same in all visits'),
  spec('kind', 'string', '', 'star, galaxy, transient, variable or moving'),
  spec('ra', 'f64', 'deg', 'ICRS at mid-exposure'), spec('dec', 'f64', 'deg', 'ICRS at mid-exposure'),
  spec('flux', 'f64', 'nJy', 'total flux in the science image'),
  spec('deltaFlux', 'f64', 'nJy', 'flux in the science image minus flux in the template'),
  spec('snr', 'f64', '', '|deltaFlux| over the noise of PSF photometry on a perfect difference; 0 off the detectors'),
  spec('visible', 'bool', '', 'at least 20 pixels inside a detector and with flux (static sources) or a change of flux (others)'),
  spec('detector', 'i32', '', 'detector id; -1 when on none'),
  spec('x', 'f64', 'pixel', '0-based'), spec('y', 'f64', 'pixel', '0-based'),
];

/** Distance from the edge inside of which a source counts as visible. */
export const VISIBLE_BORDER_PX = 20;
const STAMP_SIZE = 21;

/** A detector in a visit, as it really was. */
export interface TrueDetector {
  readonly detector: Detector;
  readonly wcs: SkyWcs;
  readonly axisPixel: readonly [number, number];
  /** Expected electrons and response, row-major. */
  readonly expected: Float64Array;
  readonly flat: Float32Array;
}

export interface TruthInput {
  readonly sources: readonly SkySource[];
  readonly band: SimBand;
  readonly mid_mjd: number;
  readonly psf: SimPsf;
  readonly electronsPerNJy: number;
  readonly templateVariance_nJy2: number;
  readonly detectors: readonly TrueDetector[];
}

/** The truth of one visit. Sources that have left the field (moving ones on another night) have no row. */
export function truthTable(input: TruthInput): Table {
  const { sources, band, mid_mjd } = input;
  const rows = sources.filter(s => s.motion === null || fluxAt(s, band, mid_mjd) > 0).map(source => {
    const [ra, dec] = positionAt(source, mid_mjd);
    const flux = fluxAt(source, band, mid_mjd);
    const deltaFlux = source.kind === 'star' || source.kind === 'galaxy' ? 0 : flux - templateFlux(source, band);
    const found = onDetector(input.detectors, ra, dec);
    const isStatic = source.kind === 'star' || source.kind === 'galaxy';
    return {
      id: source.id, kind: source.kind, ra, dec, flux, deltaFlux,
      snr: found === null ? 0 : Math.abs(deltaFlux) * inverseNoise(input, found),
      visible: found !== null && isInside(found) && (isStatic ? flux > 0 : deltaFlux !== 0),
      detector: found?.place.detector.id ?? -1, x: found?.x ?? NaN, y: found?.y ?? NaN,
    };
  });
  return tableFromRows(TRUTH_COLUMNS, rows);
}

interface Found { readonly place: TrueDetector; readonly x: number; readonly y: number }

function onDetector(places: readonly TrueDetector[], ra: number, dec: number): Found | null {
  for (const place of places) {
    const [x, y] = skyToPixel(place.wcs, ra, dec);
    if (x >= -0.5 && x < place.detector.width - 0.5 && y >= -0.5 && y < place.detector.height - 0.5) return { place, x, y };
  }
  return null;
}

function isInside({ place: { detector }, x, y }: Found): boolean {
  const b = VISIBLE_BORDER_PX;
  return x >= b && y >= b && x < detector.width - b && y < detector.height - b;
}

/** 1 / sigma of an unweighted PSF flux (nJy): sum P^2 / sqrt(sum P^2 var), photons of everything around included. */
function inverseNoise(input: TruthInput, { place, x, y }: Found): number {
  const { width, height } = place.detector;
  const psf = psfStamp(psfComponents(input.psf, (x - place.axisPixel[0]) / 1000, (y - place.axisPixel[1]) / 1000), STAMP_SIZE);
  const half = (STAMP_SIZE - 1) / 2;
  let squares = 0;
  let noise = 0;
  for (let k = 0; k < psf.length; k++) {
    const px = Math.round(x) + (k % STAMP_SIZE) - half;
    const py = Math.round(y) + Math.floor(k / STAMP_SIZE) - half;
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    const p = py * width + px;
    const scale = place.flat[p]! * input.electronsPerNJy;
    if (scale < 0.2 * input.electronsPerNJy) continue;
    const variance = (place.expected[p]! + READ_NOISE_ELECTRON ** 2) / (scale * scale) + input.templateVariance_nJy2;
    squares += psf[k]! ** 2;
    noise += psf[k]! ** 2 * variance;
  }
  return noise > 0 ? squares / Math.sqrt(noise) : 0;
}
