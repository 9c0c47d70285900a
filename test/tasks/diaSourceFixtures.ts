/** Small calibrated images and source catalogs for the tests of the tasks that follow detection. */
import { gaussianPsf } from '../../src/astro/psf/gaussianPsf.ts';
import { renderPsf } from '../../src/astro/psf/renderPsf.ts';
import { DIA_COLUMNS } from '../../src/model/catalogs.ts';
import type { Exposure } from '../../src/model/image.ts';
import { allocMaskedImage } from '../../src/model/image.ts';
import type { Instrument } from '../../src/model/instrument.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import type { SkyWcs } from '../../src/model/wcs.ts';
import type { ConfigFields, ConfigValues, Task, TaskContext } from '../../src/pipeline/task.ts';
import { nsOfMjdTai } from '../../src/sky/time.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';

export const WIDTH = 120;
export const HEIGHT = 100;
export const wcs: SkyWcs = {
  projection: 'TAN', crpix: [59.5, 49.5], crval_deg: [150, 2], cd: [-7e-5, 0, 0, 7e-5],
};

interface Star {
  readonly x: number;
  readonly y: number;
  readonly flux: number;
}

export function exposureOf(visit: number, time_mjdTai: number, stars: readonly Star[], noise = 2): Exposure {
  const mi = allocMaskedImage(WIDTH, HEIGHT);
  mi.variance.fill(noise * noise);
  const psf = gaussianPsf(1.8, 21, WIDTH, HEIGHT);
  for (const star of stars) {
    const stamp = renderPsf(psf, star.x, star.y);
    for (let k = 0; k < stamp.data.length; k++) {
      const [x, y] = [stamp.x0 + (k % stamp.size), stamp.y0 + Math.floor(k / stamp.size)];
      if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT) mi.image[y * WIDTH + x]! += star.flux * stamp.data[k]!;
    }
  }
  const ns = nsOfMjdTai(time_mjdTai);
  return {
    ...mi, wcs, psf, photoCalib: { calibration_nJy: 1, calibrationErr_nJy: 0 }, detector: 1, band: 'g',
    physicalFilter: 'sim-g', unit: 'nJy', metadata: {},
    visitInfo: {
      instrument: 'sim', visit, begin_taiNs: ns - 15_000_000_000n, end_taiNs: ns + 15_000_000_000n,
      mid_mjdTai: time_mjdTai, exposureTime_s: 30, darkTime_s: 30, boresightRa_deg: 150, boresightDec_deg: 2,
      rotation_deg: 0, airmass: 1.1,
    },
  };
}

/** Unfiltered sources at pixel positions; flags and other columns as given, the rest plausible. */
export function diaCatalog(visit: number, rows: readonly Record<string, number | boolean>[]): Table {
  return tableFromRows(DIA_COLUMNS, rows.map((row, i) => {
    const [ra, dec] = pixelToSky(wcs, Number(row.x ?? 50), Number(row.y ?? 50));
    const flags = Object.fromEntries(DIA_COLUMNS.filter(c => c.type === 'bool').map(c => [c.name, false]));
    return {
      ...flags, id: BigInt(visit) * 1000n + BigInt(i), visit, detector: 1, x: 50, y: 50, xErr: 0.1, yErr: 0.1, ra, dec,
      raErr: 7e-6, decErr: 7e-6, psfFlux: 100, psfFluxErr: 10, psfChi2: 300, psfNdata: 441, apFlux: 100, apFluxErr: 15,
      scienceFlux: 200, scienceFluxErr: 10, templateFlux: 100, templateFluxErr: 5, snr: 10, ixx: 0.2, iyy: 0.2, ixy: 0,
      ...row,
    };
  }));
}

/** Runs a task with its default config and the given changes, as the executor would. */
export function contextOf(changes: Partial<TaskContext> = {}): TaskContext & { warnings: string[] } {
  const warnings: string[] = [];
  return {
    dataId: { instrument: 'sim', visit: 1, detector: 1 },
    instrument: { visitMax: 100_000, detectorMax: 2 } as Instrument, records: {}, seed: 1, apdb: null, metadata: {},
    log: { info: () => undefined, warn: message => warnings.push(message) }, warnings, ...changes,
  };
}

export function configOf<F extends ConfigFields>(
  task: { readonly config: F } & Pick<Task, 'name'>, changes: Partial<ConfigValues<F>> = {},
): ConfigValues<F> {
  const defaults = Object.fromEntries(Object.entries(task.config).map(([name, field]) => [name, field.default]));
  return { ...defaults, ...changes } as ConfigValues<F>;
}
