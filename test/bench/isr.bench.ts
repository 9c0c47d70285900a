/**
 * ISR of one frame of 2048 x 4096 pixels (two amplifiers, overscan, bias, flat, defects, saturated stars), one process; and
 * the same with a dark. The last case says the peak memory of the process.
 */
import { DEFECT_COLUMNS } from '../../src/astro/isr/defects.ts';
import { decam } from '../../src/instruments/decam/index.ts';
import { allocMaskedImage } from '../../src/model/image.ts';
import type { Exposure } from '../../src/model/image.ts';
import { tableFromRows } from '../../src/model/table.ts';
import { random } from '../../src/numeric/random.ts';
import type { IsrInputs, IsrValues } from '../../src/tasks/buildCalibration.ts';
import { isr } from '../../src/tasks/isr.ts';
import { decamFrame } from '../tasks/decamFrame.ts';
import type { Bench, BenchCase } from './bench.ts';

const DEFAULTS = Object.fromEntries(Object.entries(isr.config).map(([name, field]) => [name, field.default])) as IsrValues;

function calibration(level: number, sigma: number, unit: string): Exposure {
  const rng = random(2, `calibration ${unit}`);
  const planes = allocMaskedImage(2048, 4096);
  for (let p = 0; p < planes.image.length; p++) {
    planes.image[p] = level + sigma * rng.normal();
    planes.variance[p] = sigma * sigma;
  }
  const visitInfo = { darkTime_s: 100 } as Exposure['visitInfo'];
  return { ...planes, wcs: null, psf: null, photoCalib: null, visitInfo, detector: 56, band: '', physicalFilter: '', unit, metadata: {} };
}

function cases(): BenchCase[] {
  const raw = decamFrame({ seed: 1, nStars: 2000 });
  const defects = tableFromRows(DEFECT_COLUMNS, Array.from({ length: 60 }, (_, k) => ({ x0: 34 * k, y0: 60 * k, width: 1, height: 300, plane: 'BAD' })));
  const inputs: IsrInputs = {
    raw, rawMask: null, crosstalkSources: [], bias: calibration(0, 2, 'electron'), dark: calibration(10, 1, 'electron'),
    flat: calibration(1, 0.005, ''), defects, linearizer: null, crosstalk: null, bfKernel: null, fringe: null, illumination: null,
  };
  const timed = (name: string, config: Partial<IsrValues>): BenchCase => ({
    name, run: () => isr.run(inputs, { ...DEFAULTS, ...decam.overrides.isr, ...config }, {
      dataId: { instrument: 'decam', exposure: 1, detector: 56 }, instrument: decam, records: {}, seed: 0, apdb: null, metadata: {},
      log: { info: () => undefined, warn: () => undefined },
    }).outputExposure.image[5],
  });
  return [timed('overscan, bias, flat, defects, interpolation', {}), timed('the same with a dark', { doDark: true }), {
    name: 'peak memory of the process (aim 1 GB for one run)', repeat: 1, run: () => {
      const peak_MB = process.resourceUsage().maxRSS / 1024;
      process.stdout.write(`peak memory ${peak_MB.toFixed(0)} MB: inputs, and what repeated runs left to the garbage collector, included\n`);
    },
  }];
}

export default { name: 'isr', cases } satisfies Bench;
