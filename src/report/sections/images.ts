import type { ImageSummary } from '../../model/verification.ts';
import { fixedText, numberText } from '../format.ts';
import { defineSection } from '../section.ts';

interface ImageColumn {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly decimals: number;
}

const COLUMNS: readonly ImageColumn[] = [
  { key: 'nSciSources', title: 'science sources', unit: '', decimals: 0 },
  { key: 'nDiaSourcesBeforeCuts', title: 'DIASources before cuts', unit: '', decimals: 0 },
  { key: 'nDipoles', title: 'dipoles among them', unit: '', decimals: 0 },
  { key: 'nDiaSources', title: 'after cuts', unit: '', decimals: 0 },
  { key: 'differenceWidth', title: 'width', unit: 'σ', decimals: 3 },
  { key: 'scienceFwhm_arcsec', title: 'seeing', unit: '″', decimals: 2 },
  { key: 'templateFwhm_arcsec', title: 'template seeing', unit: '″', decimals: 2 },
  { key: 'scienceDepth_mag', title: '5σ depth', unit: 'mag', decimals: 2 },
  { key: 'differenceDepth_mag', title: 'difference depth', unit: 'mag', decimals: 2 },
  { key: 'zeroPoint_mag', title: 'zero point', unit: 'mag', decimals: 3 },
  { key: 'usableFraction', title: 'usable', unit: '', decimals: 3 },
];

export const images = defineSection({
  name: 'images', title: 'Images',
  view({ images: all }) {
    if (all.length === 0) return null;
    const columns = COLUMNS.filter(c => all.some(image => typeof image.numbers[c.key] === 'number'));
    return {
      columns: columns.map(c => ({ title: c.title, unit: c.unit })),
      rows: all.map(image => ({
        name: `${image.visit} / ${image.detector}`, band: image.band, isProcessed: image.numbers.processed !== false,
        span: String(Math.max(1, columns.length)), cells: columns.map(c => ({ label: c.title, text: cellText(image, c) })),
      })),
    };
  },
});

function cellText({ numbers }: ImageSummary, { key, decimals }: ImageColumn): string {
  const value = numbers[key];
  if (typeof value !== 'number') return '–';
  return decimals === 0 ? numberText(value, 9) : fixedText(value, decimals);
}
