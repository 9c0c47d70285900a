/**
 * Mask planes: name and bit number. The first eleven are the default dictionary of the Rubin stack;
 * the others are those that it adds at run time. Foreign files may number them otherwise, so readers
 * map by name (`MP_<NAME>` header cards); inside this program the numbers below hold.
 */
export const MASK_BITS = {
  BAD: 0, SAT: 1, INTRP: 2, CR: 3, EDGE: 4, DETECTED: 5, DETECTED_NEGATIVE: 6, SUSPECT: 7, NO_DATA: 8,
  VIGNETTED: 9, STREAK: 10, CROSSTALK: 11, UNMASKEDNAN: 12, NOT_DEBLENDED: 13, HIGH_VARIANCE: 14,
  SENSOR_EDGE: 15, CLIPPED: 16, REJECTED: 17, INEXACT_PSF: 18, SAT_TEMPLATE: 19, INJECTED: 20,
  INJECTED_CORE: 21, INJECTED_TEMPLATE: 22, INJECTED_CORE_TEMPLATE: 23, SPIKE: 24, ITL_DIP: 25,
} as const;

export type MaskPlane = keyof typeof MASK_BITS;

/** Bit value of each plane: `MASK.SAT === 2`. */
export const MASK = Object.fromEntries(
  Object.entries(MASK_BITS).map(([name, bit]) => [name, 1 << bit]),
) as { readonly [K in MaskPlane]: number };

/** Bit field of several planes. */
export function maskOf(...planes: readonly MaskPlane[]): number {
  return planes.reduce((bits, plane) => bits | MASK[plane], 0);
}
