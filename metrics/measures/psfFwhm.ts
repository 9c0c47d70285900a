import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { defineMeasure, measured } from '../../src/harness/measure.ts';
import { medianOf } from '../../src/harness/samples.ts';

export default defineMeasure({
  metric: 'pipe_tasks.PsfFwhm',
  requires: { images: imageNumbers },
  measure({ images }) {
    return measured(medianOf('PsfFwhm', images.map(({ value }) => value.scienceFwhm_arcsec)));
  },
});
