/**
 * Zero points of Gaia photometry, mag of 1 e-/s: DR2 as used for its magnitudes (Evans et al. 2018, A&A 616, A4; AB from the
 * documentation of the release, 5.3.6.6), DR3 (Riello et al. 2021, A&A 649, A3; documentation 5.4.1).
 */
export type GaiaRelease = 'DR2' | 'DR3';
export type GaiaBand = 'g' | 'bp' | 'rp';
export const GAIA_BANDS: readonly GaiaBand[] = ['g', 'bp', 'rp'];

/** [Vega, AB] */
const ZERO_POINTS: Readonly<Record<GaiaRelease, Readonly<Record<GaiaBand, readonly [number, number]>>>> = {
  DR2: { g: [25.6883657251, 25.7933969562], bp: [25.3513881707, 25.3805596387], rp: [24.7619199882, 25.1161021346] },
  DR3: { g: [25.6873668671, 25.8010446445], bp: [25.3385422158, 25.3539555559], rp: [24.7478955012, 25.1039837393] },
};

/** AB zero point. */
export function gaiaZeroPoint(release: GaiaRelease, band: GaiaBand): number {
  return ZERO_POINTS[release][band][1];
}

/** What must be added to a Vega magnitude to make it AB. */
export function gaiaOffset(release: GaiaRelease, band: GaiaBand): number {
  const [vega, ab] = ZERO_POINTS[release][band];
  return ab - vega;
}
