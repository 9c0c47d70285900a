/** Ghosts of bright pixels in the amplifiers that are read at the same time. */
import { ApError } from '../../model/errors.ts';
import type { Image, MaskedImage } from '../../model/image.ts';
import type { Amplifier, Detector, ReadoutCorner } from '../../model/instrument.ts';
import { MASK } from '../../model/mask.ts';
import { column, numbers } from '../../model/table.ts';
import type { ColumnSpec, Table } from '../../model/table.ts';
import { median } from '../../numeric/statistics.ts';

/** Columns of a crosstalk table: what a source amplifier (of this or another detector) leaves in a target amplifier. */
export const CROSSTALK_COLUMNS: readonly ColumnSpec[] = [
  { name: 'source_detector', type: 'i32', unit: '', doc: 'detector number of the source' },
  { name: 'source', type: 'string', unit: '', doc: 'name of the source amplifier' },
  { name: 'target', type: 'string', unit: '', doc: 'name of the target amplifier, of the detector of the table' },
  { name: 'coefficient', type: 'f64', unit: '', doc: 'signal in the target per signal in the source' },
  { name: 'coefficientSqr', type: 'f64', unit: '', doc: 'quadratic term, per unit of signal' },
];

export interface CrosstalkTerm {
  readonly sourceDetector: number;
  readonly source: string;
  readonly target: string;
  readonly coefficient: number;
  readonly coefficientSqr: number;
}

/** Terms of a table; `coefficientSqr` may be absent (0). */
export function crosstalkOfTable(table: Table): CrosstalkTerm[] {
  const [detector, linear] = [numbers(table, 'source_detector'), numbers(table, 'coefficient')];
  const [source, target] = [column(table, 'source', 'string'), column(table, 'target', 'string')];
  const square = table.columns.coefficientSqr === undefined ? null : numbers(table, 'coefficientSqr');
  return Array.from({ length: table.nRows }, (_, i) => ({
    sourceDetector: detector[i]!, source: source[i]!, target: target[i]!, coefficient: linear[i]!, coefficientSqr: square?.[i] ?? 0,
  }));
}

/** An assembled detector in electrons above the zero level. */
export interface CrosstalkSource {
  readonly detector: Detector;
  readonly image: Image;
}

export interface CrosstalkOptions {
  /** Unit of the signals that the coefficients relate. */
  readonly unit: 'adu' | 'electron';
  /** Source level above the background (electrons) from which the target pixel gets CROSSTALK. */
  readonly minPixelToMask_electron: number;
  readonly doSubtractBackground: boolean;
}

export interface CrosstalkResult {
  readonly nMasked: number;
  /** Terms of detectors that were not among the sources. */
  readonly nMissing: number;
}

const CORNERS: readonly ReadoutCorner[] = ['LL', 'LR', 'UL', 'UR'];

/** The corner of the amplifier in the detector that is read first. */
export function readoutCorner(amp: Amplifier): ReadoutCorner {
  return amp.readoutCorner ?? CORNERS[(amp.flipX ? 1 : 0) + (amp.flipY ? 2 : 0)]!;
}

/**
 * Subtracts from every target amplifier the sum over the sources of c (S - b) + c2 (S - b)^2, where S is the source amplifier
 * turned so that pixels read at the same time meet, and b its median (or 0). All terms use the image as it was before.
 * `target` (electrons; image and mask changed) is one of `sources` with a copy of its own pixels. Source pixels that are
 * not finite count as b. (ip_isr CrosstalkCalib, with the background threshold of its mask.)
 * @throws ApError BAD_FORMAT for amplifiers that do not exist or differ in size.
 */
export function subtractCrosstalk(
  target: MaskedImage, detector: Detector, sources: readonly CrosstalkSource[], terms: readonly CrosstalkTerm[], options: CrosstalkOptions,
): CrosstalkResult {
  let nMissing = 0;
  let nMasked = 0;
  const backgrounds = new Map<Amplifier, number>();
  for (const term of terms) {
    if (term.coefficient === 0 && term.coefficientSqr === 0) continue;
    const from = sources.find(s => s.detector.id === term.sourceDetector);
    if (from === undefined) { nMissing++; continue; }
    const source = amplifierOf(from.detector, term.source);
    const victim = amplifierOf(detector, term.target);
    const { width, height } = victim.detectorBox;
    if (source.detectorBox.width !== width || source.detectorBox.height !== height) {
      throw new ApError('BAD_FORMAT', { where: `crosstalk ${term.source} -> ${term.target}`, found: 'amplifiers of different sizes', expected: `${width} x ${height} pixels` });
    }
    if (!backgrounds.has(source)) backgrounds.set(source, medianOf(from.image, source));
    nMasked += subtractTerm(target, victim, from.image, source, term, { ...options, background: backgrounds.get(source)! });
  }
  return { nMasked, nMissing };
}

