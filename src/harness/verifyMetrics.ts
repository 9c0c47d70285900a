/** Metric packages of lsst.verify: `metrics/<package>.yaml` and `specs/<package>/**.yaml`. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ApError } from '../model/errors.ts';
import type { Specification } from '../model/specification.ts';
import { astropyUnit } from '../model/units.ts';
import type { Metric } from '../model/verification.ts';
import { stringify } from 'yaml';
import { loadSpecifications } from './loadSpecifications.ts';
import { metricOfVerify } from './verifyJob.ts';
import type { VerifyMetric } from './verifyJob.ts';
import { readYaml } from './yamlFile.ts';
import type { TextFile } from './yamlFile.ts';

/** What lsst.verify asks of a metric, and no more; other keys are anchors for others to refer to. */
const validate = new Ajv2020({ strict: false }).compile({
  type: 'object', additionalProperties: { type: 'object', properties: { unit: { type: ['string', 'null'] }, description: { type: ['string', 'null'] } } },
});

export interface VerifyPackage {
  readonly metrics: readonly Metric[];
  readonly specifications: readonly Specification[];
}

/** Throws BAD_METRIC and BAD_SPECIFICATION with file and line. Entries without a description and a unit are anchors and no metrics. */
export function loadVerifyPackage(metricFiles: readonly TextFile[], specificationFiles: readonly TextFile[]): VerifyPackage {
  const metrics = metricFiles.flatMap(file => {
    const packageName = file.path.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
    return readYaml(file, 'BAD_METRIC', validate).flatMap(({ value, where }) =>
      Object.entries(value as Record<string, Omit<VerifyMetric, 'name'>>).filter(([, m]) => m.description !== undefined && m.unit !== undefined)
        .map(([name, m]) => metricOfVerify({ ...m, name: `${packageName}.${name}` }, where([name]))));
  });
  const names = new Set<string>();
  for (const { name } of metrics) {
    if (names.has(name)) throw new ApError('BAD_METRIC', { found: `${name} again`, expected: 'one definition' });
    names.add(name);
  }
  return { metrics, specifications: loadSpecifications(specificationFiles, metrics) };
}

/** `metrics/<package>.yaml` of lsst.verify for each package, by file name. */
export function verifyMetricsYaml(metrics: readonly Metric[]): Record<string, string> {
  const packages = Map.groupBy(metrics, m => m.name.split('.')[0]!);
  return Object.fromEntries([...packages].map(([name, own]) => [`${name}.yaml`, stringify(Object.fromEntries(own.map(m => [
    m.name.split('.')[1]!,
    { description: m.description, unit: astropyUnit(m.unit), tags: m.tags, ...(m.reference !== '' && { reference: { doc: m.reference } }) },
  ])))]));
}
