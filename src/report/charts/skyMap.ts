/** Outlines of the images and the DIASources on the sky, east to the left. */
import type { DetectorView } from '../../model/reportData.ts';
import { SQUARE, drawAxes, makeScale, px, svg } from './axes.ts';
import type { SafeHtml } from '../safeHtml.ts';

const MAX_POINTS = 4000;
const RADIAN = Math.PI / 180;

export interface SkyMap {
  readonly chart: SafeHtml;
  readonly nShown: number;
  readonly nSources: number;
}

/** Offsets from the middle in arcminutes, right ascension times cos(dec); good for fields of a few degrees. null without outlines. */
export function drawSkyMap(detectors: readonly Pick<DetectorView, 'corners_deg' | 'sources' | 'band'>[], bands: readonly string[]): SkyMap | null {
  const corners = detectors.flatMap(d => d.corners_deg);
  if (corners.length === 0) return null;
  const [ra0, dec0] = corners[0]!;
  const near = (ra: number): number => ((ra - ra0 + 540) % 360) - 180;
  const mid = (values: readonly number[]): number => (Math.min(...values) + Math.max(...values)) / 2;
  const [centreRa, centreDec] = [mid(corners.map(c => near(c[0]))), mid(corners.map(c => c[1]))];
  const offset = (ra: number, dec: number): [number, number] =>
    [60 * (near(ra) - centreRa) * Math.cos(dec0 * RADIAN), 60 * (dec - centreDec)];
  const ends = corners.map(c => offset(...c));
  const radius = 1.06 * Math.max(...ends.flat().map(Math.abs), 0.1);
  const x = makeScale({ label: '', unit: '' }, [-radius, radius], [SQUARE.width - SQUARE.right, SQUARE.left], 7);
  const y = makeScale({ label: '', unit: '' }, [-radius, radius], [SQUARE.height - SQUARE.bottom, SQUARE.top], 7);
  const at = (ra: number, dec: number): string => { const [u, v] = offset(ra, dec); return `${px(x(u))} ${px(y(v))}`; };
  const nSources = detectors.reduce((n, d) => n + d.sources.x.length, 0);
  const step = Math.max(1, Math.ceil(nSources / MAX_POINTS));
  let seen = 0;
  let nShown = 0;
  const points = new Map<string, string>();
  for (const { sources, band } of detectors) {
    for (let i = 0; i < sources.x.length; i++) {
      if (seen++ % step !== 0) continue;
      nShown++;
      points.set(band, `${points.get(band) ?? ''}M${at(sources.ra_deg[i]!, sources.dec_deg[i]!)}h0`);
    }
  }
  const outlines = detectors.filter(d => d.corners_deg.length > 2).map(d => `M${d.corners_deg.map(c => at(...c)).join('L')}z`).join('');
  const dots = [...points].map(([band, d]) => `<path class="sky-points s${Math.max(0, bands.indexOf(band)) % 6}" d="${d}"/>`).join('');
  const ra = (((ra0 + centreRa) % 360) + 360) % 360;
  const chart = svg(SQUARE, {
    name: 'sky-map', title: 'Images and DIASources on the sky', description: `Outlines of ${detectors.length} images and ${nShown} DIASources, north up, east to the left.`,
  }, `${drawAxes(SQUARE, x, y, { x: `east of RA ${ra.toFixed(4)}° (arcmin)`, y: `north of Dec ${centreDec.toFixed(4)}° (arcmin)` })}`
    + `<path class="sky-outline" d="${outlines}"/>${dots}`);
  return { chart, nShown, nSources };
}
