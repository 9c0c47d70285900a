/** One row a processed image for the report. */
import type { ImageSummary } from '../model/verification.ts';
import type { ImageNumbers } from './digests/imageNumbers.ts';
import type { ImageFacts, RunFacts } from './measure.ts';
import type { Item } from './resultSource.ts';

/**
 * A row for every image that the run was asked for, in order of visit and detector; an image that was
 * not finished has `processed: false` and no numbers. Numbers that are not finite are left out.
 */
export function imageSummaries(run: RunFacts, digested: readonly Item<ImageNumbers>[]): ImageSummary[] {
  return [...run.images].sort((a, b) => a.visit - b.visit || a.detector - b.detector).map(facts => {
    const found = digested.find(({ dataId }) => dataId.visit === facts.visit && dataId.detector === facts.detector);
    return found === undefined ? summary(facts, { processed: false }) : summary(facts, numbersOf(found.value));
  });
}

function summary({ visit, detector, band }: ImageFacts, numbers: ImageSummary['numbers']): ImageSummary {
  return { visit, detector, band, numbers };
}

function numbersOf(n: ImageNumbers): ImageSummary['numbers'] {
  const { nWidthPixels: _, ...rest } = n;
  const finite = Object.entries(rest).filter(([, value]) => Number.isFinite(value)).map(([name, value]) => [name, rounded(value)] as const);
  return { processed: true, ...Object.fromEntries(finite) };
}

/** Ten digits: more than anyone reads, few enough to be stable. */
function rounded(value: number): number {
  return Number(value.toPrecision(10));
}
