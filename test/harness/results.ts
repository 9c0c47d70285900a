/** Small metrics, measurements, specifications and whole results; a test changes what it is about. */
import type { Measurement, Metric, QuantumReport, Specification, Verdict, VerificationResult } from '../../src/model/verification.ts';

export const HASH = 'a'.repeat(64);

export function metricOf(changes: Partial<Metric> = {}): Metric {
  return {
    name: 'pkg.M', title: 'The metric', unit: 'mas', description: 'A metric of tests.', reference: '', tags: ['astrometry'],
    direction: 'lower', formula: 'x', version: 1, interval: 'bootstrap', minimumN: 10, definitionHash: HASH, ...changes,
  };
}

export function measurementOf(changes: Partial<Measurement> = {}): Measurement {
  return {
    metric: 'pkg.M', status: 'ok', value: 5, unit: 'mas', n: 100, interval: [4, 6], reason: null, definitionHash: HASH, keys: {},
    blobs: {}, ...changes,
  };
}

export function specificationOf(changes: Partial<Specification> = {}): Specification {
  return {
    name: 'pkg.M.limit', metric: 'pkg.M', type: 'threshold', operator: '<', bound: 10, unit: 'mas', severity: 'fail',
    decision: 'point', keys: {}, tags: [], source: 'specs.yaml:3', ...changes,
  };
}

export function verdictOf(changes: Partial<Verdict> = {}, specification: Partial<Specification> = {}): Verdict {
  return {
    specification: specificationOf(specification), status: 'pass', value: 5, interval: [4, 6], n: 100, margin: 5,
    reason: 'the value is inside the bound', ...changes,
  };
}

export function quantumOf(changes: Partial<QuantumReport> = {}): QuantumReport {
  return { task: 'isr', dataId: { exposure: 1, detector: 0 }, status: 'succeeded', message: null, seconds: 1.5, cpu_s: 1.2, peakRss_MB: 200, ...changes };
}

export function resultOf(changes: Partial<VerificationResult> = {}): VerificationResult {
  return {
    format: 'ap-verify-result/1', dataset: { name: 'a-set', version: '1', title: 'A set' },
    pipeline: { name: 'ApPipe', version: '0.1.0', configHash: 'c0ffee', query: null, overrides: [] },
    verdict: { exitCode: 0, status: 'pass', sentence: 'The one gating specification passes.' },
    run: {
      started: '2026-11-24T10:00:00Z', seconds: 12.5, workers: 2, host: 'h', node: 'v24.0.0', collection: 'runs/1', quanta: [quantumOf()],
    },
    metrics: [metricOf()], measurements: [measurementOf()], verdicts: [verdictOf()],
    images: [{ visit: 1, detector: 0, band: 'g', numbers: { processed: true, nDiaSources: 3 } }],
    cutouts: [{ kind: 'source', title: 't', caption: 'c', panels: [{ label: 'science', width: 1, height: 2, data: [1.5, null] }] }],
    ...changes,
  };
}
