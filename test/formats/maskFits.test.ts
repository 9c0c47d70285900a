import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { card, hasPixels, readFits, writeFits } from '../../src/formats/fits/index.ts';
import { maskOfHdu, readMask, writeMask } from '../../src/formats/maskFits.ts';
import { readRawFrame, writeRawFrame } from '../../src/formats/rawFits.ts';
import { ApError } from '../../src/model/errors.ts';
import { MASK } from '../../src/model/mask.ts';

const REAL = '../shared/data/fits/lsst_afw/calexp.fits.gz';

describe('formats/maskFits', () => {
  it('a mask comes back, all 32 bits', () => {
    const mask = { width: 3, height: 1, data: Int32Array.of(-1, MASK.SAT, 0) };
    expect(readMask(writeMask(mask))).to.deep.equal(mask);
  });
  const numberings: readonly (readonly [string, ReturnType<typeof card>[]])[] = [
    ['MP_ cards', [card('MP_CR', 0), card('MP_BAD', 3), card('MP_OWN', 5)]],
    ['MSKN cards with the newer names', [
      card('MSKN0000', 'COSMIC_RAY'), card('MSKM0000', 1), card('MSKN0003', 'BAD'), card('MSKM0003', 8), card('MSKN0005', 'OWN'), card('MSKM0005', 32),
    ]],
  ];
  for (const [name, cards] of numberings) {
    it(`bits are renumbered by ${name}; planes that we do not know are dropped`, () => {
      const bytes = writeFits([{ kind: 'image', shape: [4, 1], data: Int32Array.of(1, 8, 9, 32), cards }]);
      expect([...readMask(bytes).data]).to.deep.equal([MASK.CR, MASK.BAD, MASK.CR | MASK.BAD, 0]);
    });
  }
  it('without names the numbers stay', () => {
    expect([...readMask(writeFits([{ kind: 'image', shape: [2, 1], data: Int16Array.of(1, 260) }])).data]).to.deep.equal([1, 260]);
  });
  it('a file without an image is refused', () => expect(() => readMask(writeFits([{ kind: 'image', shape: [], data: null }]))).to.throw(ApError));
  it('the mask of an image that the Rubin stack wrote', function () {
    if (!existsSync(REAL)) {
      process.stdout.write('      skipped: ../shared/data or the golden file is not here\n');
      this.skip();
    }
    const file = readFits(readFileSync(REAL));
    const hdu = file.hdus.find(h => hasPixels(h) && Object.keys(h.header).some(key => key.startsWith('MP_')))!;
    const { width, height, data } = maskOfHdu(hdu);
    expect(data.length).to.equal(width * height);
    expect(data.reduce((all, bits) => all | bits, 0)).to.equal(MASK.BAD | MASK.INTRP | MASK.EDGE);
  });
});

describe('formats/rawFits', () => {
  it('a raw frame comes back with its header, over the whole range of uint16', () => {
    const data = Uint16Array.of(0, 1, 32767, 32768, 65535, 5);
    const raw = readRawFrame(writeRawFrame({ cards: [card('EXPTIME', 30.5), card('OBJECT', 'field')], width: 3, height: 2, data }));
    expect({ ...raw, data: [...raw.data] }).to.deep.include({ width: 3, height: 2, data: [...data] });
    expect(raw.header).to.include({ EXPTIME: 30.5, OBJECT: 'field' });
  });
  it('cards of an extension win over those of the primary header', () => {
    const bytes = writeFits([
      { kind: 'image', shape: [], data: null, cards: [card('A', 1), card('B', 1)] },
      { kind: 'image', name: 'X', shape: [1, 1], data: Int16Array.of(4), cards: [card('B', 2)] },
    ]);
    expect(readRawFrame(bytes).header).to.include({ A: 1, B: 2 });
  });
});
