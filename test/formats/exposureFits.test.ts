import { expect } from 'chai';
import fc from 'fast-check';
import { readExposure, writeExposure } from '../../src/formats/exposureFits.ts';
import { binTable, columnNumbers, columnStrings, hduNamed, readFits, writeFits } from '../../src/formats/fits/index.ts';
import { ApError, type ErrorCode } from '../../src/model/errors.ts';
import { allocMaskedImage, type Exposure } from '../../src/model/image.ts';
import { MASK, MASK_BITS } from '../../src/model/mask.ts';
import { nPolynomialTerms } from '../../src/model/psf.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';
import { wcsFromHeader } from '../../src/sky/wcsHeader.ts';

const sip = {
  order: 2, a: Float64Array.from([0, 0, 1e-6, 0, -2e-6, 0, 3e-7, 0, 0]), b: Float64Array.from([0, 0, -1e-6, 0, 5e-7, 0, 1e-7, 0, 0]),
};
const full = exposure(7, 5);

/** An exposure with every field set, and the values that get lost most easily. */
function exposure(width: number, height: number): Exposure {
  const mi = allocMaskedImage(width, height);
  mi.image.forEach((_, i) => { mi.image[i] = Math.sin(i); });
  mi.variance.fill(4);
  mi.mask.forEach((_, i) => { mi.mask[i] = i % 3 === 0 ? MASK.SAT | MASK.ITL_DIP : 0; });
  [mi.image[0], mi.image[1], mi.image[2], mi.image[3]] = [NaN, Infinity, -0, 1e-45];
  [mi.variance[0], mi.mask[0]] = [Infinity, MASK.NO_DATA];
  const psf = {
    kind: 'polynomial' as const, size: 3, order: 2, sampling_px: 0.5, x0: -0.5, y0: -0.5, width, height,
    basis: Float64Array.from({ length: nPolynomialTerms(2) * 9 }, (_, i) => i / 7), fwhm_px: 2.7, nStars: 31,
  };
  return {
    ...mi, psf, wcs: { projection: 'TAN', crpix: [0.1, 1000.3], crval_deg: [150.1, -2.2], cd: [-1e-4 / 3, 2e-7, -0, 1e-4], sip },
    photoCalib: { calibration_nJy: 1 / 3, calibrationErr_nJy: NaN },
    visitInfo: {
      instrument: 'sim', visit: 2 ** 53 - 1, begin_taiNs: 1767225637000000001n, end_taiNs: 1767225667000000003n, mid_mjdTai: 61041.000602,
      exposureTime_s: 30, darkTime_s: 30.1, boresightRa_deg: 150.123456789, boresightDec_deg: -2.1, rotation_deg: -0, airmass: 1.23,
    },
    detector: 3, band: 'r', physicalFilter: 'sim-r', unit: 'nJy',
    metadata: { sky: 1 / 3, bad: NaN, high: Infinity, zero: -0, name: 'quote " \u00e9 \n', ok: true },
  };
}

const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const pair = (arbitrary: fc.Arbitrary<number>): fc.Arbitrary<[number, number]> => fc.tuple(arbitrary, arbitrary);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const anyExposure: fc.Arbitrary<Exposure> = fc.record({
  width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }),
  seed: fc.array(fc.float(), { minLength: 1, maxLength: 81 }),
  bits: fc.array(fc.integer(), { minLength: 1, maxLength: 81 }),
  wcs: some(fc.record({
    projection: fc.constant('TAN' as const), crpix: pair(finite), crval_deg: pair(finite),
    cd: fc.tuple(finite, finite, finite, finite),
  })),
  psf: some(fc.constant(full.psf!)),
  photoCalib: some(fc.record({ calibration_nJy: fc.double(), calibrationErr_nJy: fc.double() })),
  begin: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), number: fc.double(), band: fc.string(),
  unit: fc.constantFrom('', 'adu', 'electron', 'nJy'),
  metadata: fc.dictionary(
    fc.string().filter(key => key !== '__proto__'), fc.oneof(fc.double(), fc.string(), fc.boolean()), { noNullPrototype: true }),
}).map(({ width, height, seed, bits, begin, number, ...rest }) => {
  const mi = allocMaskedImage(width, height);
  for (let i = 0; i < width * height; i++) {
    mi.image[i] = seed[i % seed.length]!;
    mi.variance[i] = seed[(7 * i) % seed.length]!;
    mi.mask[i] = bits[i % bits.length]!;
  }
  return { ...full, ...mi, ...rest, visitInfo: { ...full.visitInfo, begin_taiNs: begin, airmass: number }, physicalFilter: rest.band };
});

