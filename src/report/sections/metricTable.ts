import type { VerificationResult } from '../../model/verification.ts';
import { metricRows, stateWord } from '../rows.ts';
import type { MetricRow } from '../rows.ts';
import { defineSection } from '../section.ts';

const GROUP_TITLES: Readonly<Record<string, string>> = {
  run: 'Run', completeness: 'Completeness and purity', association: 'Association', astrometry: 'Astrometry', photometry: 'Photometry',
  population: 'Population of DIASources', 'image-quality': 'Image quality', resource: 'Time and memory',
};
const GROUPS = Object.keys(GROUP_TITLES);
const COLUMNS = 7;

export const metricTable = defineSection({
  name: 'metricTable', title: 'Metrics',
  view(result) {
    const rows = metricRows(result).map(r => ({ ...r, changeKind: r.change?.kind ?? '' }));
    const isUrgent = (r: MetricRow): boolean => r.state === 'fail' || r.state === 'incomplete' || r.state === 'warn';
    const urgent = rows.filter(isUrgent);
    const others = rows.filter(r => !isUrgent(r));
    const names = [...new Set(others.map(r => r.group))].sort((a, b) => order(a) - order(b));
    const groups = names.map(name => ({ title: GROUP_TITLES[name] ?? name, isUrgent: false, rows: others.filter(r => r.group === name) }));
    const [hasTrend, hasChange] = [rows.some(r => r.trend !== null), result.run.comparison !== undefined];
    const all = urgent.length > 0 ? [{ title: 'Needs attention', isUrgent: true, rows: urgent }, ...groups] : groups;
    return {
      groups: all, hasTrend, hasChange, span: String(COLUMNS + (hasTrend ? 1 : 0) + (hasChange ? 1 : 0)), history: historySentence(result),
      choices: [
        choice('state', 'State', rows.map(r => r.state), value => stateWord(value as MetricRow['state'])),
        choice('severity', 'Severity', rows.map(r => r.severity)), choice('group', 'Group', all.map(g => g.title)),
        ...(hasChange ? [choice('kind', 'Baseline', rows.map(r => r.changeKind))] : []),
      ],
    };
  },
});

interface Choice {
  readonly name: string;
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
}

function choice(name: string, label: string, values: readonly string[], textOf = (value: string): string => value): Choice {
  return { name, label, options: [...new Set(values)].filter(v => v !== '').map(value => ({ value, text: textOf(value) })) };
}

/** Which runs the trends are of; empty when there is none. */
function historySentence({ run: { history } }: VerificationResult): string {
  const runs = history?.runs ?? [];
  if (runs.length === 0) return '';
  const failed = runs.filter(r => r.exitCode !== 0).length;
  return `The trend holds ${runs.length} earlier ${runs.length === 1 ? 'run' : 'runs'} since ${runs[0]!.started.slice(0, 10)}, `
    + `${failed === 0 ? 'all passed' : `${failed} of them did not pass`}.`;
}

function order(group: string): number {
  const at = GROUPS.indexOf(group);
  return at < 0 ? GROUPS.length : at;
}
