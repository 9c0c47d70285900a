/** Metrics that a pipeline of `lsst.verify` metric tasks says it computes. */
import { LineCounter, parseDocument, isMap, isScalar } from 'yaml';
import { ApError } from '../model/errors.ts';
import type { TextFile } from './yamlFile.ts';

/**
 * `connections.package` and `connections.metric` of every task, as `package.metric` with `file:line`. The keys may be
 * dotted or nested. Imported pipelines are not followed. Throws BAD_PIPELINE for a syntax error.
 */
export function pipelineMetrics(file: TextFile): { metric: string; where: string }[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(file.text, { lineCounter });
  const problem = document.errors[0];
  if (problem !== undefined) throw new ApError('BAD_PIPELINE', { where: `${file.path}:${lineCounter.linePos(problem.pos[0]).line}`, found: problem.message.split('\n')[0] });
  const tasks = document.get('tasks', true);
  if (!isMap(tasks)) return [];
  return tasks.items.flatMap(({ key, value }) => {
    const config = isMap(value) ? value.get('config', true) : undefined;
    if (!isMap(config)) return [];
    const of = (word: string): unknown => config.get(`connections.${word}`) ?? config.getIn(['connections', word]);
    const [packageName, metric] = [of('package'), of('metric')];
    if (typeof packageName !== 'string' || typeof metric !== 'string') return [];
    const line = isScalar(key) && key.range ? lineCounter.linePos(key.range[0]).line : 1;
    return [{ metric: `${packageName}.${metric}`, where: `${file.path}:${line}` }];
  });
}
