import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { defineMeasure } from '../../src/harness/measure.ts';
import { percentage } from '../../src/harness/samples.ts';

export default defineMeasure({
  metric: 'ip_diffim.DipoleFraction',
  requires: { images: imageNumbers },
  measure({ images }) {
    const count = images.reduce((n, { value }) => n + value.nDipoles, 0);
    const all = images.reduce((n, { value }) => n + value.nDiaSourcesBeforeCuts, 0);
    return percentage(count, all, 'nothing was detected on the difference images');
  },
});
