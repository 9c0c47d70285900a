import type { Metric } from '../../model/verification.ts';
import { boundText, keysText, unitText } from '../format.ts';
import { anchorOf, metricRows } from '../rows.ts';
import { defineSection } from '../section.ts';

/** Links from a definition back to its rows. */
const MAX_ROWS = 6;

const DIRECTIONS: Readonly<Record<Metric['direction'], string>> = {
  lower: 'lower is better', higher: 'higher is better', target: 'there is a target', neither: 'for context',
};
const INTERVALS: Readonly<Record<Metric['interval'], string>> = {
  wilson: 'Wilson score', bootstrap: 'percentile bootstrap', student: 'Student', poisson: 'exact Poisson', none: 'none',
};

export const definitions = defineSection({
  name: 'definitions', title: 'Definitions',
  view(result) {
    const { metrics, verdicts } = result;
    if (metrics.length === 0) return null;
    const rows = metricRows(result);
    return {
      metrics: metrics.map(m => ({
        anchor: anchorOf(m.name), name: m.name, title: m.title, description: m.description, formula: m.formula,
        unit: unitText(m.unit) === '' ? (m.unit === 'ct' ? 'count' : 'none') : unitText(m.unit), direction: DIRECTIONS[m.direction],
        interval: `${INTERVALS[m.interval]}${m.interval === 'none' ? '' : ', 68.27 %'}`, minimumN: String(m.minimumN),
        version: String(m.version), hash: m.definitionHash.slice(0, 12), reference: m.reference === '' ? null : m.reference,
        rows: rows.filter(r => r.name === m.name).slice(0, MAX_ROWS).map(r => ({ id: r.id, text: `${r.value}${r.unit === '' ? '' : ` ${r.unit}`}`, keys: r.keys })),
        specifications: verdicts.filter(v => v.specification.metric === m.name).map(({ specification: s }) => ({
          name: s.name, keys: keysText(s.keys), bound: boundText(s), severity: s.severity, source: s.source,
          decision: s.decision === 'bound' ? 'the end of the interval' : 'the value',
        })),
      })),
    };
  },
});
