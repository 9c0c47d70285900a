/** What is wrong with a simulated detector, fixed in time: response, dark current, bias structure, bad pixels. */
import type { Defect, Detector } from '../model/instrument.ts';
import { random } from '../numeric/random.ts';
import type { Random } from '../numeric/random.ts';
import { AXIS_PIXEL } from '../instruments/sim/geometry.ts';
import { BANDS } from './sky.ts';
import type { SimBand } from './sky.ts';

/** All planes in the detector frame, row-major. */
export interface DetectorMaps {
  /** Response relative to the mean of the detector, with vignetting, by band. */
  readonly flat: Readonly<Record<SimBand, Float32Array>>;
  /** Electrons per second. */
  readonly dark: Float32Array;
  /** Bias structure about the overscan level, ADU. */
  readonly bias_adu: Float32Array;
  /** Rectangles that a pipeline is told about. */
  readonly defects: readonly Defect[];
  /** Electrons that hot columns add to every read-out. */
  readonly hotColumns: readonly { readonly x: number; readonly y0: number; readonly charge_electron: number }[];
}

/** Pixels that produce more than this per second are listed as defects. */
const HOT_PIXEL_LIMIT = 20;

/** The maps of a detector; the same seed gives the same detector. */
export function makeDetectorMaps(detector: Detector, seed: number): DetectorMaps {
  const stream = (what: string): Random => random(seed, `${what} ${detector.name}`);
  const columns = badColumns(detector, stream('columns'));
  const { dark, hot } = darkMap(detector, stream('dark'));
  const flat = flatMaps(detector, columns.dead, stream('flat'));
  return {
    flat, dark, bias_adu: biasMap(detector, stream('bias')),
    defects: [...columns.dead, ...columns.hot, ...hot],
    hotColumns: columns.hot.map(({ x0, y0 }) => ({ x: x0, y0, charge_electron: 4000 })),
  };
}

function badColumns({ width, height }: Detector, draw: Random): { dead: Defect[]; hot: Defect[] } {
  const column = (boxWidth: number, whole: boolean): Defect => {
    const y0 = whole ? 0 : 100 + draw.integer(height - 300);
    return { x0: 20 + draw.integer(width - 40), y0, width: boxWidth, height: height - y0, plane: 'BAD' };
  };
  const cluster = (): Defect => ({
    x0: 20 + draw.integer(width - 40), y0: 20 + draw.integer(height - 40), width: 3 + draw.integer(4), height: 3 + draw.integer(4), plane: 'BAD',
  });
  return { dead: [column(1, true), column(2, false), cluster(), cluster()], hot: [column(1, false)] };
}

/** Dark current: a floor, a glow from the corner where the amplifier sits, and hot pixels. */
function darkMap({ width, height }: Detector, draw: Random): { dark: Float32Array; hot: Defect[] } {
  const dark = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) dark[y * width + x] = 0.04 + 0.8 * Math.exp(-Math.hypot(x, y) / 60);
  }
  const hot: Defect[] = [];
  for (let k = 0; k < 300; k++) {
    const x0 = draw.integer(width);
    const y0 = draw.integer(height);
    const rate = 0.5 * 400 ** draw.uniform();
    dark[y0 * width + x0]! += rate;
    if (rate > HOT_PIXEL_LIMIT) hot.push({ x0, y0, width: 1, height: 1, plane: 'BAD' });
  }
  return { dark, hot };
}

/** Columns with offsets of their own, and a ramp where each amplifier starts to read. */
function biasMap(detector: Detector, draw: Random): Float32Array {
  const bias = new Float32Array(detector.width * detector.height);
  for (const { detectorBox: box, flipX } of detector.amplifiers) {
    for (let i = 0; i < box.width; i++) {
      const value = 12 * Math.exp(-i / 35) + 1.2 * draw.normal();
      const x = flipX ? box.x0 + box.width - 1 - i : box.x0 + i;
      for (let y = box.y0; y < box.y0 + box.height; y++) bias[y * detector.width + x] = value + 2 * Math.sin(y / 130);
    }
  }
  return bias;
}

/** Vignetting, a slow tilt by band, pixel-to-pixel response, shadows of dust, dead columns; mean 1 over living pixels. */
function flatMaps(detector: Detector, dead: readonly Defect[], draw: Random): Record<SimBand, Float32Array> {
  const { width, height } = detector;
  const pixelResponse = Float32Array.from({ length: width * height }, () => 1 + 0.006 * draw.normal());
  const dust = Array.from({ length: 4 }, () => ({
    x: width * draw.uniform(), y: height * draw.uniform(),
    inner: 10 + 8 * draw.uniform(), outer: 26 + 12 * draw.uniform(), depth: 0.015 + 0.03 * draw.uniform(),
  }));
  for (const ring of dust) shadow(pixelResponse, width, height, ring);
  for (const box of dead) {
    for (let y = box.y0; y < Math.min(height, box.y0 + box.height); y++) {
      for (let x = box.x0; x < Math.min(width, box.x0 + box.width); x++) pixelResponse[y * width + x]! *= 0.02;
    }
  }
  const [axisX, axisY] = AXIS_PIXEL[detector.id]!;
  const flats = BANDS.map(band => {
    const tilt = [0.012 * draw.normal(), 0.012 * draw.normal()];
    const flat = pixelResponse.map((value, p) => {
      const focalX = ((p % width) - axisX) / 1000;
      const focalY = (Math.floor(p / width) - axisY) / 1000;
      return value * (1 - 0.07 * (focalX * focalX + focalY * focalY)) * (1 + tilt[0]! * focalX + tilt[1]! * focalY);
    });
    return [band, normalised(flat)] as const;
  });
  return Object.fromEntries(flats) as Record<SimBand, Float32Array>;
}

interface Ring { readonly x: number; readonly y: number; readonly inner: number; readonly outer: number; readonly depth: number }

function shadow(plane: Float32Array, width: number, height: number, ring: Ring): void {
  const reach = Math.ceil(ring.outer);
  for (let y = Math.max(0, Math.floor(ring.y) - reach); y < Math.min(height, ring.y + reach); y++) {
    for (let x = Math.max(0, Math.floor(ring.x) - reach); x < Math.min(width, ring.x + reach); x++) {
      const r = Math.hypot(x - ring.x, y - ring.y);
      if (r > ring.inner && r < ring.outer) plane[y * width + x]! *= 1 - ring.depth;
    }
  }
}

function normalised(flat: Float32Array): Float32Array {
  let sum = 0;
  let n = 0;
  for (const value of flat) if (value > 0.2) { sum += value; n++; }
  return flat.map(value => (value * n) / sum);
}
