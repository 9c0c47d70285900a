import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { compareFile, corpus, DATA, golden, LARGE_BYTES } from '../formats/fits/corpus.ts';

describe(`formats/fits: large real files against ${golden.tool}`, () => {
  const files = corpus(size => size > LARGE_BYTES);
  it('there are some', function () {
    if (!existsSync(DATA)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    expect(files.length).to.be.greaterThan(20);
  });
  for (const name of files) it(name, () => expect(compareFile(name)).to.be.greaterThan(0));
});
