import { drawSkyMap } from '../charts/skyMap.ts';
import { numberText } from '../format.ts';
import { defineSection } from '../section.ts';

export const sky = defineSection({
  name: 'sky', title: 'Sky',
  view({ science }) {
    const all = science?.detectors ?? [];
    const bands = [...new Set(all.map(d => d.band))].sort();
    const map = drawSkyMap(all, bands);
    if (map === null) return null;
    const visits = new Set(all.map(d => d.visit)).size;
    return {
      chart: map.chart,
      text: `${numberText(all.length, 9)} images of ${numberText(visits, 9)} visits. ${map.nShown === map.nSources
        ? `All ${numberText(map.nSources, 9)} DIASources after the flag cuts are drawn` : `Every ${Math.ceil(map.nSources / map.nShown)}th of ${numberText(map.nSources, 9)} DIASources is drawn`}; north is up, east to the left.`,
      bands: bands.map((band, i) => ({ band, colour: `s${i % 6}` })),
    };
  },
});
