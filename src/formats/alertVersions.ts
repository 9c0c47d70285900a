/**
 * The schemas of Rubin's alert packets from 7.0 to 11.1, for reading: packets on the wire name their schema by a number
 * only. Facts of `lsst.alert.packet` (files `schema/<major>/<minor>`); each has the parsing canonical form of its files.
 */
import { DIA_FORCED_SOURCE_COLUMNS, DIA_OBJECT_COLUMNS, DIA_SOURCE_COLUMNS } from '../model/apdbColumns.ts';
import {
  alertParts, alertSchema, ALERT_FIELDS, ALERT_SCHEMA, declared, fieldsOf, MPC_ORBITS, SS_SOURCE, type AlertField, type Declared,
} from './alertSchema.ts';

type Records = Readonly<Record<string, readonly AlertField[]>>;
type Columns = Readonly<Record<string, readonly Declared[]>>;

const PARTS_7 = alertParts(`
alertId:long! diaSource=diaSource! prvDiaSources*diaSource prvDiaForcedSources*diaForcedSource
prvDiaNondetectionLimits*diaNondetectionLimit diaObject=diaObject ssObject=ssObject
cutoutDifference:bytes cutoutScience:bytes cutoutTemplate:bytes`);
const PARTS_8 = alertParts(`
diaSourceId:long! observation_reason:string target_name:string diaSource=diaSource! prvDiaSources*diaSource
prvDiaForcedSources*diaForcedSource diaObject=diaObject ssSource=ssSource MPCORB=MPCORB
cutoutDifference:bytes cutoutScience:bytes cutoutTemplate:bytes`);
const PARTS_10 = alertParts(`
diaSourceId:long! observation_reason:string target_name:string diaSource=diaSource! prvDiaSources*diaSource
prvDiaForcedSources*diaForcedSource diaObject=diaObject ssSource=ssSource mpc_orbits=mpc_orbits
cutoutDifference:bytes cutoutScience:bytes cutoutTemplate:bytes`);

/** Columns that no version has; those in the second set came with 11.1. */
const NEVER = new Set(['validityEndMjdTai', 'ssObjectReassocTimeMjdTai']);
const SINCE_11_1 = new Set(['exposureTime', 'trailAlgorithm', 'trail_flag', 'reliabilityVersion']);

const SS_SOURCE_8 = declared(`
ssObjectId:i64 diaSourceId:i64 eclipticLambda:f64 eclipticBeta:f64 galacticL:f64 galacticB:f64 phaseAngle:f32 heliocentricDist:f32
topocentricDist:f32 predictedVMagnitude:f32 residualRa:f64 residualDec:f64 heliocentricX:f32 heliocentricY:f32 heliocentricZ:f32
heliocentricVX:f32 heliocentricVY:f32 heliocentricVZ:f32 topocentricX:f32 topocentricY:f32 topocentricZ:f32 topocentricVX:f32
topocentricVY:f32 topocentricVZ:f32`);
const MPCORB_8 = declared(`
mpcDesignation:text ssObjectId:i64 mpcH:f32 epoch:f64 M:f64 peri:f64 node:f64 incl:f64 e:f64 a:f64 q:f64 t_p:f64`);

const BANDS = ['u', 'g', 'r', 'i', 'z', 'y'];
const perBand = (text: string): string => BANDS.map(b => text.replaceAll('{b}', b)).join(' ');

/** Covariances of the given parameters, each pair once. */
function covariances(names: readonly string[]): string {
  return names.flatMap((a, i) => names.slice(i + 1).map(b => `${a}_${b}_Cov:f32`)).join(' ');
}

