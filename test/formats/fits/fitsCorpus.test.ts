import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { binTable, salvageFits } from '../../../src/formats/fits/index.ts';
import { compareFile, corpus, DATA, golden, LARGE_BYTES } from './corpus.ts';

describe(`formats/fits: real files against ${golden.tool}`, () => {
  it('the shared data are at hand', function () {
    if (!existsSync(DATA)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    expect(corpus(() => true).length).to.be.greaterThan(100);
  });
  for (const name of corpus(size => size <= LARGE_BYTES)) it(name, () => { compareFile(name); });

  it('nothing was compared with nothing', function () {
    if (!existsSync(DATA)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    const compared = ['fits/astropy_io/random_groups.fits', 'fits/cfitsio/testprog.std', 'fits/astropy_io/lzw.fits.Z'].map(compareFile);
    expect(compared.every(n => n > 0), compared.join()).to.equal(true);
  });

  it('a table with a gap before its heap', function () {
    if (!existsSync(DATA)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    const table = binTable(salvageFits(readFileSync(`${DATA}/fits/astropy_io/theap-gap.fits`)).hdus[1]!);
    expect(table.heap.length).to.equal(13624 - 8640);
  });
});
