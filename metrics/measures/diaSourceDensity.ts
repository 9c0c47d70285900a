import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { defineMeasure, measured, missing } from '../../src/harness/measure.ts';
import { scaled } from '../../src/harness/samples.ts';
import { poissonInterval } from '../../src/numeric/intervals.ts';

export default defineMeasure({
  metric: 'ip_diffim.DiaSourceDensity',
  requires: { images: imageNumbers },
  measure({ images }) {
    const count = images.reduce((n, { value }) => n + value.nDiaSources, 0);
    const area = images.reduce((sum, { value }) => sum + value.usableArea_deg2, 0);
    if (!(area > 0)) return missing('no image has a usable pixel');
    return measured({ value: count / area, n: count, interval: scaled(poissonInterval(count), 1 / area) });
  },
});
