import type { QuantumReport } from '../../model/verification.ts';
import { median } from '../../numeric/statistics.ts';
import { drawBars } from '../charts/bars.ts';
import { drawTimeline } from '../charts/gantt.ts';
import { durationText, numberText } from '../format.ts';
import { defineSection } from '../section.ts';

interface TaskUse {
  readonly task: string;
  readonly nRun: number;
  readonly nReused: number;
  readonly total: number;
  readonly median: number;
  readonly slowest: number;
  readonly cpu: number | null;
  readonly peak: number | null;
}

export const resources = defineSection({
  name: 'resources', title: 'Time and memory',
  view({ run }) {
    const uses = [...new Set(run.quanta.map(q => q.task))].map(task => useOf(task, run.quanta.filter(q => q.task === task)));
    const timed = uses.filter(u => u.nRun > 0);
    if (uses.length === 0) return null;
    const remembered = timed.filter(u => u.peak !== null);
    return {
      timeline: drawTimeline(run.quanta),
      time: timed.length === 0 ? null : drawBars('task-time', {
        title: 'Time by task', description: 'Wall-clock time of all quanta of each task that ran.',
      }, timed.map(u => ({ name: u.task, value: u.total, mark: null, text: durationText(u.total) }))),
      memory: remembered.length === 0 ? null : drawBars('task-memory', {
        title: 'Peak memory by task', description: 'Largest resident memory of a worker while a quantum of the task ran.',
      }, remembered.map(u => ({ name: u.task, value: u.peak!, mark: null, text: `${numberText(u.peak!, 3)} MB` }))),
      rows: uses.map(u => ({
        task: u.task, nRun: String(u.nRun), nReused: String(u.nReused), median: secondsText(u.median), slowest: secondsText(u.slowest),
        total: secondsText(u.total), cpu: u.cpu === null ? '–' : secondsText(u.cpu), peak: u.peak === null ? '–' : numberText(u.peak, 3),
      })),
      note: 'Times and memory are of this machine and this run; they are not compared between runs of different machines.',
    };
  },
});

function useOf(task: string, quanta: readonly QuantumReport[]): TaskUse {
  const ran = quanta.filter(q => q.status !== 'reused' && q.seconds !== null);
  const seconds = ran.map(q => q.seconds!);
  const known = (values: readonly (number | null)[]): number[] => values.filter(v => v !== null);
  const cpu = known(ran.map(q => q.cpu_s));
  const peaks = known(ran.map(q => q.peakRss_MB));
  return {
    task, nRun: ran.length, nReused: quanta.filter(q => q.status === 'reused').length, total: seconds.reduce((a, b) => a + b, 0),
    median: median(seconds), slowest: seconds.length === 0 ? NaN : Math.max(...seconds),
    cpu: cpu.length === 0 ? null : cpu.reduce((a, b) => a + b, 0), peak: peaks.length === 0 ? null : Math.max(...peaks),
  };
}

function secondsText(value: number): string {
  return Number.isFinite(value) ? numberText(value, 3) : '–';
}
