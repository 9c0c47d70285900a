/** DIASources of two runs on the same images: gained, lost, changed. */
import type { CatalogDifference, ChangedSource, DetectorView, SourceColumns } from '../model/reportData.ts';
import { mutualNearest, pointGrid } from '../numeric/pointGrid.ts';

/** Sources of the same pixels closer than this are the same. */
const MATCH_PX = 2;
/** The pixels are the same, so that a flux may move by this part of its error only when the software has changed. */
const CHANGED_SIGMAS = 0.5;
const CHANGED_PX = 0.5;
/** Sources of each kind that are listed. */
const LISTED = 12;

type Catalog = Pick<DetectorView, 'visit' | 'detector' | 'band' | 'sources'>;

/**
 * Image by image (visit and detector that both have), mutual nearest neighbours within 2 px. Changed: the flux moved by
 * more than half of its error, the position by more than 0.5 px, or the flags differ. Cost: linear in the sources.
 */
export function catalogDifference(before: readonly Catalog[], after: readonly Catalog[]): CatalogDifference {
  const old = new Map(before.map(d => [`${d.visit} ${d.detector}`, d]));
  const both = after.flatMap(now => {
    const then = old.get(`${now.visit} ${now.detector}`);
    return then === undefined ? [] : [{ now, then }];
  });
  const all = both.flatMap(({ then, now }) => compareImage(then, now));
  const of = (kind: ChangedSource['kind']): ChangedSource[] => all.filter(s => s.kind === kind).sort((a, b) => b.snr - a.snr);
  const [gained, lost, changed] = [of('gained'), of('lost'), of('changed')];
  return {
    nBefore: both.reduce((n, { then }) => n + then.sources.x.length, 0), nAfter: both.reduce((n, { now }) => n + now.sources.x.length, 0),
    nGained: gained.length, nLost: lost.length, nChanged: changed.length,
    sources: [gained, lost, changed].flatMap(kind => kind.slice(0, LISTED)),
  };
}

function compareImage(then: Catalog, now: Catalog): ChangedSource[] {
  const { first, second } = mutualNearest(then.sources.x, then.sources.y, pointGrid(now.sources.x, now.sources.y, MATCH_PX), MATCH_PX);
  const pairs = Array.from(first, (a, k) => [a, second[k]!] as const);
  const [kept, found] = [new Set(pairs.map(p => p[0])), new Set(pairs.map(p => p[1]))];
  const row = (kind: ChangedSource['kind'], { sources: s }: Catalog, i: number, what: string): ChangedSource => ({
    kind, visit: now.visit, detector: now.detector, band: now.band, x: s.x[i]!, y: s.y[i]!,
    ra_deg: s.ra_deg[i]!, dec_deg: s.dec_deg[i]!, snr: s.snr[i]!, what,
  });
  return [
    ...now.sources.x.flatMap((_, i) => (found.has(i) ? [] : [row('gained', now, i, 'not in the baseline')])),
    ...then.sources.x.flatMap((_, i) => (kept.has(i) ? [] : [row('lost', then, i, 'only in the baseline')])),
    ...pairs.flatMap(([a, b]) => {
      const what = differenceOf(then.sources, a, now.sources, b);
      return what === '' ? [] : [row('changed', now, b, what)];
    }),
  ];
}

function differenceOf(then: SourceColumns, a: number, now: SourceColumns, b: number): string {
  const sigmas = (now.flux_nJy[b]! - then.flux_nJy[a]!) / now.fluxErr_nJy[b]!;
  const moved = Math.hypot(now.x[b]! - then.x[a]!, now.y[b]! - then.y[a]!);
  return [
    Math.abs(sigmas) > CHANGED_SIGMAS ? `flux ${then.flux_nJy[a]!} to ${now.flux_nJy[b]!} nJy (${sigmas.toFixed(1)} of its error)` : '',
    moved > CHANGED_PX ? `moved by ${moved.toFixed(1)} px` : '',
    then.flags[a] !== now.flags[b] ? `flags ${flagWords(then.flags[a]!)} to ${flagWords(now.flags[b]!)}` : '',
  ].filter(text => text !== '').join('; ');
}

function flagWords(flags: number): string {
  return [(flags & 1) === 0 ? '' : 'negative', (flags & 2) === 0 ? '' : 'dipole'].filter(word => word !== '').join(' and ') || 'none';
}
