import { metricRows } from '../rows.ts';
import type { MetricRow } from '../rows.ts';
import { defineSection } from '../section.ts';

const GROUP_TITLES: Readonly<Record<string, string>> = {
  run: 'Run', completeness: 'Completeness and purity', association: 'Association', astrometry: 'Astrometry', photometry: 'Photometry',
  population: 'Population of DIASources', 'image-quality': 'Image quality', resource: 'Time and memory',
};
const GROUPS = Object.keys(GROUP_TITLES);

export const metricTable = defineSection({
  name: 'metricTable', title: 'Metrics',
  view(result) {
    const rows = metricRows(result);
    const isUrgent = (r: MetricRow): boolean => r.state === 'fail' || r.state === 'incomplete' || r.state === 'warn';
    const urgent = rows.filter(isUrgent);
    const others = rows.filter(r => !isUrgent(r));
    const names = [...new Set(others.map(r => r.group))].sort((a, b) => order(a) - order(b));
    const groups = names.map(name => ({ title: GROUP_TITLES[name] ?? name, isUrgent: false, rows: others.filter(r => r.group === name) }));
    return { groups: urgent.length > 0 ? [{ title: 'Needs attention', isUrgent: true, rows: urgent }, ...groups] : groups };
  },
});

function order(group: string): number {
  const at = GROUPS.indexOf(group);
  return at < 0 ? GROUPS.length : at;
}
