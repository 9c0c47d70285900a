/** Times and memory under the names that lsst.verify_metrics gives them, one task each. */
import { defineMeasure, measured, missing } from '../src/harness/measure.ts';
import type { Measure } from '../src/harness/measure.ts';
import { medianOf } from '../src/harness/samples.ts';
import type { QuantumReport } from '../src/model/verification.ts';

type Field = 'seconds' | 'cpu_s' | 'peakRss_MB';

const TABLE: readonly (readonly [metric: string, task: string, field: Field])[] = [
  ['ip_isr.IsrTime', 'isr', 'seconds'],
  ['ip_isr.IsrCpuTime', 'isr', 'cpu_s'],
  ['pipe_tasks.CalibrateImageTime', 'calibrateImage', 'seconds'],
  ['pipe_tasks.CalibrateImageCpuTime', 'calibrateImage', 'cpu_s'],
  ['ip_diffim.GetTemplateTime', 'rewarpTemplate', 'seconds'],
  ['ip_diffim.GetTemplateCpuTime', 'rewarpTemplate', 'cpu_s'],
  ['ip_diffim.SubtractImagesALTime', 'subtractImages', 'seconds'],
  ['ip_diffim.SubtractImagesALCpuTime', 'subtractImages', 'cpu_s'],
  ['ip_diffim.DetectAndMeasureTime', 'detectAndMeasureDiaSource', 'seconds'],
  ['ip_diffim.DetectAndMeasureCpuTime', 'detectAndMeasureDiaSource', 'cpu_s'],
  ['ap_association.FilterDiaSourceCatalogTime', 'filterDiaSource', 'seconds'],
  ['ap_association.FilterDiaSourceCatalogCpuTime', 'filterDiaSource', 'cpu_s'],
  ['ap_association.MapDiaSourceTime', 'standardizeDiaSource', 'seconds'],
  ['ap_association.MapDiaSourceCpuTime', 'standardizeDiaSource', 'cpu_s'],
  ['ap_association.DiaPipelineTime', 'associateApdb', 'seconds'],
  ['ap_association.DiaPipelineCpuTime', 'associateApdb', 'cpu_s'],
  ['ap_association.DiaPipelineMemory', 'associateApdb', 'peakRss_MB'],
];

/** A pipeline that has no such task gives no value. */
export const taskResources: readonly Measure[] = TABLE.map(([metric, task, field]) => defineMeasure({
  metric,
  requires: {},
  measure(_, { quanta }) {
    const values = quanta.flatMap((q: QuantumReport) => (q.task === task && q[field] !== null ? [q[field]] : []));
    if (values.length === 0) return missing(`no quantum of ${task} was measured`);
    if (field === 'peakRss_MB') return measured({ value: Math.max(...values), n: values.length, interval: null });
    return measured(medianOf(metric, values));
  },
}));
