/** Metrics that need no code: a count, a fraction or a statistic of a column, declared in `metrics/*.yaml`. */
import type { DatasetType } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { numbers } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import type { Condition } from '../model/specification.ts';
import type { Declaration, Metric, RowFilter } from '../model/verification.ts';
import { quantileInterval } from '../numeric/quantileInterval.ts';
import { poissonInterval, studentInterval } from '../numeric/intervals.ts';
import { madSigma, mean, median, quantile } from '../numeric/statistics.ts';
import { holds } from './applicability.ts';
import { measured, missing } from './measure.ts';
import type { Measure, Outcome } from './measure.ts';
import type { Item } from './resultSource.ts';
import { percentage } from './samples.ts';

/** Measures of all metrics that declare how they are computed. Throws BAD_METRIC for a dataset type that is not known. */
export function declarativeMeasures(metrics: readonly Metric[], datasetTypes: readonly DatasetType[]): Measure<never>[] {
  return metrics.flatMap(metric => {
    const { declaration } = metric;
    if (declaration === undefined) return [];
    const type = datasetTypes.find(t => t.name === declaration.dataset && t.storageClass === 'Table') as DatasetType<Table> | undefined;
    if (type === undefined) {
      throw new ApError('BAD_METRIC', { where: metric.name, found: `dataset type '${declaration.dataset}'`, expected: 'one that holds tables' });
    }
    const measure: Measure<{ tables: DatasetType<Table> }> = {
      metric: metric.name, requires: { tables: type }, measure: ({ tables }) => outcomeOf(tables, declaration),
    };
    return [measure as unknown as Measure<never>];
  });
}

function outcomeOf(tables: readonly Item<Table>[], declaration: Declaration): Outcome {
  const { statistic, where = {}, of = {} } = declaration;
  if (statistic === 'count' || statistic === 'fraction') {
    let [nRows, n, k] = [0, 0, 0];
    for (const { value } of tables) {
      nRows += value.nRows;
      const [isIn, isOf] = [rowTest(value, where), rowTest(value, of)];
      for (let row = 0; row < value.nRows; row++) {
        if (!isIn(row)) continue;
        n++;
        if (isOf(row)) k++;
      }
    }
    return statistic === 'count' ? measured({ value: n, n: nRows, interval: poissonInterval(n) }) : percentage(k, n, 'no row meets the conditions');
  }
  return statisticOf(columnValues(tables, declaration), declaration);
}

function columnValues(tables: readonly Item<Table>[], { column: name, where = {}, scale = 1 }: Declaration): Float64Array {
  if (name === undefined) throw new TypeError('the declaration names no column');
  const parts = tables.map(({ value }) => {
    const [all, isIn] = [numbers(value, name), rowTest(value, where)];
    return all.filter((v, row) => Number.isFinite(v) && isIn(row)).map(v => scale * v);
  });
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function statisticOf(values: Float64Array, { statistic, q = 0.5 }: Declaration): Outcome {
  const n = values.length;
  if (n === 0) return missing('no row with a number meets the conditions');
  switch (statistic) {
    case 'mean': return measured({ value: mean(values), n, interval: studentInterval(values) });
    case 'scatter': {
      const value = madSigma(values);
      // Of normal noise the MAD has 37 % efficiency: its relative error is 1.17 / sqrt(n) (Rousseeuw and Croux 1993).
      const half = (1.17 * value) / Math.sqrt(n);
      return measured({ value, n, interval: n < 2 ? null : [value - half, value + half] });
    }
    case 'median': return measured({ value: median(values), n, interval: quantileInterval(values, 0.5) });
    default: return measured({ value: quantile(values, q), n, interval: quantileInterval(values, q) });
  }
}

/** A test of rows; columns are looked up once. Throws TypeError for a column that the table does not have. */
function rowTest(table: Table, filter: RowFilter): (row: number) => boolean {
  const tests = Object.entries(filter).map(([name, condition]) => {
    const column = table.columns[name];
    if (column === undefined) throw new TypeError(`there is no column '${name}'`);
    if (column.type === 'string') return (row: number): boolean => holds(condition as Condition, column.values[row]!);
    const values = numbers(table, name);
    if (typeof condition === 'object' && 'nan' in condition) return (row: number): boolean => Number.isNaN(values[row]) === condition.nan;
    if (typeof condition === 'object' && !Array.isArray(condition)) {
      const { min = -Infinity, max = Infinity } = condition as { min?: number; max?: number };
      return (row: number): boolean => values[row]! >= min && values[row]! <= max;
    }
    return (row: number): boolean => holds(condition as Condition, values[row]!);
  });
  return tests.length === 0 ? () => true : row => tests.every(test => test(row));
}
