/** Facts of one exposure. Times are TAI in nanoseconds since 1970-01-01 00:00:00 TAI. */
export interface VisitInfo {
  readonly instrument: string;
  readonly visit: number;
  readonly begin_taiNs: bigint;
  readonly end_taiNs: bigint;
  /** Mid-exposure as a TAI modified Julian date. */
  readonly mid_mjdTai: number;
  readonly exposureTime_s: number;
  readonly darkTime_s: number;
  readonly boresightRa_deg: number;
  readonly boresightDec_deg: number;
  readonly rotation_deg: number;
  readonly airmass: number;
}
