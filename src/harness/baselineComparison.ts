/** A run beside its baseline, as the report shows it: metrics and, when both have catalogs, sources. */
import type { BaselineComparison, ScienceViews } from '../model/reportData.ts';
import type { VerificationResult } from '../model/verification.ts';
import type { Baseline } from './baseline.ts';
import { catalogDifference } from './catalogDifference.ts';
import { compareResults } from './compareResults.ts';

type Compared = Pick<VerificationResult, 'metrics' | 'measurements' | 'science'>;

/** Metric by metric without resources; the catalogs when both runs kept theirs. */
export function baselineComparison(
  baseline: Pick<Baseline, 'measurements' | 'pipeline' | 'started'>, science: ScienceViews | undefined, result: Compared,
): BaselineComparison {
  return {
    baseline: { started: baseline.started, version: baseline.pipeline.version, collection: null },
    changes: compareResults(baseline, result).map(({ metric, keys, before, after, difference, isSignificant, change }) =>
      ({ metric, keys, before, after, difference, isSignificant, change })),
    catalog: science === undefined || result.science === undefined ? null : catalogDifference(science.detectors, result.science.detectors),
  };
}
