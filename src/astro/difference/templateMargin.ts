/** Templates that reach beyond the science image: convolution then needs no pixel that it does not have. */
import { allocF32, allocI32, type Exposure } from '../../model/image.ts';

/**
 * Pixels by which the template is larger on each side.
 * @throws TypeError when it is smaller, or not larger by the same even number of pixels on both axes.
 */
export function templateMargin(science: { readonly width: number; readonly height: number }, template: Exposure): number {
  const margin = (template.width - science.width) / 2;
  if (!Number.isInteger(margin) || margin < 0 || template.height - science.height !== 2 * margin) {
    throw new TypeError(`science ${science.width} x ${science.height} and template ${template.width} x ${template.height} differ in shape`);
  }
  return margin;
}

/** The exposure without `margin` pixels on each side; WCS and PSF follow. The same object for margin 0. */
export function withoutMargin(exposure: Exposure, margin: number): Exposure {
  if (margin === 0) return exposure;
  const { width: fullWidth, wcs, psf } = exposure;
  const [width, height] = [fullWidth - 2 * margin, exposure.height - 2 * margin];
  const cut = <A extends Float32Array | Int32Array>(plane: A, out: A): A => {
    for (let y = 0; y < height; y++) {
      const from = (y + margin) * fullWidth + margin;
      out.set(plane.subarray(from, from + width), y * width);
    }
    return out;
  };
  const n = width * height;
  return {
    ...exposure, width, height, image: cut(exposure.image, allocF32(n)), variance: cut(exposure.variance, allocF32(n)),
    mask: cut(exposure.mask, allocI32(n)),
    wcs: wcs === null ? null : { ...wcs, crpix: [wcs.crpix[0] - margin, wcs.crpix[1] - margin] },
    psf: psf === null ? null : { ...psf, x0: psf.x0 - margin, y0: psf.y0 - margin },
  };
}