const DIA_SOURCE_7_3 = declared(`
diaSourceId:i64! visit:i64! detector:i32! diaObjectId:i64 ssObjectId:i64 parentDiaSourceId:i64 midpointMjdTai:f64! ra:f64! raErr:f32
dec:f64! decErr:f32 ra_dec_Cov:f32 x:f32! xErr:f32 y:f32! yErr:f32 x_y_Cov:f32 centroid_flag:bool is_negative:bool apFlux:f32
apFluxErr:f32 apFlux_flag:bool apFlux_flag_apertureTruncated:bool snr:f32 psfFlux:f32 psfFluxErr:f32 psfRa:f64 psfRaErr:f32 psfDec:f64
psfDecErr:f32 ${covariances(['psfFlux', 'psfRa', 'psfDec'])} psfLnL:f32 psfChi2:f32 psfNdata:i32 psfFlux_flag:bool
psfFlux_flag_edge:bool psfFlux_flag_noGoodPixels:bool trailFlux:f32 trailFluxErr:f32 trailRa:f64 trailRaErr:f32 trailDec:f64
trailDecErr:f32 trailLength:f32 trailLengthErr:f32 trailAngle:f32 trailAngleErr:f32
${covariances(['trailFlux', 'trailRa', 'trailDec', 'trailLength', 'trailAngle'])} trailLnL:f32 trailChi2:f32 trailNdata:i32
trail_flag_edge:bool dipoleMeanFlux:f32 dipoleMeanFluxErr:f32 dipoleFluxDiff:f32 dipoleFluxDiffErr:f32 dipoleRa:f64 dipoleRaErr:f32
dipoleDec:f64 dipoleDecErr:f32 dipoleLength:f32 dipoleLengthErr:f32 dipoleAngle:f32 dipoleAngleErr:f32
${covariances(['dipoleMeanFlux', 'dipoleFluxDiff', 'dipoleRa', 'dipoleDec', 'dipoleLength', 'dipoleAngle'])} dipoleLnL:f32
dipoleChi2:f32 dipoleNdata:i32 forced_PsfFlux_flag:bool forced_PsfFlux_flag_edge:bool forced_PsfFlux_flag_noGoodPixels:bool
snapDiffFlux:f32 snapDiffFluxErr:f32 fpBkgd:f32 fpBkgdErr:f32 ixx:f32 ixxErr:f32 iyy:f32 iyyErr:f32 ixy:f32 ixyErr:f32
${covariances(['ixx', 'iyy', 'ixy'])} ixxPSF:f32 iyyPSF:f32 ixyPSF:f32 shape_flag:bool shape_flag_no_pixels:bool
shape_flag_not_contained:bool shape_flag_parent_source:bool extendedness:f32 reliability:f32 band:text dipoleFitAttempted:bool
pixelFlags:bool pixelFlags_bad:bool pixelFlags_cr:bool pixelFlags_crCenter:bool pixelFlags_edge:bool pixelFlags_interpolated:bool
pixelFlags_interpolatedCenter:bool pixelFlags_offimage:bool pixelFlags_saturated:bool pixelFlags_saturatedCenter:bool
pixelFlags_suspect:bool pixelFlags_suspectCenter:bool pixelFlags_streak:bool pixelFlags_streakCenter:bool pixelFlags_injected:bool
pixelFlags_injectedCenter:bool pixelFlags_injected_template:bool pixelFlags_injected_templateCenter:bool`);
const DIA_FORCED_SOURCE_7_1 = declared(`
diaForcedSourceId:i64! diaObjectId:i64! ra:f64! dec:f64! visit:i64! detector:i32! psfFlux:f32 psfFluxErr:f32 midpointMjdTai:f64! band:text`);
const DIA_FORCED_SOURCE_7_0 = declared(`
diaForcedSourceId:i64! diaObjectId:i64! visit:i64! detector:i32! psfFlux:f32 psfFluxErr:f32 x:f32 y:f32 midpointMjdTai:f64! band:text`);
const DIA_OBJECT_7 = declared(`
diaObjectId:i64! ra:f64! raErr:f32 dec:f64! decErr:f32 ra_dec_Cov:f32 radecMjdTai:f64 pmRa:f32 pmRaErr:f32 pmDec:f32 pmDecErr:f32
parallax:f32 parallaxErr:f32 ${covariances(['pmRa', 'pmDec', 'parallax'])} pmParallaxLnL:f32 pmParallaxChi2:f32 pmParallaxNdata:i32
${perBand(`{b}_psfFluxMean:f32 {b}_psfFluxMeanErr:f32 {b}_psfFluxSigma:f32 {b}_psfFluxChi2:f32 {b}_psfFluxNdata:i32 {b}_fpFluxMean:f32
{b}_fpFluxMeanErr:f32 {b}_fpFluxSigma:f32`)}
${[1, 2, 3].map(k => `nearbyObj${k}:i64 nearbyObj${k}Dist:f32 nearbyObj${k}LnP:f32`).join(' ')} ${perBand('{b}_psfFluxErrMean:f32')}`);
const SS_OBJECT_7 = declared(`
ssObjectId:i64! discoverySubmissionDate:f64 firstObservationDate:f64 arc:f32 numObs:i32 MOID:f32 MOIDTrueAnomaly:f32
MOIDEclipticLongitude:f32 MOIDDeltaV:f32
${perBand('{b}_H:f32 {b}_G12:f32 {b}_HErr:f32 {b}_G12Err:f32 {b}_H_{b}_G12_Cov:f32 {b}_Chi2:f32 {b}_Ndata:i32')} medianExtendedness:f32`);
const NONDETECTION_7 = declared('ccdVisitId:i64! midpointMjdTai:f64! band:text! diaNoise:f32!');

