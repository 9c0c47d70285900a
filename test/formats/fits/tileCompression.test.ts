import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { hasPixels, imageAsFloat64, imageShape, readFits, type FitsHdu } from '../../../src/formats/fits/index.ts';
import { ApError } from '../../../src/model/errors.ts';

/** Origin: test/golden/formats/tiles.py (astropy 8, that is cfitsio). */
const golden = JSON.parse(readFileSync('test/golden/formats/tiles.json', 'utf8')) as
  Record<string, { readonly fits: string; readonly shape: readonly number[]; readonly values: readonly (number | null)[] }>;

const REAL = '../shared/data/fits';
const imageOf = (bytes: Uint8Array): FitsHdu => readFits(bytes).hdus.find(hasPixels)!;
const bytesOf = (name: string): Uint8Array => gunzipSync(Buffer.from(golden[name]!.fits, 'base64'));

describe('formats/fits tile compression', () => {
  for (const [name, { shape, values }] of Object.entries(golden)) {
    it(`reads what astropy wrote: ${name}`, () => {
      const hdu = imageOf(bytesOf(name));
      expect(hdu.isCompressedImage).to.equal(true);
      expect(imageShape(hdu)).to.deep.equal(shape);
      // cfitsio computes the float images in float32 or float64 as stored; both ways agree to the last bit but one.
      const pixels = imageAsFloat64(hdu);
      values.forEach((value, i) => {
        if (value === null) expect(pixels[i]).to.be.NaN;
        else expect(Math.abs(pixels[i]! - value), `pixel ${i}`).to.be.at.most(Math.abs(value) * (name.includes('float') ? 1.2e-7 : 0));
      });
    });
  }

  const pairs: readonly (readonly [string, string])[] = [
    ['astropy_tilecomp/m13.fits', 'astropy_tilecomp/m13_rice.fits'], ['astropy_tilecomp/m13.fits', 'astropy_tilecomp/m13_gzip.fits'],
    ['astropy_tilecomp/m13.fits', 'astropy_tilecomp/m13_plio.fits'], ['astropy_tilecomp/m13.fits', 'astropy_tilecomp/m13_hcomp.fits'],
    ['fitsio/test_rice_dither2_seed42.fits', 'fitsio/test_rice_dither2_seed42.fits.fz'],
  ];
  for (const [plain, packed] of pairs) {
    it(`${packed} holds the pixels of ${plain}`, function () {
      if (!existsSync(REAL)) {
        process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
        this.skip();
      }
      const [a, b] = [plain, packed].map(name => imageAsFloat64(imageOf(readFileSync(`${REAL}/${name}`))));
      expect(b!.length).to.be.greaterThan(0);
      expect(b).to.deep.equal(a);
    });
  }
  it('damaged tiles give pixels or a named error, never a crash', () => {
    for (const name of ['RICE_1 int16', 'RICE_1 float32, dither 1, NaN', 'GZIP_2 int32']) {
      const bytes = bytesOf(name);
      const { dataOffset, data } = imageOf(bytes);
      for (let at = 0; at < data.length; at += 3) {
        const damaged = Uint8Array.from(bytes);
        damaged[dataOffset + at]! ^= 0x55;
        try {
          expect(imageAsFloat64(imageOf(damaged)).length).to.equal(240);
        } catch (error) {
          if (!(error instanceof ApError)) throw error;
        }
      }
    }
  });
});
