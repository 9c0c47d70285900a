/**
 * Columns of the association database, schema 10.0.0 (sdm_schemas `apdb.yaml`), in its order. `pixelId` is not
 * among them: the backends add it. A column that is nullable may be missing from a table: NULL in every row.
 */
import type { ColumnType } from './table.ts';

export interface ApdbColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Type word of the schema: i64, i32, i16, f64, f32, bool, char1, str7. */
  readonly schemaType: string;
  readonly nullable: boolean;
  readonly unit: string;
}

/** Bands of the schema, in its order. */
export const APDB_BANDS = ['u', 'g', 'r', 'i', 'z', 'y'] as const;

const perBand = (columns: string): string => APDB_BANDS.map(b => columns.replaceAll('{b}', b)).join(' ');

/** `name:type`, `!` for NOT NULL, unit in brackets. */
const DIA_OBJECT = `
diaObjectId:i64! validityStartMjdTai:f64! validityEndMjdTai:f64 ra:f64![deg] raErr:f32[deg] dec:f64![deg]
decErr:f32[deg] ra_dec_Cov:f32[deg**2]
${perBand(`{b}_psfFluxMean:f32[nJy] {b}_psfFluxMeanErr:f32[nJy] {b}_psfFluxSigma:f32[nJy] {b}_psfFluxNdata:i32!
{b}_fpFluxMean:f32[nJy] {b}_fpFluxMeanErr:f32[nJy]`)}
${perBand('{b}_scienceFluxMean:f32[nJy] {b}_scienceFluxMeanErr:f32[nJy]')}
${perBand(`{b}_psfFluxMin:f32[nJy] {b}_psfFluxMax:f32[nJy] {b}_psfFluxMaxSlope:f32[nJy/d] {b}_psfFluxErrMean:f32[nJy]`)}
firstDiaSourceMjdTai:f64 lastDiaSourceMjdTai:f64 nDiaSources:i32!`;

const DIA_SOURCE = `
diaSourceId:i64! visit:i64! detector:i16! diaObjectId:i64 ssObjectId:i64 parentDiaSourceId:i64
ssObjectReassocTimeMjdTai:f64 midpointMjdTai:f64![d] exposureTime:f32[s] ra:f64![deg] raErr:f32[deg] dec:f64![deg]
decErr:f32[deg] ra_dec_Cov:f32[deg**2] x:f32![pixel] xErr:f32[pixel] y:f32![pixel] yErr:f32[pixel] centroid_flag:bool
apFlux:f32[nJy] apFluxErr:f32[nJy] apFlux_flag:bool apFlux_flag_apertureTruncated:bool isNegative:bool snr:f32
psfFlux:f32[nJy] psfFluxErr:f32[nJy] psfLnL:f32 psfChi2:f32 psfNdata:i32! psfFlux_flag:bool psfFlux_flag_edge:bool
psfFlux_flag_noGoodPixels:bool trailFlux:f32[nJy] trailFluxErr:f32[nJy] trailRa:f64[deg] trailRaErr:f32[deg]
trailDec:f64[deg] trailDecErr:f32[deg] trailLength:f32[arcsec] trailLengthErr:f32[arcsec] trailAngle:f32[deg]
trailAngleErr:f32[deg] trailChi2:f32 trailNdata:i32! trailAlgorithm:i32 trail_flag_edge:bool trail_flag:bool
dipoleMeanFlux:f32[nJy] dipoleMeanFluxErr:f32[nJy] dipoleFluxDiff:f32[nJy] dipoleFluxDiffErr:f32[nJy]
dipoleLength:f32[arcsec] dipoleAngle:f32[deg] dipoleChi2:f32 dipoleNdata:i32! scienceFlux:f32[nJy]
scienceFluxErr:f32[nJy] forced_PsfFlux_flag:bool forced_PsfFlux_flag_edge:bool forced_PsfFlux_flag_noGoodPixels:bool
templateFlux:f32[nJy] templateFluxErr:f32[nJy] ixx:f32[arcsec**2] iyy:f32[arcsec**2] ixy:f32[arcsec**2]
ixxPSF:f32[arcsec**2] iyyPSF:f32[arcsec**2] ixyPSF:f32[arcsec**2] shape_flag:bool shape_flag_no_pixels:bool
shape_flag_not_contained:bool shape_flag_parent_source:bool extendedness:f32 reliability:f32 reliabilityVersion:str7
band:char1 isDipole:bool dipoleFitAttempted:bool timeProcessedMjdTai:f64! timeWithdrawnMjdTai:f64 bboxSize:i32![pixel]
pixelFlags:bool pixelFlags_bad:bool pixelFlags_cr:bool pixelFlags_crCenter:bool pixelFlags_edge:bool
pixelFlags_nodata:bool pixelFlags_nodataCenter:bool pixelFlags_interpolated:bool pixelFlags_interpolatedCenter:bool
pixelFlags_offimage:bool pixelFlags_saturated:bool pixelFlags_saturatedCenter:bool pixelFlags_suspect:bool
pixelFlags_suspectCenter:bool pixelFlags_streak:bool pixelFlags_streakCenter:bool pixelFlags_injected:bool
pixelFlags_injectedCenter:bool pixelFlags_injected_template:bool pixelFlags_injected_templateCenter:bool
glint_trail:bool`;

const DIA_FORCED_SOURCE = `
diaForcedSourceId:i64! diaObjectId:i64! ra:f64![deg] dec:f64![deg] visit:i64! detector:i16! psfFlux:f32[nJy]
psfFluxErr:f32[nJy] midpointMjdTai:f64![d] scienceFlux:f32[nJy] scienceFluxErr:f32[nJy] band:char1
timeProcessedMjdTai:f64! timeWithdrawnMjdTai:f64`;

export const DIA_OBJECT_COLUMNS: readonly ApdbColumn[] = parse(DIA_OBJECT);
export const DIA_SOURCE_COLUMNS: readonly ApdbColumn[] = parse(DIA_SOURCE);
export const DIA_FORCED_SOURCE_COLUMNS: readonly ApdbColumn[] = parse(DIA_FORCED_SOURCE);

function parse(text: string): ApdbColumn[] {
  return text.trim().split(/\s+/).map(word => {
    const match = /^(\w+):(\w+)(!?)(?:\[(.*)\])?$/.exec(word);
    if (match === null) throw new TypeError(`not a column: ${word}`);
    const [, name, schemaType, bang, unit] = match;
    const type = columnType(schemaType!);
    return { name: name!, schemaType: schemaType!, type, nullable: bang === '', unit: unit ?? '' };
  });
}

function columnType(schemaType: string): ColumnType {
  if (schemaType === 'i16') return 'i32';
  if (/^(char|str)/.test(schemaType)) return 'string';
  return schemaType as ColumnType;
}
