/** A whole difference image with its detections, and small pictures with a marker: scale bar and compass included. */
import type { DetectorPicture, DetectorView } from '../../model/reportData.ts';
import { SafeHtml, escapeText } from '../safeHtml.ts';
import { px } from './axes.ts';

type Orientation = Pick<DetectorView, 'north_px' | 'east_px'>;
const NO_DATA_RGB = [74, 52, 96] as const;

/** Grey levels of a picture, top row first; blocks without data are purple. */
export function pictureRgb({ width, height, bytes }: DetectorPicture): Uint8Array {
  const levels = Buffer.from(bytes, 'base64');
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      const level = levels[(height - 1 - y) * width + x] ?? 0;
      rgb.set(level === 0 ? NO_DATA_RGB : [level, level, level], to);
    }
  }
  return rgb;
}

/** The image in detector pixels (y up), DIASources as circles, negative ones as squares, dipoles as diamonds. */
export function drawDetector(view: DetectorView, source: string, label: string): SafeHtml {
  const { width, height, sources, picture } = view;
  const r = 0.013 * Math.max(width, height);
  const at = (i: number): [number, number] => [px(sources.x[i]! + 0.5), px(height - 0.5 - sources.y[i]!)];
  const shapes: Readonly<Record<string, (x: number, y: number) => string>> = {
    positive: (x, y) => `M${px(x - r)} ${y}a${px(r)} ${px(r)} 0 1 0 ${px(2 * r)} 0a${px(r)} ${px(r)} 0 1 0 ${px(-2 * r)} 0`,
    negative: (x, y) => `M${px(x - r)} ${px(y - r)}h${px(2 * r)}v${px(2 * r)}h${px(-2 * r)}z`,
    dipole: (x, y) => `M${x} ${px(y - 1.3 * r)}l${px(1.3 * r)} ${px(1.3 * r)}l${px(-1.3 * r)} ${px(1.3 * r)}l${px(-1.3 * r)} ${px(-1.3 * r)}z`,
  };
  const kindOf = (i: number): string => ((sources.flags[i]! & 2) !== 0 ? 'dipole' : (sources.flags[i]! & 1) !== 0 ? 'negative' : 'positive');
  const rows = Array.from(sources.x.keys());
  const marks = Object.entries(shapes).map(([kind, shape]) => {
    const d = rows.filter(i => kindOf(i) === kind).map(i => shape(...at(i))).join('');
    return d === '' ? '' : `<path class="halo" d="${d}"/><path class="mark ${kind}" d="${d}"/>`;
  });
  const [w, h] = picture === null ? [width, height] : [picture.width * picture.block_px, picture.height * picture.block_px];
  return new SafeHtml(
    `<svg class="detector" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(label)}">`
    + `<image href="${source}" x="0" y="${height - h}" width="${w}" height="${h}" preserveAspectRatio="none"/>${marks.join('')}`
    + `${scaleBar(view, { x: 0.03 * width, y: 0.97 * height, most: 0.25 * width })}${compass(view, { x: 0.92 * width, y: height - 0.08 * width, length: 0.06 * width })}</svg>`,
  );
}

/** A cutout with a ring around its middle; the compass and the bar only where the orientation is known. */
export function drawCutout(size: number, source: string, label: string, orientation: Orientation | null): SafeHtml {
  const middle = size / 2;
  const guides = orientation === null ? '' : scaleBar(orientation, { x: 2, y: size - 2, most: 0.4 * size })
    + compass(orientation, { x: size - 6.5, y: size - 6.5, length: 5 });
  return new SafeHtml(
    `<svg class="stamp" viewBox="0 0 ${size} ${size}" role="img" aria-label="${escapeText(label)}"><image href="${source}" width="${size}" height="${size}"/>`
    + `<circle class="halo" cx="${middle}" cy="${middle}" r="6"/><circle class="mark positive" cx="${middle}" cy="${middle}" r="6"/>${guides}</svg>`,
  );
}

interface Place {
  readonly x: number;
  readonly y: number;
}

const LENGTHS_ARCSEC = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600];

/** The longest round angle that fits. */
function scaleBar({ north_px: [nx, ny] }: Orientation, { x, y, most }: Place & { readonly most: number }): string {
  const perArcsec = Math.hypot(nx, ny);
  const length = LENGTHS_ARCSEC.filter(l => l * perArcsec <= most).at(-1);
  if (!(perArcsec > 0) || length === undefined) return '';
  const d = `M${px(x)} ${px(y)}h${px(length * perArcsec)}`;
  const size = px(most * 0.14);
  return `<path class="halo bar" d="${d}"/><path class="mark bar" d="${d}"/><text class="guide-text" x="${px(x)}" y="${px(y - size * 0.4)}" font-size="${size}">${length}″</text>`;
}

/** Arrows to the north and to the east, N and E at their ends. */
function compass({ north_px, east_px }: Orientation, { length, ...place }: Place & { readonly length: number }): string {
  const arrow = ([dx, dy]: readonly [number, number]): readonly [number, number] => {
    const norm = Math.hypot(dx, dy);
    return norm > 0 ? [(dx / norm) * length, (-dy / norm) * length] : [0, 0];
  };
  const [n, e] = [arrow(north_px), arrow(east_px)];
  if (n[0] === 0 && n[1] === 0) return '';
  // The middle of the two arrows stays where it is, whatever way they point.
  const [x, y] = [place.x - (n[0] + e[0]) / 2, place.y - (n[1] + e[1]) / 2];
  return ([['N', n], ['E', e]] as const).map(([name, [u, v]]) => {
    const d = `M${px(x)} ${px(y)}l${px(u)} ${px(v)}`;
    return `<path class="halo bar" d="${d}"/><path class="mark bar" d="${d}"/>`
      + `<text class="guide-text" x="${px(x + 1.35 * u)}" y="${px(y + 1.35 * v + length * 0.18)}" text-anchor="middle" font-size="${px(length * 0.55)}">${name}</text>`;
  }).join('');
}
