import { keysText } from '../format.ts';
import { defineSection } from '../section.ts';

const MAX_ROWS = 60;
const STATES = { failed: 'fail', blocked: 'incomplete', noWork: 'na' } as const;
const WORDS = { failed: 'Failed', blocked: 'Blocked', noWork: 'No work' } as const;

export const failures = defineSection({
  name: 'failures', title: 'Failures',
  view({ run }) {
    const lost = (['failed', 'noWork', 'blocked'] as const).flatMap(status => run.quanta.filter(q => q.status === status)
      .map(q => ({ state: STATES[status], word: WORDS[status], task: q.task, dataId: keysText(q.dataId), message: q.message ?? '' })));
    if (lost.length === 0) return null;
    return { rows: lost.slice(0, MAX_ROWS), more: lost.length > MAX_ROWS ? `and ${lost.length - MAX_ROWS} more` : null, total: String(run.quanta.length) };
  },
});