function amplifierOf(detector: Detector, name: string): Amplifier {
  const found = detector.amplifiers.find(a => a.name === name);
  if (found !== undefined) return found;
  throw new ApError('BAD_FORMAT', {
    where: 'crosstalk table', found: `amplifier ${name}`, expected: `an amplifier of detector ${detector.name}: ${detector.amplifiers.map(a => a.name).join(', ')}`,
  });
}

/** Returns the number of pixels that got CROSSTALK. */
function subtractTerm(
  target: MaskedImage, victim: Amplifier, from: Image, source: Amplifier, term: CrosstalkTerm,
  options: CrosstalkOptions & { readonly background: number },
): number {
  const toSource = options.unit === 'adu' ? 1 / source.gain_electronPerAdu : 1;
  const fromTarget = options.unit === 'adu' ? victim.gain_electronPerAdu : 1;
  const linear = term.coefficient * toSource * fromTarget;
  const square = term.coefficientSqr * toSource * toSource * fromTarget;
  const zero = options.doSubtractBackground ? options.background : 0;
  const limit = options.background + options.minPixelToMask_electron;
  const [a, b] = [readoutCorner(source), readoutCorner(victim)];
  const [turnX, turnY] = [a[1] !== b[1], a[0] !== b[0]];
  const { width, height } = victim.detectorBox;
  let nMasked = 0;
  for (let y = 0; y < height; y++) {
    const to = (victim.detectorBox.y0 + y) * target.width + victim.detectorBox.x0;
    const sourceY = source.detectorBox.y0 + (turnY ? height - 1 - y : y);
    const start = sourceY * from.width + source.detectorBox.x0 + (turnX ? width - 1 : 0);
    const step = turnX ? -1 : 1;
    for (let x = 0; x < width; x++) {
      const value = from.data[start + step * x]!;
      const s = value - zero;
      if (!Number.isFinite(s)) continue;
      target.image[to + x]! -= s * (linear + square * s);
      if (value >= limit && (target.mask[to + x]! & MASK.CROSSTALK) === 0) {
        target.mask[to + x]! |= MASK.CROSSTALK;
        nMasked++;
      }
    }
  }
  return nMasked;
}

/** Median of every 13th pixel of an amplifier. */
function medianOf({ width, data }: Image, { detectorBox: box }: Amplifier): number {
  const sample: number[] = [];
  for (let k = 0; k < box.width * box.height; k += 13) {
    sample.push(data[(box.y0 + Math.floor(k / box.width)) * width + box.x0 + (k % box.width)]!);
  }
  return median(sample);
}

/**
 * Terms for one detector from a text table of lines `target source coefficient`, the amplifiers as `ccd12A` or by name
 * `N4A`; `#` begins a comment. Lines for other targets are left out.
 * @throws ApError BAD_FORMAT naming the line.
 */
export function parseCrosstalkText(text: string, detectors: readonly Detector[], detectorId: number): CrosstalkTerm[] {
  return text.split('\n').flatMap((line, k): CrosstalkTerm[] => {
    const words = line.replace(/#.*/, '').trim().split(/\s+/).filter(word => word !== '');
    if (words.length === 0) return [];
    const [target, source] = words.slice(0, 2).map(word => namedAmplifier(word, detectors));
    const coefficient = Number(words[2]);
    if (target === undefined || source === undefined || words.length !== 3 || !Number.isFinite(coefficient)) {
      throw new ApError('BAD_FORMAT', { where: `crosstalk table, line ${k + 1}`, found: `'${line.trim().slice(0, 60)}'`, expected: 'target source coefficient, like ccd01A ccd02B 1.2e-4' });
    }
    if (target.detector !== detectorId) return [];
    return [{ sourceDetector: source.detector, source: source.amplifier, target: target.amplifier, coefficient, coefficientSqr: 0 }];
  });
}

function namedAmplifier(word: string, detectors: readonly Detector[]): { detector: number; amplifier: string } | undefined {
  const number = /^ccd(\d+)(\D.*)$/i.exec(word);
  const detector = number === null ? detectors.find(d => d.amplifiers.some(a => word === d.name + a.name))
    : detectors.find(d => d.id === Number(number[1]));
  const amplifier = detector?.amplifiers.find(a => a.name === (number === null ? word.slice(detector.name.length) : number[2]));
  return detector === undefined || amplifier === undefined ? undefined : { detector: detector.id, amplifier: amplifier.name };
}
