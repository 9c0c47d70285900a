/** Association of DIASources with the database, forced photometry, and alerts. */
import { forcedPhotometry } from '../astro/association/forcedPhotometry.ts';
import { idRange } from '../astro/association/sourceIds.ts';
import { tabulatedEphemeris, withSolarSystemObjects } from '../astro/association/solarSystem.ts';
import { sourceHistory } from '../astro/association/sourceHistory.ts';
import { withForcedMeans } from '../astro/association/summarizeDiaObjects.ts';
import { updateDiaObjects } from '../astro/association/updateDiaObjects.ts';
import type { ObjectUpdate } from '../astro/association/updateDiaObjects.ts';
import type { AlertBatch } from '../model/alert.ts';
import type { Apdb, ApdbVisit } from '../model/apdb.ts';
import { DIA_FORCED_SOURCE_COLUMNS } from '../model/apdbColumns.ts';
import * as types from '../model/datasetTypes.ts';
import { AlgorithmError } from '../model/errors.ts';
import type { Exposure } from '../model/image.ts';
import { column, numbers, selectRows, tableFromRows } from '../model/table.ts';
import type { ColumnSpec, Table } from '../model/table.ts';
import { polygonOfBox } from '../sky/sphere.ts';
import { pixelScale_arcsec, skyToPixels } from '../sky/wcs.ts';
import { connection, defineTask } from '../pipeline/task.ts';
import type { ConfigValues, TaskContext } from '../pipeline/task.ts';
import { packageAlerts } from './packageAlerts.ts';

const CONFIG = {
  maxDistArcSeconds: { default: 1, doc: 'Radius within which a source may belong to an object (arcsec).', min: 0.01 },
  associator: {
    default: 'optimal', choices: ['optimal', 'greedy'],
    doc: 'optimal: likeliest one-to-one pairs from the position errors; greedy: to each source its nearest object, closest first (2021).',
  },
  sigmaFloorArcSeconds: { default: 0.05, doc: 'Smallest position error in the association (arcsec).', min: 0.001 },
  fallbackSigmaArcSeconds: { default: 0.2, doc: 'Position error taken where it is unknown (arcsec).', min: 0.001 },
  doSolarSystemAssociation: { default: true, doc: 'Take out sources of known solar-system objects, when their positions are there.' },
  positionMean: {
    default: 'weighted', choices: ['weighted', 'mean'],
    doc: 'Position of an object: weighted by the errors of its sources, or their plain mean.',
  },
  angleMargin: { default: 20, doc: 'Margin around the image from which history is loaded (arcsec).', min: 0 },
  imagePixelMargin: { default: 10, doc: 'Objects farther outside the image are left alone (pixels).', min: 0 },
  newObjectBadFlags: {
    default: ['centroid_flag', 'pixelFlags_saturatedCenter', 'glint_trail'] as readonly string[],
    doc: 'A source with any of these flags does not start a new object.',
  },
  newObjectSnrThreshold: { default: 0, doc: '|apFlux| / apFluxErr that a new object needs; 0: any.', min: 0 },
  newObjectReliabilityThreshold: { default: 0, doc: 'Reliability that a new object needs; 0: any.', min: 0, max: 1 },
  newObjectLowReliabilitySnrThreshold: {
    default: 0, min: 0, doc: '|apFlux| / apFluxErr that a new object of low reliability needs; 0: any.',
  },
  newObjectLowSnrReliabilityThreshold: {
    default: 0.1, min: 0, max: 1, doc: 'Reliability below which newObjectLowReliabilitySnrThreshold counts; 0: never.',
  },
  maxNewDiaObjects: { default: 0, doc: 'Fail when more objects are new; 0: no limit.', min: 0 },
  doRunForcedMeasurement: { default: true, doc: 'Measure known objects at their positions.' },
  historyThreshold: { default: 2, doc: 'Sources that an object needs for forced photometry.', min: 1 },
  doPackageAlerts: { default: true, doc: 'Make one alert for each associated source.' },
  minCutoutSize: { default: 30, doc: 'Smallest side of a cutout (pixels).', min: 1 },
  maxCutoutSize: { default: 102, doc: 'Largest side of a cutout (pixels).', min: 1 },
};
type Config = ConfigValues<typeof CONFIG>;

interface Images {
  readonly diffIm: Exposure;
  readonly exposure: Exposure;
  readonly template: Exposure;
}

