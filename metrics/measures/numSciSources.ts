import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { defineMeasure, measured } from '../../src/harness/measure.ts';
import { poissonInterval } from '../../src/numeric/intervals.ts';

export default defineMeasure({
  metric: 'ip_diffim.numSciSources',
  requires: { images: imageNumbers },
  measure({ images }) {
    const count = images.reduce((n, { value }) => n + value.nSciSources, 0);
    return measured({ value: count, n: count, interval: poissonInterval(count) });
  },
});
