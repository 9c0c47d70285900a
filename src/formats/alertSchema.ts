/**
 * The Avro schema of alert packets, `lsst.v11_0.alert`. Its records are the tables of the APDB schema 10.0.0 in their
 * column order; a nullable column is a union with null. Same parsing canonical form as the files of `lsst.alert.packet`.
 */
import { DIA_FORCED_SOURCE_COLUMNS, DIA_OBJECT_COLUMNS, DIA_SOURCE_COLUMNS } from '../model/apdbColumns.ts';

/** Identifies the schema in the Confluent header: 100 * major + minor version. */
export const ALERT_SCHEMA_ID = 1100;

/** Columns of the database that the alert schema 11.0 leaves out: added later, or of the database's own book-keeping. */
const LEFT_OUT = new Set([
  'validityEndMjdTai', 'ssObjectReassocTimeMjdTai', 'exposureTime', 'trailAlgorithm', 'trail_flag', 'reliabilityVersion',
]);

/** `name:type`, `!` for a field without null. */
export const SS_SOURCE = `
diaSourceId:i64! ssObjectId:i64! designation:char16 eclLambda:f64! eclBeta:f64! galLon:f64! galLat:f64! elongation:f32 phaseAngle:f32
topoRange:f32 topoRangeRate:f32 helioRange:f32 helioRangeRate:f32 ephRa:f64 ephDec:f64 ephVmag:f32 ephRate:f32 ephRateRa:f32
ephRateDec:f32 ephOffset:f32 ephOffsetRa:f64 ephOffsetDec:f64 ephOffsetAlongTrack:f32 ephOffsetCrossTrack:f32 helio_x:f32 helio_y:f32
helio_z:f32 helio_vx:f32 helio_vy:f32 helio_vz:f32 helio_vtot:f32 topo_x:f32 topo_y:f32 topo_z:f32 topo_vx:f32 topo_vy:f32 topo_vz:f32
topo_vtot:f32 diaDistanceRank:i16`;

export const MPC_ORBITS = `
id:i32! designation:char16! packed_primary_provisional_designation:char16! unpacked_primary_provisional_designation:char16!
mpc_orb_jsonb:text created_at:ts updated_at:ts orbit_type_int:i32 u_param:i32 nopp:i32 arc_length_total:f64 arc_length_sel:f64
nobs_total:i32 nobs_total_sel:i32 a:f64 q:f64 e:f64 i:f64 node:f64 argperi:f64 peri_time:f64 yarkovsky:f64 srp:f64 a1:f64 a2:f64 a3:f64
dt:f64 mean_anomaly:f64 period:f64 mean_motion:f64 a_unc:f64 q_unc:f64 e_unc:f64 i_unc:f64 node_unc:f64 argperi_unc:f64
peri_time_unc:f64 yarkovsky_unc:f64 srp_unc:f64 a1_unc:f64 a2_unc:f64 a3_unc:f64 dt_unc:f64 mean_anomaly_unc:f64 period_unc:f64
mean_motion_unc:f64 epoch_mjd:f64 h:f64 g:f64 not_normalized_rms:f64 normalized_rms:f64 earth_moid:f64 fitting_datetime:ts`;

/** One field of a record: the plain Avro type, and whether null is allowed. */
export interface AlertField { readonly name: string; readonly avro: AvroScalar; readonly nullable: boolean }
type AvroScalar = 'long' | 'int' | 'double' | 'float' | 'boolean' | 'string' | typeof TIMESTAMP;
const TIMESTAMP = { type: 'long', logicalType: 'timestamp-micros' } as const;

/** A column: type word of the database schema (i64, i32, i16, f64, f32, bool, ts, or text of any name). */
export interface Declared { readonly name: string; readonly schemaType: string; readonly nullable: boolean }