export const associateApdb = defineTask({
  name: 'DiaPipelineTask',
  doc: 'Associate DIASources with DIAObjects, update the objects, measure known ones, store all, and make alerts.',
  dimensions: ['instrument', 'visit', 'detector'],
  inputs: {
    diaSourceTable: connection(types.diaSourceDetector, 'Standardised sources.'),
    diffIm: connection(types.differenceImage, 'Difference image.'),
    exposure: connection(types.visitImage, 'Science image.'),
    template: connection(types.templateDetector, 'Template on the grid of the science image.'),
    solarSystemObjects: connection(types.preloadedSsObject,
      'Positions of known solar-system objects (ssObjectId, midpointMjdTai, ra, dec).', { optional: true }),
  },
  outputs: {
    associatedDiaSources: connection(types.diaSourceApdb, 'Sources with their object, as stored.'),
    diaForcedSources: connection(types.diaForcedSourceApdb, 'Forced sources, as stored.'),
    diaObjects: connection(types.diaObjectApdb, 'New versions of objects, as stored.'),
    alerts: connection(types.alerts, 'Alerts of the associated sources.', { optional: true }),
  },
  config: CONFIG,
  usesApdb: true,
  sequential: true,
  run({ diaSourceTable, solarSystemObjects, ...images }, config, context) {
    const apdb = openApdb(context);
    checkImages(images);
    const visit = visitOf(images.diffIm);
    if (apdb.containsVisitDetector(visit.visit, visit.detector)) {
      context.log.warn(`visit ${visit.visit}, detector ${visit.detector} was stored before; that is undone first`);
      apdb.forgetVisitDetector(visit);
    }
    const history = loadHistory(apdb, images.diffIm, visit, config);
    const sources = config.doSolarSystemAssociation && solarSystemObjects !== null
      ? withSolarSystemObjects(diaSourceTable, tabulatedEphemeris(solarSystemObjects), config.maxDistArcSeconds).catalog : diaSourceTable;
    const update = updateDiaObjects(sources, history, {
      association: {
        radius_arcsec: config.maxDistArcSeconds, method: config.associator as 'optimal' | 'greedy',
        sigmaFloor_arcsec: config.sigmaFloorArcSeconds, fallbackSigma_arcsec: config.fallbackSigmaArcSeconds,
      },
      summary: {
        position: config.positionMean as 'weighted' | 'mean', fallbackSigma_arcsec: config.fallbackSigmaArcSeconds,
      },
      newObjectBadFlags: config.newObjectBadFlags, newObjectSnrMin: config.newObjectSnrThreshold,
      newObjectReliabilityMin: config.newObjectReliabilityThreshold,
      newObjectSnrMinOfUnreliable: config.newObjectLowReliabilitySnrThreshold,
      newObjectReliabilityMinOfFaint: config.newObjectLowSnrReliabilityThreshold,
      validityStart_mjdTai: visit.time_mjdTai,
    });
    checkNumber(update, config);
    const forced = measureForced(images, history.objects, update, config, context);
    const objects = withForcedMeans(update.objects, sourceHistory([history.forced, forced], 'diaForcedSourceId'));
    apdb.store(visit, objects, update.sources, forced);
    const alerts = config.doPackageAlerts
      ? alertsOf(images, { ...history, forced: [history.forced, forced] }, { ...update, objects }, config, context)
      : null;
    record(context, update, forced, alerts);
    return { associatedDiaSources: update.sources, diaForcedSources: forced, diaObjects: objects, alerts };
  },
});

function openApdb(context: TaskContext): Apdb {
  if (context.apdb === null) throw new TypeError('the association needs an open APDB');
  return context.apdb;
}

/** Before anything is written: everything that the photometry and the alerts rely on must be there. */
function checkImages({ diffIm, exposure }: Images): void {
  for (const [name, image] of [['difference', diffIm], ['science', exposure]] as const) {
    if (image.wcs === null || image.psf === null || image.unit !== 'nJy') {
      throw new AlgorithmError(`the ${name} image is not calibrated`,
        { hasWcs: image.wcs !== null, hasPsf: image.psf !== null, unit: image.unit });
    }
  }
}

function visitOf({ visitInfo, detector }: Exposure): ApdbVisit {
  return { visit: visitInfo.visit, detector, time_mjdTai: visitInfo.mid_mjdTai };
}

interface History {
  readonly objects: Table;
  readonly sources: Table;
  readonly forced: Table;
}

/** Objects on the image or near its edge, with their sources and forced sources. */
function loadHistory(apdb: Apdb, difference: Exposure, visit: ApdbVisit, config: Config): History {
  const wcs = difference.wcs!;
  const pad = Math.max(config.angleMargin / pixelScale_arcsec(wcs), config.imagePixelMargin);
  const region = polygonOfBox(wcs, difference.width, difference.height, pad);
  const around = apdb.getDiaObjects(region);
  const rows = around.nRows === 0 ? [] : insideImage(around, difference, config.imagePixelMargin);
  const objects = selectRows(around, rows);
  const ids = objects.nRows === 0 ? [] : [...column(objects, 'diaObjectId', 'i64')];
  return {
    objects,
    sources: apdb.getDiaSources(region, ids, visit.time_mjdTai),
    forced: apdb.getDiaForcedSources(region, ids, visit.time_mjdTai),
  };
}

