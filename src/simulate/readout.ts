/** From the light on a simulated detector to the numbers of a raw frame. */
import type { Amplifier, Detector } from '../model/instrument.ts';
import type { Random } from '../numeric/random.ts';
import { RAW_HEIGHT, RAW_WIDTH } from '../instruments/sim/geometry.ts';
import type { Canvas } from './gaussians.ts';
import type { DetectorMaps } from './detectorMaps.ts';

/** A pixel holds no more than this (ADU above zero level); what is too much flows along the column. */
const FULL_WELL_ADU = 62_000;
const LARGEST_NUMBER = 65_535;
/** Above this mean a Poisson number is drawn as a normal one (its skewness is below 0.06). */
const NORMAL_ABOVE = 300;

/** Photons and dark current counted: expected electrons become electrons, in place. */
export function countElectrons(plane: Float64Array, draw: Random): void {
  for (let p = 0; p < plane.length; p++) {
    const mean = plane[p]!;
    plane[p] = mean > NORMAL_ABOVE ? Math.max(0, Math.round(mean + Math.sqrt(mean) * draw.normal())) : draw.poisson(mean);
  }
}

/** Straight tracks of charged particles, drawn into the plane (electrons). Returns the number of tracks. */
export function addCosmicRays({ width, height, data }: Canvas, meanCount: number, draw: Random): number {
  const n = draw.poisson(meanCount);
  for (let k = 0; k < n; k++) {
    let x = width * draw.uniform() - 0.5;
    let y = height * draw.uniform() - 0.5;
    const angle = 2 * Math.PI * draw.uniform();
    const length = 1 - 7 * Math.log(1 - draw.uniform());
    const charge = 700 * Math.exp(0.5 * draw.normal());
    const nSteps = Math.ceil(4 * Math.min(length, 80));
    for (let step = 0; step < nSteps; step++) {
      const ix = Math.round(x);
      const iy = Math.round(y);
      if (ix >= 0 && ix < width && iy >= 0 && iy < height) data[iy * width + ix]! += (charge / 4) * Math.exp(0.3 * draw.normal());
      x += Math.cos(angle) / 4;
      y += Math.sin(angle) / 4;
    }
  }
  return n;
}

/** Charge above the full well flows to both neighbours in the column until every pixel holds what it can. */
export function bleed({ width, height, data }: Canvas, detector: Detector): void {
  for (const { detectorBox: box, gain_electronPerAdu } of detector.amplifiers) {
    const fullWell = FULL_WELL_ADU * gain_electronPerAdu;
    for (let x = box.x0; x < box.x0 + box.width; x++) bleedColumn(data, x, width, height, fullWell);
  }
}

/** One sweep upwards is enough: the halves that go down only fill pixels that have room. */
function bleedColumn(data: Float64Array, x: number, width: number, height: number, fullWell: number): void {
  let up = 0;
  const spills: [number, number][] = [];
  for (let y = 0; y < height; y++) {
    const p = y * width + x;
    const excess = data[p]! + up - fullWell;
    data[p] = Math.min(fullWell, data[p]! + up);
    up = Math.max(0, excess / 2);
    if (excess > 0) spills.push([y, excess / 2]);
  }
  spillDown(data, { x, width, fullWell }, spills);
}

/** The other half of each excess moves to lower rows until it finds room; what reaches the edge is lost. */
function spillDown(
  data: Float64Array, { x, width, fullWell }: { x: number; width: number; fullWell: number }, spills: readonly [number, number][],
): void {
  for (const [from, amount] of spills) {
    let left = amount;
    for (let y = from - 1; y >= 0 && left > 0; y--) {
      const p = y * width + x;
      const taken = Math.min(left, Math.max(0, fullWell - data[p]!));
      data[p]! += taken;
      left -= taken;
    }
  }
}

/** Electrons of the detector read through its amplifiers: zero level with drift, bias structure, read noise, digits. */
export function readOut(electrons: Canvas, detector: Detector, maps: DetectorMaps, draw: Random): Uint16Array {
  const raw = new Uint16Array(RAW_WIDTH * RAW_HEIGHT);
  for (const amp of detector.amplifiers) readAmplifier(electrons, amp, maps, draw, raw);
  return raw;
}

function readAmplifier(electrons: Canvas, amp: Amplifier, maps: DetectorMaps, draw: Random, raw: Uint16Array): void {
  const level = 1000 + 40 * draw.normal();
  const slope = 4 * draw.normal();
  let drift = 0;
  const gain = amp.gain_electronPerAdu;
  const noise = amp.readNoise_electron / gain;
  const prescan = amp.rawPrescan!;
  const readoutWidth = prescan.width + amp.rawData.width + amp.rawSerialOverscan!.width;
  const { detectorBox: box, flipX } = amp;
  for (let row = 0; row < amp.rawData.height; row++) {
    drift = 0.98 * drift + 0.3 * draw.normal();
    const zero = level + slope * (row / amp.rawData.height) + drift;
    const start = (amp.rawData.y0 + row) * RAW_WIDTH + prescan.x0;
    for (let i = 0; i < readoutWidth; i++) {
      let value = zero + noise * draw.normal();
      const column = i - prescan.width;
      if (column >= 0 && column < box.width) {
        const p = (box.y0 + row) * electrons.width + (flipX ? box.x0 + box.width - 1 - column : box.x0 + column);
        value += electrons.data[p]! / gain + maps.bias_adu[p]!;
      }
      raw[start + i] = Math.min(LARGEST_NUMBER, Math.max(0, Math.round(value)));
    }
  }
}
