/** The ring numbering of HEALPix: from face and place in the face to the index and back (Gorski et al. 2005, section 5). */

/** One of the 12 faces and the place in it: x to the north-east, y to the north-west, 0 to nside - 1. */
export interface HealpixCell {
  readonly face: number;
  readonly x: number;
  readonly y: number;
}

/** Ring of the southern corner of each face in units of nside, and longitude of its centre in eighths of a turn. */
export const FACE_RING: readonly number[] = [2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4];
export const FACE_PHI: readonly number[] = [1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7];

/** Index of a cell: rings from north to south, in each ring eastwards. */
export function ringIndexOf(order: number, { face, x, y }: HealpixCell): bigint {
  const nside = 2 ** order;
  const ring = FACE_RING[face]! * nside - x - y - 1;
  const isBelt = ring >= nside && ring <= 3 * nside;
  const nr = isBelt ? nside : Math.min(ring, 4 * nside - ring);
  const shift = isBelt ? (ring - nside) % 2 : 0;
  let place = (FACE_PHI[face]! * nr + x - y + 1 + shift) / 2;
  if (place > 4 * nr) place -= 4 * nr;
  if (place < 1) place += 4 * nr;
  return pixelsBefore(order, ring) + BigInt(place - 1);
}

/** Pixels in the rings north of a ring (1 to 4 nside - 1). */
function pixelsBefore(order: number, ring: number): bigint {
  const nside = 2 ** order;
  const cap = (n: number): bigint => 2n * BigInt(n) * BigInt(n - 1);
  if (ring < nside) return cap(ring);
  if (ring <= 3 * nside) return cap(nside) + BigInt(ring - nside) * BigInt(4 * nside);
  return (12n << BigInt(2 * order)) - cap(4 * nside - ring + 1);
}

/** The cell of an index, which must exist. */
export function healpixRingPlace(order: number, pixel: bigint): HealpixCell {
  const nside = 2 ** order;
  const ring = ringOf(order, pixel);
  const place = Number(pixel - pixelsBefore(order, ring));
  const isBelt = ring >= nside && ring <= 3 * nside;
  const nr = isBelt ? nside : Math.min(ring, 4 * nside - ring);
  const face = isBelt ? beltFace(nside, ring, place) : Math.floor(place / nr) + (ring < nside ? 0 : 8);
  const shift = isBelt ? (ring - nside) % 2 : 0;
  const down = ring - FACE_RING[face]! * nside + 1;
  let east = 2 * place + 1 - FACE_PHI[face]! * nr - shift;
  if (east >= 4 * nside) east -= 8 * nside;
  return { face, x: (east - down) / 2, y: (-east - down) / 2 };
}

function beltFace(nside: number, ring: number, place: number): number {
  const row = ring - nside;
  const ifm = Math.floor((place - ((row + 1) >> 1) + nside) / nside);
  const ifp = Math.floor((place - ((2 * nside + 1 - row) >> 1) + nside) / nside);
  if (ifp === ifm) return (ifp % 4) + 4;
  return ifp < ifm ? ifp : ifm + 8;
}

function ringOf(order: number, pixel: bigint): number {
  const nside = 2 ** order;
  const count = 12n << BigInt(2 * order);
  const cap = 2n * BigInt(nside) * BigInt(nside - 1);
  if (pixel < cap) return capRing(pixel);
  if (pixel < count - cap) return nside + Number((pixel - cap) / BigInt(4 * nside));
  return 4 * nside - capRing(count - 1n - pixel);
}

/** The ring n, counted from the pole, with 2 n (n - 1) <= pixel < 2 n (n + 1). */
function capRing(pixel: bigint): number {
  // The square root of a number beyond 2^53 may be off by one; the exact comparison mends that.
  let n = BigInt(Math.floor((1 + Math.sqrt(1 + 2 * Number(pixel))) / 2));
  while (2n * n * (n - 1n) > pixel) n--;
  while (2n * n * (n + 1n) <= pixel) n++;
  return Number(n);
}