/** Of the columns of the list, those before and including `name`, the new ones, and the rest. */
function insertedAfter(columns: readonly Declared[], name: string, text: string): Declared[] {
  const at = columns.findIndex(c => c.name === name) + 1;
  return [...columns.slice(0, at), ...declared(text), ...columns.slice(at)];
}

function version7(minor: number): object {
  let source: readonly Declared[] = DIA_SOURCE_7_3;
  if (minor < 3) source = source.filter(c => c.name !== 'is_negative');
  if (minor < 2) source = source.filter(c => c.name !== 'dipoleFitAttempted');
  if (minor === 4) {
    source = insertedAfter(source.filter(c => c.name !== 'is_negative'), 'apFlux_flag_apertureTruncated', 'is_negative:bool');
    source = insertedAfter(source, 'pixelFlags_edge', 'pixelFlags_nodata:bool pixelFlags_nodataCenter:bool');
  }
  return alertSchema(`7.${minor}`, PARTS_7, recordsOf({
    diaSource: source, diaForcedSource: minor === 0 ? DIA_FORCED_SOURCE_7_0 : DIA_FORCED_SOURCE_7_1,
    diaNondetectionLimit: NONDETECTION_7, diaObject: DIA_OBJECT_7, ssObject: SS_OBJECT_7,
  }));
}

function recordsOf(columns: Columns): Records {
  return Object.fromEntries(Object.entries(columns).map(([name, list]) => [name, fieldsOf(list)]));
}

/** The tables of the database as 9.0 and 10.0 have them: counts may be null. */
function columns9(): Columns {
  const softened = (columns: readonly Declared[]): Declared[] => columns.filter(c => !NEVER.has(c.name) && !SINCE_11_1.has(c.name))
    .map(c => (/Ndata$|^bboxSize$/.test(c.name) ? { ...c, nullable: true } : c));
  return {
    diaSource: softened(DIA_SOURCE_COLUMNS), diaForcedSource: softened(DIA_FORCED_SOURCE_COLUMNS), diaObject: softened(DIA_OBJECT_COLUMNS),
  };
}

/** 8.0 has times of processing as timestamps, and no withdrawal. */
function columns8(): Columns {
  const renamed: Readonly<Record<string, string>> = { timeProcessedMjdTai: 'time_processed', validityStartMjdTai: 'validityStart' };
  return Object.fromEntries(Object.entries(columns9()).map(([record, columns]) => [record, columns
    .filter(c => c.name !== 'timeWithdrawnMjdTai')
    .map(c => (c.name in renamed ? { name: renamed[c.name]!, schemaType: 'ts', nullable: c.nullable } : c))]));
}

const SS_8: Columns = { ssSource: SS_SOURCE_8, MPCORB: MPCORB_8 };
const SS_10: Columns = { ssSource: declared(SS_SOURCE), mpc_orbits: declared(MPC_ORBITS) };

const MAKERS: Readonly<Record<number, () => object>> = {
  700: () => version7(0), 701: () => version7(1), 702: () => version7(2), 703: () => version7(3), 704: () => version7(4),
  800: () => alertSchema('8.0', PARTS_8, recordsOf({ ...columns8(), ...SS_8 })),
  900: () => alertSchema('9.0', PARTS_8, recordsOf({ ...columns9(), ...SS_8 })),
  1000: () => alertSchema('10.0', PARTS_10, recordsOf({ ...columns9(), ...SS_10 })),
  1100: () => ALERT_SCHEMA,
  1101: () => alertSchema('11.1', PARTS_10, {
    ...ALERT_FIELDS, diaSource: fieldsOf(DIA_SOURCE_COLUMNS.filter(c => !NEVER.has(c.name))),
  }),
};

/** Schema ids that are known without a file, rising: 100 * major + minor. */
export const ALERT_SCHEMA_IDS: readonly number[] = Object.keys(MAKERS).map(Number);

/** The schema with the id of the Confluent header; undefined when it is not one of `ALERT_SCHEMA_IDS`. */
export function alertSchemaOf(id: number): object | undefined {
  return Object.hasOwn(MAKERS, id) ? MAKERS[id]!() : undefined;
}
