/** Identifiers of the sources of one visit and detector. */

export interface IdRange {
  readonly first: bigint;
  /** Number of ids that belong to this visit and detector. */
  readonly capacity: number;
}

/**
 * Signed 63-bit ids: visit and detector packed into the high bits, a counter below. Ranges of different visits or
 * detectors never meet. The counter has what is left of 63 bits, at most 32.
 * @throws RangeError when visit or detector exceed the maxima of the instrument.
 */
export function idRange(
  { visit, detector }: { visit: number; detector: number },
  { visitMax, detectorMax }: { readonly visitMax: number; readonly detectorMax: number },
): IdRange {
  if (!(visit >= 0 && visit <= visitMax && detector >= 0 && detector <= detectorMax)) {
    throw new RangeError(`visit ${visit}, detector ${detector} exceed the maxima ${visitMax}, ${detectorMax}`);
  }
  const pack = (v: number, d: number): bigint => BigInt(v) * BigInt(detectorMax + 1) + BigInt(d);
  const bits = pack(visitMax, detectorMax).toString(2).length;
  const counterBits = Math.min(32, 63 - bits);
  if (counterBits < 8) throw new RangeError(`visits up to ${visitMax} leave ${counterBits} bits for sources`);
  return { first: pack(visit, detector) << BigInt(counterBits), capacity: 2 ** counterBits };
}
