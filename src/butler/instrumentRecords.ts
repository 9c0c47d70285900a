/** Dimension records of a camera. */
import type { DimensionRecord } from '../model/dataset.ts';
import type { Instrument } from '../model/instrument.ts';

/** One visit an exposure; `instrument.visit_system` names it as the preferred system. */
export const ONE_TO_ONE = { id: 0, name: 'one-to-one' };

/** [element, records] in the order of insertion. */
export function instrumentRecords(instrument: Instrument): [string, DimensionRecord[]][] {
  const { name, className, visitMax, exposureMax, detectorMax, filters, detectors } = instrument;
  return [
    ['instrument', [{
      name, visit_max: visitMax, visit_system: ONE_TO_ONE.id, exposure_max: exposureMax, detector_max: detectorMax, class_name: className,
    }]],
    ['physical_filter', filters.map(filter => ({ instrument: name, name: filter.name, band: filter.band }))],
    ['detector', detectors.map(detector => ({
      instrument: name, id: detector.id, full_name: detector.name, name_in_raft: detector.name, raft: null, purpose: 'SCIENCE',
    }))],
    ['visit_system', [{ instrument: name, ...ONE_TO_ONE }]],
  ];
}
