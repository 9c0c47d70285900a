import type { DetectorView, ScienceViews } from '../../model/reportData.ts';
import { drawCorrelation, drawKernels, drawPsf, drawVectors } from '../charts/detectorMaps.ts';
import { drawDetector, pictureRgb } from '../charts/detectorView.ts';
import { fixedText } from '../format.ts';
import type { SafeHtml } from '../safeHtml.ts';
import { defineSection } from '../section.ts';
import type { EncodePng } from '../section.ts';

export const detectors = defineSection({
  name: 'detectors', title: 'Detectors',
  view({ science }, { encodePng }) {
    const pictured = (science?.detectors ?? []).filter(d => d.picture !== null);
    if (science === undefined || pictured.length === 0) return null;
    return { sampling: samplingSentence(science, pictured.length), cards: pictured.map((d, i) => card(d, i, encodePng)) };
  },
});

/** What was left out, and why. */
function samplingSentence({ detectors: all }: ScienceViews, nShown: number): string {
  const block = Math.max(...all.map(d => d.picture?.block_px ?? 1));
  const binned = block > 1 ? `Pixels are summed in blocks of up to ${block} × ${block}; ` : '';
  const shown = nShown === all.length ? `all ${nShown} images are shown`
    : `the ${nShown} of ${all.length} images whose noise is furthest from what its variance promises are shown, to keep the page small`;
  return `${binned}${shown}.`.replace(/^./, c => c.toUpperCase());
}

interface Card {
  readonly title: string;
  readonly id: string;
  readonly isOpen: boolean;
  readonly summary: string;
  readonly picture: SafeHtml;
  readonly nSources: string;
  readonly maps: readonly { readonly title: string; readonly text: string; readonly chart: SafeHtml }[];
}

function card(d: DetectorView, i: number, encodePng: EncodePng): Card {
  const title = `Visit ${d.visit}, detector ${d.detector}, ${d.band}`;
  const picture = d.picture!;
  const source = encodePng(picture.width, picture.height, pictureRgb(picture));
  const name = (what: string): string => `detector-${i}-${what}`;
  const neighbours = [d.noise.correlation[0]?.[1], d.noise.correlation[1]?.[0]].map(v => fixedText(v ?? NaN, 3)).join(' and ');
  const maps = [
    ...d.residuals === null ? [] : [{
      title: 'Astrometric residuals', text: `Source minus reference of ${d.residuals.x.length} of ${d.residuals.total} stars with S/N > 50; a pattern is a WCS that does not fit.`,
      chart: drawVectors({ name: name('vectors'), title: `Astrometric residuals of ${title}`, description: 'A line from each star, in detector axes.' }, d, d.residuals),
    }],
    ...d.psf === null ? [] : [{
      title: 'PSF of the science image', text: 'Circles grow with the FWHM, lines show the ellipticity e of the adaptive moments.',
      chart: drawPsf({ name: name('psf'), title: `PSF of ${title}`, description: 'Size and ellipticity at 25 places.' }, d, d.psf),
    }],
    ...d.kernel === null ? [] : [{
      title: 'Matching kernel', text: `At nine places; the ${d.kernel.convolved} was convolved.`,
      chart: drawKernels({ name: name('kernel'), title: `Matching kernel of ${title}`, description: `Sums ${d.kernel.sums.join(', ')}.` }, d.kernel),
    }],
    {
      title: 'Correlation of the noise', text: `White noise has zero beside the corner; the nearest neighbours have ${neighbours}.`,
      chart: drawCorrelation({ name: name('correlation'), title: `Correlation of the noise of ${title}`, description: 'Coefficients by distance in pixels.' }, d.noise),
    },
  ];
  const label = `Difference image of ${title} with ${d.sources.x.length} DIASources`;
  return {
    title, id: `detector-${d.visit}-${d.detector}`, isOpen: i === 0, maps, nSources: String(d.sources.x.length),
    summary: `${d.sources.x.length} DIASources`, picture: drawDetector(d, source, label),
  };
}
