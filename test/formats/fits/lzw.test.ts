import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFits } from '../../../src/formats/fits/index.ts';
import { isLzw, lzwDecode } from '../../../src/formats/fits/lzw.ts';
import { ApError } from '../../../src/model/errors.ts';

/** Origin: test/golden/formats/lzw.py (ncompress 5.0). */
const GOLDEN = JSON.parse(readFileSync('test/golden/formats/lzw.json', 'utf8')) as
  Record<string, { readonly n: number; readonly modulus: number; readonly packed: string }>;

function content(n: number, modulus: number): Uint8Array {
  let x = 1n;
  return Uint8Array.from({ length: n }, () => {
    x = (1103515245n * x + 12345n) % 2147483648n;
    return Number(x >> 16n) % modulus;
  });
}

describe('formats/fits LZW (.Z)', () => {
  for (const [name, { n, modulus, packed }] of Object.entries(GOLDEN)) {
    it(`undoes compress: ${name}`, () => {
      const bytes = Buffer.from(packed, 'base64');
      expect(isLzw(bytes)).to.equal(true);
      expect(Buffer.from(lzwDecode(bytes)).equals(content(n, modulus))).to.equal(true);
    });
  }

  it('reads the FITS file that compress made', function () {
    const file = '../shared/data/fits/astropy_io/lzw.fits.Z';
    if (!existsSync(file)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    const plain = lzwDecode(readFileSync(file));
    // sha256 of what `uncompress` (gzip 1.12) makes of it.
    expect(createHash('sha256').update(plain).digest('hex')).to.equal('154e0e69d93f86fb39fae5fe15245892007f3ca479e4b910143e5e8907c6d17b');
    const viaCompress = readFits(readFileSync(file)).hdus.map(hdu => [hdu.kind, hdu.dataLength]);
    expect(viaCompress).to.deep.equal(readFits(plain).hdus.map(hdu => [hdu.kind, hdu.dataLength]));
  });

  it('damage: other magic, code widths, unknown codes and growth without end are refused; a cut stream gives its beginning', () => {
    const good = Buffer.from(GOLDEN['60000 bytes below 90, 16 bits']!.packed, 'base64');
    const part = lzwDecode(good.subarray(0, 2000));
    expect(part.length).to.be.greaterThan(1000);
    expect(Buffer.from(part).equals(content(60000, 90).subarray(0, part.length))).to.equal(true);
    expect(() => lzwDecode(Uint8Array.of(0x1f, 0x8b, 0x90))).to.throw(ApError);
    expect(() => lzwDecode(Uint8Array.of(0x1f, 0x9d, 0x88, 1, 2))).to.throw(ApError, '8-bit');
    expect(() => lzwDecode(Uint8Array.of(0x1f, 0x9d, 0x90, 0xff, 0xff, 0xff))).to.throw(ApError, 'code 511');
    expect(() => readFits(Uint8Array.of(0x1f, 0x9d, 0x90, 0xff, 0xff, 0xff))).to.throw(ApError, 'code 511');
    let nRefused = 0;
    for (let at = 3; at < good.length; at += 101) {
      const damaged = Uint8Array.from(good);
      damaged[at]! ^= 0x41;
      try {
        lzwDecode(damaged);
      } catch (error) {
        if (!(error instanceof ApError)) throw error;
        nRefused++;
      }
    }
    expect(nRefused).to.be.greaterThan(5);
  });
});