function insideImage(table: Table, image: Exposure, margin: number): number[] {
  const { x, y } = skyToPixels(image.wcs!, numbers(table, 'ra'), numbers(table, 'dec'));
  return Array.from(x.keys()).filter(i =>
    x[i]! > -margin && x[i]! < image.width - 1 + margin && y[i]! > -margin && y[i]! < image.height - 1 + margin);
}

function checkNumber(update: ObjectUpdate, config: Config): void {
  if (config.maxNewDiaObjects > 0 && update.nNew > config.maxNewDiaObjects) {
    throw new AlgorithmError('too many new DIAObjects', { nNew: update.nNew, limit: config.maxNewDiaObjects });
  }
}

const FORCED_SPECS: readonly ColumnSpec[] = DIA_FORCED_SOURCE_COLUMNS
  .filter(c => c.name !== 'timeWithdrawnMjdTai').map(({ name, type, unit }) => ({ name, type, unit, doc: '' }));

/** Forced sources of all objects on the image that have enough sources, the new versions first. */
function measureForced(
  { diffIm, exposure }: Images, known: Table, update: ObjectUpdate, config: Config, context: TaskContext,
): Table {
  if (!config.doRunForcedMeasurement) return tableFromRows(FORCED_SPECS, []);
  const targets = forcedTargets(known, update.objects, config.historyThreshold);
  const fluxes = forcedPhotometry(diffIm, exposure, targets.map(t => t.ra), targets.map(t => t.dec));
  const { visitInfo, detector, band } = diffIm;
  const ids = idRange({ visit: visitInfo.visit, detector }, context.instrument);
  const rows = fluxes.map(({ row, ...flux }, k) => ({
    ...flux, ...targets[row]!, diaForcedSourceId: ids.first + BigInt(k), visit: visitInfo.visit, detector, band,
    midpointMjdTai: visitInfo.mid_mjdTai,
    timeProcessedMjdTai: visitInfo.mid_mjdTai + visitInfo.exposureTime_s / 2 / 86_400,
  }));
  return tableFromRows(FORCED_SPECS, rows);
}

interface Target {
  readonly diaObjectId: bigint;
  readonly ra: number;
  readonly dec: number;
}

function forcedTargets(known: Table, updated: Table, nSourcesMin: number): Target[] {
  const seen = new Set<bigint>();
  return [updated, known].filter(t => t.nRows > 0).flatMap(table => {
    const ids = column(table, 'diaObjectId', 'i64');
    const [ra, dec, nSources] = [numbers(table, 'ra'), numbers(table, 'dec'), numbers(table, 'nDiaSources')];
    return Array.from(ids).flatMap((diaObjectId, i) => {
      if (seen.has(diaObjectId)) return [];
      seen.add(diaObjectId);
      return nSources[i]! >= nSourcesMin ? [{ diaObjectId, ra: ra[i]!, dec: dec[i]! }] : [];
    });
  });
}

type AlertHistory = Omit<History, 'forced'> & { readonly forced: readonly Table[] };

function alertsOf(
  { diffIm, exposure, template }: Images, history: AlertHistory, { sources, objects }: ObjectUpdate, config: Config,
  { records }: TaskContext,
): AlertBatch {
  const text = (name: string): string | null => textOf(records.visit?.[name] ?? records.exposure?.[name]);
  return packageAlerts(
    { difference: diffIm, science: exposure, template },
    { sources, objects, earlierSources: [history.sources], forcedSources: history.forced },
    {
      minCutoutSize_px: config.minCutoutSize, maxCutoutSize_px: config.maxCutoutSize,
      observationReason: text('observation_reason'), targetName: text('target_name'),
    },
  );
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function record({ metadata, log }: TaskContext, update: ObjectUpdate, forced: Table, alerts: AlertBatch | null): void {
  metadata.numAssociatedDiaSources = update.sources.nRows;
  metadata.numUpdatedDiaObjects = update.nUpdated;
  metadata.numNewDiaObjects = update.nNew;
  metadata.numAssociatedSsObjects = update.nSolarSystem;
  metadata.numUnassociatedDiaObjects = update.nUnassociatedObjects;
  metadata.nRejectedNewDiaObjects = update.nRejected;
  metadata.numDiaForcedSources = forced.nRows;
  metadata.total_alerts = alerts === null ? -1 : alerts.alerts.length;
  log.info(`${update.nUpdated} objects updated, ${update.nNew} new, ${forced.nRows} forced sources`);
}
