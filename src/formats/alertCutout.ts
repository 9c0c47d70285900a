/** Cutouts of alerts: the FITS file that `astropy.nddata.CCDData.write` makes of one. */
import type { AlertCutout } from '../model/alert.ts';
import { card, writeFits, type Card, type HduInput } from './fits/index.ts';

/**
 * HDUs: primary float32 image (nJy), UNCERT float32 variance, PSFIMAGE float64 (when the cutout has a PSF). As in Rubin's
 * alerts CUTMINX and CUTMINY are one less than the parent pixel under the first pixel of the stamp, and the WCS is
 * a linear approximation without CTYPE.
 */
export function cutoutFits(cutout: AlertCutout): Uint8Array {
  const { size, image, variance, minX, minY, psf, rotation_deg } = cutout;
  const hdus: HduInput[] = [
    {
      kind: 'image', shape: [size, size], data: image,
      cards: [
        card('CUTMINX', minX - 1), card('CUTMINY', minY - 1), card('ROTPA', rotation_deg, '[deg] position angle of +y, east of north'),
        card('BUNIT', 'nJy'), ...linearWcs(cutout),
      ],
    },
    { kind: 'image', name: 'UNCERT', shape: [size, size], data: variance, cards: [card('UTYPE', 'VarianceUncertainty'), card('BUNIT', 'nJy2')] },
  ];
  if (psf !== null) hdus.push({ kind: 'image', name: 'PSFIMAGE', shape: [psf.size, psf.size], data: psf.data });
  return writeFits(hdus);
}

/** CDELT 1 deg: the matrix is in PC, as astropy writes it. */
function linearWcs({ wcs: { crpix, crval_deg, cd } }: AlertCutout): Card[] {
  return [
    card('WCSAXES', 2), card('CRPIX1', crpix[0] + 1), card('CRPIX2', crpix[1] + 1),
    card('PC1_1', cd[0]), card('PC1_2', cd[1]), card('PC2_1', cd[2]), card('PC2_2', cd[3]),
    card('CDELT1', 1), card('CDELT2', 1), card('CRVAL1', crval_deg[0]), card('CRVAL2', crval_deg[1]),
  ];
}
