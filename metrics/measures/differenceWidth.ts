import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { defineMeasure, measured } from '../../src/harness/measure.ts';
import { medianOf } from '../../src/harness/samples.ts';

export default defineMeasure({
  metric: 'ip_diffim.DifferenceWidth',
  requires: { images: imageNumbers },
  measure({ images }) {
    return measured(medianOf('DifferenceWidth', images.map(({ value }) => value.differenceWidth)));
  },
});
