/** Maps over one detector: residual vectors, PSF size and ellipticity, kernel, correlation of the noise. */
import type { DetectorView, KernelStamps, NoiseSummary, PsfGrid, StarResiduals } from '../../model/reportData.ts';
import { median, quantile } from '../../numeric/statistics.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { fixedText } from '../format.ts';
import { escapeText } from '../safeHtml.ts';
import { px, svg } from './axes.ts';

const SIZE = 300;
const FRAME = { width: SIZE, height: SIZE + 22, left: 0, top: 0, right: 0, bottom: 0 };
type Extent = Pick<DetectorView, 'width' | 'height' | 'north_px' | 'east_px'>;

interface Texts {
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

function place({ width, height }: Extent): (x: number, y: number) => readonly [number, number] {
  const scale = SIZE / Math.max(width, height);
  return (x, y) => [px((x + 0.5) * scale), px((height - 0.5 - y) * scale)];
}

/** As high as the detector, and a line of text. */
function frameOf({ width, height }: Extent): typeof FRAME {
  return { ...FRAME, height: Math.ceil((SIZE * height) / Math.max(width, height)) + 22 };
}

function outline({ width, height }: Extent): string {
  const scale = SIZE / Math.max(width, height);
  return `<rect class="axis" x=".5" y=".5" width="${px(width * scale - 1)}" height="${px(height * scale - 1)}"/>`;
}

/** A legend below the map: a bar of the given length and a text. */
function key(frame: typeof FRAME, length: number, text: string): string {
  const y = frame.height - 8;
  return `<path class="vector" d="M4 ${y - 4}h${px(length)}"/><text x="${px(length + 12)}" y="${y}">${escapeText(text)}</text>`;
}

/** Source minus reference as lines that begin at the star, in detector axes; the median length is a twentieth of the map. */
export function drawVectors(texts: Texts, view: Extent, { x, y, east_mas, north_mas }: StarResiduals): SafeHtml {
  const at = place(view);
  const lengths = east_mas.map((e, i) => Math.hypot(e, north_mas[i]!));
  const unit = SIZE / 20 / Math.max(median(lengths), 1e-9);
  const limit = SIZE / 6;
  const [[nx, ny], [ex, ey]] = [unitVector(view.north_px), unitVector(view.east_px)];
  const d = x.map((_, i) => {
    const factor = unit * Math.min(1, limit / Math.max(unit * lengths[i]!, 1e-9));
    const [u, v] = at(x[i]!, y[i]!);
    return `M${u} ${v}l${px(factor * (east_mas[i]! * ex + north_mas[i]! * nx))} ${px(-factor * (east_mas[i]! * ey + north_mas[i]! * ny))}`;
  }).join('');
  const starts = x.map((_, i) => `M${at(x[i]!, y[i]!).join(' ')}h0`).join('');
  return svg(frameOf(view), texts, `${outline(view)}<path class="vector" d="${d}"/><path class="vector-start" d="${starts}"/>`
    + key(frameOf(view), SIZE / 20, `${median(lengths).toPrecision(2)} mas (the median)`));
}

function unitVector([x, y]: readonly [number, number]): readonly [number, number] {
  const norm = Math.hypot(x, y) || 1;
  return [x / norm, y / norm];
}

/** Circles as large as the PSF is wide beside the narrowest, and a line along its long axis, as long as |e| is large. */
export function drawPsf(texts: Texts, view: Extent, { x, y, fwhm_arcsec, e1, e2 }: PsfGrid): SafeHtml {
  const at = place(view);
  const [lo, hi] = [quantile(fwhm_arcsec, 0), quantile(fwhm_arcsec, 1)];
  const cell = SIZE / 5;
  const marks = x.map((_, i) => {
    const [u, v] = at(x[i]!, y[i]!);
    const r = px(cell * (0.14 + (hi > lo ? 0.2 * (fwhm_arcsec[i]! - lo) / (hi - lo) : 0.1)));
    const [e, angle] = [Math.hypot(e1[i]!, e2[i]!), Math.atan2(e2[i]!, e1[i]!) / 2];
    const half = Math.min(0.45, e / 0.1 * 0.3) * cell;
    const [du, dv] = [half * Math.cos(angle), -half * Math.sin(angle)];
    return `<circle class="psf-size" cx="${u}" cy="${v}" r="${r}"/><path class="vector" d="M${px(u - du)} ${px(v - dv)}L${px(u + du)} ${px(v + dv)}"/>`;
  }).join('');
  return svg(frameOf(view), texts, `${outline(view)}${marks}${key(frameOf(view), 0.6 * cell, `e = 0.1;  FWHM ${lo.toFixed(3)} to ${hi.toFixed(3)} ″`)}`);
}

/** Nine kernels as grey levels on one scale about zero, each with its sum. */
export function drawKernels(texts: Texts, { size, stamps, sums }: KernelStamps): SafeHtml {
  const peak = Math.max(...stamps.flatMap(s => s.map(Math.abs)), 1e-12);
  const cell = SIZE / 3;
  const pixel = (cell - 6) / size;
  const body = stamps.map((stamp, k) => {
    const [x0, y0] = [(k % 3) * cell + 3, (2 - Math.floor(k / 3)) * cell + 3];
    // Levels as few paths as there are shades: a rectangle for each pixel would be fifty times the size.
    const shades = new Map<number, string>();
    stamp.forEach((v, p) => {
      const level = Math.round(8 * Math.sign(v) * Math.sqrt(Math.abs(v) / peak));
      if (level === 0) return;
      const d = `M${px(x0 + (p % size) * pixel)} ${px(y0 + (size - 1 - Math.floor(p / size)) * pixel)}h${px(pixel + 0.1)}v${px(pixel + 0.1)}h${px(-pixel - 0.1)}z`;
      shades.set(level, (shades.get(level) ?? '') + d);
    });
    const paths = [...shades].map(([level, d]) => `<path class="${level > 0 ? 'kernel-plus' : 'kernel-minus'}" fill-opacity="${Math.abs(level) / 8}" d="${d}"/>`);
    return `<rect class="axis" x="${px(x0)}" y="${px(y0)}" width="${px(cell - 6)}" height="${px(cell - 6)}"/>${paths.join('')}`
      + `<text x="${px(x0 + 4)}" y="${px(y0 + 13)}">${sums[k]!.toFixed(3)}</text>`;
  }).join('');
  return svg(FRAME, texts, `${body}<text x="4" y="${SIZE + 14}">number: sum of the kernel; root scale</text>`);
}

/** Correlation coefficients at distances of 0 to 3 px in x and y, as numbers in shaded cells. */
export function drawCorrelation(texts: Texts, { correlation }: NoiseSummary): SafeHtml {
  const cell = SIZE / correlation.length;
  const body = correlation.map((row, dy) => row.map((value, dx) => {
    const [x, y] = [dx * cell, (correlation.length - 1 - dy) * cell];
    const text = dx === 0 && dy === 0 ? '1' : fixedText(value, 3);
    return `<rect class="${value < 0 ? 'kernel-minus' : 'kernel-plus'}" fill-opacity="${px(Math.min(0.5, Math.abs(value) * 2))}" x="${px(x + 1)}" y="${px(y + 1)}" `
      + `width="${px(cell - 2)}" height="${px(cell - 2)}"/><text class="bar-value" x="${px(x + cell / 2)}" y="${px(y + cell / 2 + 4)}" text-anchor="middle">${text}</text>`;
  }).join('')).join('');
  return svg(FRAME, texts, `${body}<text x="4" y="${SIZE + 14}">x to the right, y up, 0 to 3 px</text>`);
}
