import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { verifyFits } from '../../../src/formats/fits/index.ts';
import { DAMAGES } from './damages.ts';

const REAL = '../shared/data/fits';

/** Origin: test/golden/formats/fitsverify.py (Debian's fitsverify 4.20). */
const golden = JSON.parse(readFileSync('test/golden/formats/fitsverify.json', 'utf8')) as
  { readonly tool: string; readonly files: Readonly<Record<string, readonly [number, number]>> };

/** Files where CFITSIO is not the judge: it counts a gap before a heap twice, gives up at the first fault, and unpacks gzip only once. */
const OTHERWISE: Readonly<Record<string, readonly [number, number]>> = {
  'astropy_io/theap-gap.fits': [0, 0], 'astropy_io/verify.fits': [4, 0], 'lsst_afw/ticketdm26260.fits.gz': [0, 0],
};

describe('formats/fits verify', () => {
  for (const { name, verdict, bytes } of DAMAGES) {
    it(`${name}: ${verdict}`, () => {
      const { nErrors, nWarnings, findings } = verifyFits(bytes);
      const seen = nErrors > 0 ? 'error' : nWarnings > 0 ? 'warning' : 'clean';
      expect(seen, findings.map(f => f.text).join('\n')).to.equal(verdict);
    });
  }
  it('a finding says where', () => {
    const { findings } = verifyFits(DAMAGES.find(d => d.name === 'BSCALE in a table')!.bytes);
    expect(findings.map(f => `${f.where}: ${f.text}`).join()).to.match(/^HDU 1 \(CAT\): Keyword #\d+, BSCALE is not allowed in a table\.$/);
  });
  it('bytes that are no FITS file are an error, not an exception', () => {
    expect(verifyFits(Buffer.from('nothing')).nErrors).to.equal(1);
    expect(verifyFits(new Uint8Array(0)).nErrors).to.equal(1);
    expect(verifyFits(Uint8Array.of(0x1f, 0x8b, 1, 2)).nErrors).to.equal(1);
  });

  for (const [name, [nErrors, nWarnings]] of Object.entries(golden.files)) {
    it(`${name} as ${golden.tool}: ${nErrors} errors, ${nWarnings} warnings`, function () {
      if (!existsSync(REAL)) {
        process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
        this.skip();
      }
      const found = verifyFits(readFileSync(path.join(REAL, name)));
      expect([found.nErrors, found.nWarnings], found.findings.map(f => f.text).join('\n')).to.deep.equal(OTHERWISE[name] ?? [nErrors, nWarnings]);
    });
  }
});
