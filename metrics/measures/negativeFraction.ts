import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { defineMeasure } from '../../src/harness/measure.ts';
import { percentage } from '../../src/harness/samples.ts';

export default defineMeasure({
  metric: 'ip_diffim.NegativeFraction',
  requires: { images: imageNumbers },
  measure({ images }) {
    const count = images.reduce((n, { value }) => n + value.nNegative, 0);
    const all = images.reduce((n, { value }) => n + value.nDiaSources, 0);
    return percentage(count, all, 'there is no DIASource after the flag cuts');
  },
});
