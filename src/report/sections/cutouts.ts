import type { Cutout } from '../../model/verification.ts';
import { defineSection } from '../section.ts';
import type { EncodePng } from '../section.ts';
import { stretchCutout } from '../stretch.ts';

/** Screen pixels of one image pixel, a whole number so that all are equal; a narrow window makes them smaller. */
const ZOOM = 4;

export const cutouts = defineSection({
  name: 'cutouts', title: 'Cutouts',
  view({ cutouts: all }, { encodePng }) {
    if (all.length === 0) return null;
    const cards = (kind: Cutout['kind']): object[] => all.filter(c => c.kind === kind).map(c => card(c, encodePng));
    const groups = [
      { title: 'Strongest detections', text: 'The DIASources with the highest S/N of every image, after the flag cuts.', cards: cards('source') },
      {
        title: 'Worst residuals',
        text: 'Places that deviate most from zero and are no DIASource after the cuts: what the cuts have rejected, or what was missed.', cards: cards('residual'),
      },
    ];
    return { groups: groups.filter(g => g.cards.length > 0) };
  },
});

function card(cutout: Cutout, encodePng: EncodePng): object {
  const panels = stretchCutout(cutout).map(({ label, width, height, rgb }) => ({
    label, width: String(ZOOM * width), height: String(ZOOM * height), source: encodePng(width, height, rgb), alt: `${label} of ${cutout.title}`,
  }));
  return { title: cutout.title, caption: cutout.caption, panels };
}
