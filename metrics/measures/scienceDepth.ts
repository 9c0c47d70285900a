import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { defineMeasure, measured } from '../../src/harness/measure.ts';
import { medianOf } from '../../src/harness/samples.ts';

export default defineMeasure({
  metric: 'pipe_tasks.ScienceDepth',
  requires: { images: imageNumbers },
  measure({ images }) {
    return measured(medianOf('ScienceDepth', images.map(({ value }) => value.scienceDepth_mag)));
  },
});
