import type { CatalogDifference, ChangedSource, DetectorView } from '../../model/reportData.ts';
import { drawCutout } from '../charts/detectorView.ts';
import { fixedText, numberText } from '../format.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { defineSection } from '../section.ts';
import type { EncodePng } from '../section.ts';
import { stretchCutout } from '../stretch.ts';

const TITLES: Readonly<Record<ChangedSource['kind'], string>> = { gained: 'Gained', lost: 'Lost', changed: 'Changed' };

export const catalogDifference = defineSection({
  name: 'catalogDifference', title: 'Changed sources',
  view({ run, science }, { encodePng }) {
    const catalog = run.comparison?.catalog ?? null;
    if (catalog === null) return null;
    return {
      sentence: sentence(catalog),
      groups: (['lost', 'gained', 'changed'] as const).map(kind => group(catalog, kind, { detectors: science?.detectors ?? [], encodePng })).filter(g => g.cards.length > 0),
    };
  },
});

function sentence({ nBefore, nAfter, nGained, nLost, nChanged }: CatalogDifference): string {
  if (nGained + nLost + nChanged === 0) return `All ${numberText(nAfter, 9)} DIASources are those of the baseline.`;
  const nSame = nAfter - nGained - nChanged;
  return `${numberText(nBefore, 9)} DIASources in the baseline, ${numberText(nAfter, 9)} now: ${numberText(nGained, 9)} gained, `
    + `${numberText(nLost, 9)} lost, ${numberText(nChanged, 9)} changed, ${numberText(nSame, 9)} the same.`;
}

interface Context {
  readonly detectors: readonly DetectorView[];
  readonly encodePng: EncodePng;
}

interface Panel {
  readonly label: string;
  readonly stamp: SafeHtml;
}

interface Group {
  readonly title: string;
  readonly text: string;
  readonly cards: readonly { readonly title: string; readonly caption: string; readonly panels: readonly Panel[] }[];
}

function group({ sources, nGained, nLost, nChanged }: CatalogDifference, kind: ChangedSource['kind'], context: Context): Group {
  const own = sources.filter(s => s.kind === kind);
  const total = { gained: nGained, lost: nLost, changed: nChanged }[kind];
  return {
    title: `${TITLES[kind]}: ${numberText(total, 9)}`, text: own.length < total ? `The ${own.length} with the highest S/N are shown.` : '',
    cards: own.map(s => ({
      title: `${TITLES[kind]}, S/N ${fixedText(s.snr, 1)}`, panels: stamps(s, context),
      caption: `visit ${s.visit}, detector ${s.detector}, ${s.band}; x ${fixedText(s.x, 1)}, y ${fixedText(s.y, 1)}; RA ${fixedText(s.ra_deg, 5)}°, Dec ${fixedText(s.dec_deg, 5)}°; ${s.what}`,
    })),
  };
}

function stamps({ cutout, visit, detector }: ChangedSource, { detectors, encodePng }: Context): Group['cards'][number]['panels'] {
  if (cutout === undefined) return [];
  const orientation = detectors.find(d => d.visit === visit && d.detector === detector) ?? null;
  return stretchCutout(cutout).map(({ label, width, height, rgb }) => ({
    label, stamp: drawCutout(width, encodePng(width, height, rgb), `${label}, visit ${visit}, detector ${detector}`, orientation),
  }));
}
