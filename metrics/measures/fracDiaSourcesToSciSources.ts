import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { scaled } from '../../src/harness/samples.ts';
import { poissonInterval } from '../../src/numeric/intervals.ts';

export default defineMeasure({
  metric: 'ip_diffim.fracDiaSourcesToSciSources',
  requires: { images: imageNumbers },
  measure({ images }) {
    const nDia = images.reduce((n, { value }) => n + value.nDiaSources, 0);
    const nSci = images.reduce((n, { value }) => n + value.nSciSources, 0);
    if (nSci === 0) return missing('there is no science source to compare with');
    return measured({ value: (100 * nDia) / nSci, n: nSci, interval: scaled(poissonInterval(nDia), 100 / nSci) });
  },
});