function refusal(bytes: Uint8Array): ErrorCode {
  try {
    readExposure(bytes);
  } catch (error) {
    if (error instanceof ApError) return error.code;
    throw error;
  }
  throw new Error('not refused');
}

const HDUS = ['PRIMARY', 'IMAGE', 'MASK', 'VARIANCE', 'PSF', 'JSON', 'INDEX'];

describe('formats/exposureFits', () => {
  it('every field comes back', () => expect(readExposure(writeExposure(full))).to.deep.equal(full));
  it('so does any exposure', () => fc.assert(fc.property(anyExposure, e => {
    expect(readExposure(writeExposure(e))).to.deep.equal(e);
  }), { numRuns: 100, seed: 1 }));
  it('null stays null', () => {
    const bare = { ...full, wcs: null, psf: null, photoCalib: null, metadata: {} };
    expect(readExposure(writeExposure(bare))).to.deep.equal(bare);
  });
  it('the payload of a NaN is kept', () => {
    const e = exposure(2, 2);
    new Uint32Array(e.image.buffer)[0] = 0x7fc12345;
    const { image } = readExposure(writeExposure(e));
    expect(new Uint32Array(image.buffer)[0]).to.equal(0x7fc12345);
  });
  it('planes lie in shared memory', () => {
    const { image, variance, mask } = readExposure(writeExposure(full));
    for (const plane of [image, variance, mask]) expect(plane.buffer).to.be.instanceOf(SharedArrayBuffer);
  });
  it('the same exposure gives the same bytes', () => expect(writeExposure(exposure(7, 5))).to.deep.equal(writeExposure(full)));
  it('a name of ours is refused in the metadata', () => {
    expect(() => writeExposure({ ...full, metadata: { ap_verify: 1 } })).to.throw(TypeError, 'ap_verify');
  });

  it('a frame of 3 million pixels takes less than a second to write and read', () => {
    const e = exposure(2048, 1489);
    const start = performance.now();
    const again = readExposure(writeExposure(e));
    expect(performance.now() - start).to.be.below(1000);
    expect(again.image.at(-1)).to.equal(e.image.at(-1));
  });

  describe('for other readers', () => {
    const bytes = writeExposure(full);
    const file = readFits(bytes);
    it('HDUs, units and mask planes', () => {
      expect(file.hdus.map(h => h.name)).to.deep.equal(HDUS);
      expect(hduNamed(file, 'IMAGE').header.BUNIT).to.equal('nJy');
      expect(hduNamed(file, 'VARIANCE').header.BUNIT).to.equal('nJy2');
      const { header } = hduNamed(file, 'MASK');
      for (const [plane, bit] of Object.entries(MASK_BITS)) {
        expect(header[`MP_${plane}`]).to.equal(bit);
        expect([header[`MSKN${String(bit).padStart(4, '0')}`], header[`MSKM${String(bit).padStart(4, '0')}`]]).to.deep.equal([plane, 2 ** bit]);
      }
      expect(file.hdus[0]!.header).to.include({ INSTRUME: 'sim', VISIT: 2 ** 53 - 1, DETECTOR: 3, FILTER: 'sim-r', EXPTIME: 30 });
    });
    it('the WCS cards of each plane show the same sky', () => {
      for (const name of ['IMAGE', 'MASK', 'VARIANCE']) {
        const wcs = wcsFromHeader(hduNamed(file, name).header);
        for (const [x, y] of [[0, 0], [1000, -30]] as const) {
          const [ra, dec] = pixelToSky(wcs, x, y);
          const [ra0, dec0] = pixelToSky(full.wcs!, x, y);
          expect(Math.hypot(ra - ra0, dec - dec0)).to.be.below(1e-11);
        }
      }
    });
    it('the primary header and the index say where the HDUs are', () => {
      const { FMTVER, INDXADDR, INDXSIZE, JSONADDR, JSONSIZE, DATAMODL } = file.hdus[0]!.header;
      const [json, index] = [hduNamed(file, 'JSON'), hduNamed(file, 'INDEX')];
      expect([FMTVER, DATAMODL]).to.deep.equal([1, 'https://images.lsst.io/schemas/masked_image-1.0.0']);
      expect([JSONADDR, Number(JSONADDR) + Number(JSONSIZE)]).to.deep.equal([json.headerOffset, index.headerOffset]);
      expect([INDXADDR, Number(INDXADDR) + Number(INDXSIZE)]).to.deep.equal([index.headerOffset, bytes.length]);
      const table = binTable(index);
      const places = file.hdus.slice(0, -1);
      expect(columnStrings(table, 'EXTNAME')).to.deep.equal(['', ...HDUS.slice(1, -1)]);
      expect(Array.from(columnNumbers(table, 'HDRADDR'), Number)).to.deep.equal(places.map(h => h.headerOffset));
      expect(Array.from(columnNumbers(table, 'DATADDR'), Number)).to.deep.equal(places.map(h => h.dataOffset));
    });
    it('the tree has a sky projection as AST text, distortion as polynomials', () => {
      const tree = (e: Exposure): string => Buffer.from(hduNamed(readFits(writeExposure(e)), 'JSON').data).toString();
      const { sip: _, ...linear } = full.wcs!;
      expect(tree(full)).to.match(/"sky_projection".*Begin FrameSet.*Begin PolyMap/);
      expect(tree({ ...full, wcs: null })).to.not.include('sky_projection');
      expect(tree({ ...full, wcs: linear })).to.not.include('PolyMap');
      expect(tree({ ...full, wcs: linear })).to.match(/"sky_projection".*"pixel_to_sky".*Begin FrameSet/);
    });
  });

  describe('refuses', () => {
    it('truncation anywhere', () => {
      const bytes = writeExposure(full);
      const end = readFits(bytes).hdus.at(-2)!.dataOffset;
      for (let length = 0; length < end; length += 997) {
        expect(refusal(bytes.subarray(0, length)), `${length}`).to.be.oneOf(['FILE_TRUNCATED', 'BAD_FITS']);
      }
    });
    it('another FITS file, and what is no FITS', () => {
      expect(refusal(writeFits([{ kind: 'image', shape: [2, 1], data: Float32Array.of(1, 2) }]))).to.equal('BAD_FORMAT');
      expect(refusal(Buffer.from('PAR1'))).to.equal('BAD_FITS');
    });
    it('planes of different sizes', () => {
      const bytes = Buffer.from(writeExposure(full));
      const mask = hduNamed(readFits(bytes), 'MASK');
      const size = (width: number, height: number): string =>
        [`NAXIS1  = ${String(width).padStart(20)}`, `NAXIS2  = ${String(height).padStart(20)}`].map(card => card.padEnd(80)).join('');
      const header = bytes.toString('latin1', mask.headerOffset, mask.dataOffset);
      expect(header).to.include(size(7, 5));
      bytes.write(header.replace(size(7, 5), size(5, 7)), mask.headerOffset, 'latin1');
      expect(refusal(bytes)).to.equal('BAD_FORMAT');
    });
    it('a damaged tree', () => {
      const bytes = Buffer.from(writeExposure(full));
      bytes.write('}}', hduNamed(readFits(bytes), 'JSON').dataOffset + 8, 'latin1');
      expect(refusal(bytes)).to.equal('BAD_FORMAT');
    });
    it('a changed byte of the tree gives an exposure or a named error, never a crash', () => {
      const bytes = writeExposure(full);
      const json = hduNamed(readFits(bytes), 'JSON');
      fc.assert(fc.property(fc.nat(json.data.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Uint8Array.from(bytes);
        damaged[json.dataOffset + at]! ^= flip;
        try {
          expect(readExposure(damaged)).to.include({ width: 7, height: 5 });
        } catch (error) {
          if (!(error instanceof ApError)) throw error;
        }
      }), { numRuns: 300, seed: 3 });
    });
  });
});
