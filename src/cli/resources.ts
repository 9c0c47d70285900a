/** Clock, CPU time and memory of this process: the only place that reads them. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ResourceReading } from '../pipeline/runQuantum.ts';

/**
 * Forget the memory peak so far, so that the next reading is the peak from now on. Linux only; where it
 * is not possible the peak is that of the whole process.
 */
export function resetPeakMemory(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux, or not allowed: the reading stays an upper bound.
  }
}

/** Time and memory now. */
export function readResources(): ResourceReading {
  const cpu = process.cpuUsage();
  return {
    utc: `${new Date().toISOString().slice(0, -1)}000+00:00`,
    wall_s: performance.now() / 1000,
    cpu_s: (cpu.user + cpu.system) / 1e6,
    maxRss_byte: peakMemory_byte(),
  };
}

function peakMemory_byte(): number {
  try {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (match !== null) return Number(match[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
