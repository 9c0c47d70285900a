import type { Metric } from '../../model/verification.ts';
import { boundText, keysText, unitText } from '../format.ts';
import { anchorOf } from '../rows.ts';
import { defineSection } from '../section.ts';

const DIRECTIONS: Readonly<Record<Metric['direction'], string>> = {
  lower: 'lower is better', higher: 'higher is better', target: 'there is a target', neither: 'for context',
};
const INTERVALS: Readonly<Record<Metric['interval'], string>> = {
  wilson: 'Wilson score', bootstrap: 'percentile bootstrap', student: 'Student', poisson: 'exact Poisson', none: 'none',
};

export const definitions = defineSection({
  name: 'definitions', title: 'Definitions',
  view({ metrics, verdicts }) {
    if (metrics.length === 0) return null;
    return {
      metrics: metrics.map(m => ({
        anchor: anchorOf(m.name), name: m.name, title: m.title, description: m.description, formula: m.formula,
        unit: unitText(m.unit) === '' ? (m.unit === 'ct' ? 'count' : 'none') : unitText(m.unit), direction: DIRECTIONS[m.direction],
        interval: `${INTERVALS[m.interval]}${m.interval === 'none' ? '' : ', 68.27 %'}`, minimumN: String(m.minimumN),
        version: String(m.version), hash: m.definitionHash.slice(0, 12), reference: m.reference === '' ? null : m.reference,
        specifications: verdicts.filter(v => v.specification.metric === m.name).map(({ specification: s }) => ({
          name: s.name, keys: keysText(s.keys), bound: boundText(s), severity: s.severity, source: s.source,
          decision: s.decision === 'bound' ? 'the end of the interval' : 'the value',
        })),
      })),
    };
  },
});
