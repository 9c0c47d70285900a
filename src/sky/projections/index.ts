/** The spherical projections of FITS by their three-letter codes. */
import { bon, cod, coe, coo, cop, pco } from './conic.ts';
import { ait, car, cea, cyp, mer, mol, par, sfl } from './cylindrical.ts';
import { hpx, xph } from './healpix.ts';
import type { Projection, ProjectionParameters } from './projection.ts';
import { csc, qsc, tsc } from './quadCube.ts';
import { air, arc, azp, sin, stg, szp, tan, zea } from './zenithal.ts';
import { zpn } from './zenithalPolynomial.ts';

export type { Point, Projection, ProjectionParameters } from './projection.ts';

const MAKERS: Readonly<Record<string, (pv: ProjectionParameters) => Projection | undefined>> = {
  AZP: azp, SZP: szp, TAN: tan, STG: stg, SIN: sin, ARC: arc, ZPN: zpn, ZEA: zea, AIR: air,
  CYP: cyp, CEA: cea, CAR: car, MER: mer, SFL: sfl, PAR: par, MOL: mol, AIT: ait,
  COP: cop, COE: coe, COD: cod, COO: coo, BON: bon, PCO: pco, TSC: tsc, CSC: csc, QSC: qsc, HPX: hpx, XPH: xph,
};

/** Codes of all projections, in the order of Paper II. */
export const PROJECTION_CODES: readonly string[] = Object.keys(MAKERS);

/**
 * The projection of a code with its parameters (PVi_m of the latitude axis by m).
 * @returns undefined for a code that is not known and for parameters with which the projection is not defined.
 */
export function projectionOf(code: string, pv: ProjectionParameters): Projection | undefined {
  return Object.hasOwn(MAKERS, code) ? MAKERS[code]!(pv) : undefined;
}