/** Fields of the records that our alerts fill. */
export const ALERT_FIELDS = {
  diaSource: fieldsOf(DIA_SOURCE_COLUMNS.filter(published)),
  diaForcedSource: fieldsOf(DIA_FORCED_SOURCE_COLUMNS.filter(published)),
  diaObject: fieldsOf(DIA_OBJECT_COLUMNS.filter(published)),
  ssSource: fieldsOf(declared(SS_SOURCE)),
  mpc_orbits: fieldsOf(declared(MPC_ORBITS)),
} as const;

function published({ name }: Declared): boolean {
  return !LEFT_OUT.has(name);
}

export function fieldsOf(columns: readonly Declared[]): AlertField[] {
  return columns.map(({ name, schemaType, nullable }) => ({ name, nullable, avro: avroOf(schemaType) }));
}

function avroOf(schemaType: string): AvroScalar {
  switch (schemaType) {
    case 'i64': return 'long';
    case 'i32': case 'i16': return 'int';
    case 'f64': return 'double';
    case 'f32': return 'float';
    case 'bool': return 'boolean';
    case 'ts': return TIMESTAMP;
    default: return 'string';
  }
}

/** Columns from text: `name:type` words, `!` for a field without null. */
export function declared(text: string): Declared[] {
  return text.trim().split(/\s+/).map(word => {
    const [name, type] = word.split(':') as [string, string];
    return { name, schemaType: type.replace('!', ''), nullable: !type.endsWith('!') };
  });
}

function optional(name: string, type: unknown): object {
  return { name, type: ['null', type], default: null };
}

/** What stands in the record `alert`, in its order: a plain field, one record, or an array of records. */
export type AlertPart =
  | { readonly kind: 'field'; readonly name: string; readonly avro: string; readonly nullable: boolean }
  | { readonly kind: 'record' | 'array'; readonly name: string; readonly of: string; readonly nullable: boolean };

/** The schema of one version; every record is defined where it is first used. */
export function alertSchema(
  version: string, parts: readonly AlertPart[], records: Readonly<Record<string, readonly AlertField[]>>,
): object {
  const namespace = `lsst.v${version.replace('.', '_')}`;
  const seen = new Set<string>();
  const record = (name: string): unknown => {
    const full = `${namespace}.${name}`;
    if (seen.has(name)) return full;
    seen.add(name);
    const fields = records[name]!.map(f => (f.nullable ? optional(f.name, f.avro) : { name: f.name, type: f.avro }));
    return { type: 'record', name: full, fields };
  };
  const typeOf = (part: AlertPart): unknown => {
    if (part.kind === 'field') return part.avro;
    return part.kind === 'record' ? record(part.of) : { type: 'array', items: record(part.of) };
  };
  const fields = parts.map(part => (part.nullable ? optional(part.name, typeOf(part)) : { name: part.name, type: typeOf(part) }));
  return { type: 'record', name: `${namespace}.alert`, doc: `Rubin Avro alert schema v${version}`, fields };
}

/** Parts from text: `name` with `:long`, `:string` or `:bytes`, `=record`, `*record` for an array; `!` for never null. */
export function alertParts(text: string): AlertPart[] {
  return text.trim().split(/\s+/).map(word => {
    const [, name, sign, of, never] = /^(\w+)([:=*])(\w+)(!?)$/.exec(word)!;
    const nullable = never === '';
    if (sign === ':') return { kind: 'field', name: name!, avro: of!, nullable };
    return { kind: sign === '=' ? 'record' : 'array', name: name!, of: of!, nullable };
  });
}

/** The schema that we write, 11.0. */
export const ALERT_SCHEMA = alertSchema('11.0', alertParts(`
diaSourceId:long! observation_reason:string target_name:string diaSource=diaSource! prvDiaSources*diaSource
prvDiaForcedSources*diaForcedSource diaObject=diaObject ssSource=ssSource mpc_orbits=mpc_orbits
cutoutDifference:bytes cutoutScience:bytes cutoutTemplate:bytes`), ALERT_FIELDS);
