/** What is kept of every image: its numbers, its row in the report, its cutouts. */
import { expect } from 'chai';
import { psfFlux } from '../../src/astro/measurement/psfFlux.ts';
import { psfFwhm_px } from '../../src/astro/psf/psfShape.ts';
import { chooseCutouts, imageCutouts } from '../../src/harness/cutouts.ts';
import { imageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import type { ImageNumbers } from '../../src/harness/digests/imageNumbers.ts';
import { imageSummaries } from '../../src/harness/imageSummaries.ts';
import type { Exposure } from '../../src/model/image.ts';
import { maskOf } from '../../src/model/mask.ts';
import { abMag } from '../../src/model/photoCalib.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { ColumnSpec, Table } from '../../src/model/table.ts';
import type { Cutout } from '../../src/model/verification.ts';
import { random } from '../../src/numeric/random.ts';
import { exposureOf, HEIGHT, WIDTH } from '../tasks/diaSourceFixtures.ts';

type Row = Readonly<Record<string, number | boolean>>;
const facts = { visit: 1, detector: 1, band: 'g' };
const column = (name: string, type: ColumnSpec['type']): ColumnSpec => ({ name, type, unit: '', doc: '' });

function table(rows: readonly Row[]): Table {
  const specs = [
    ...['isSky', 'isNegative', 'isDipole'].map(name => column(name, 'bool')),
    ...['x', 'y', 'ra', 'dec', 'snr', 'psfFlux', 'psfFluxErr'].map(name => column(name, 'f64')),
  ];
  return tableFromRows(specs, rows.map(row => ({ isSky: false, isNegative: false, isDipole: false, ra: 150, dec: 2, ...row })));
}

function noisy(sigma: number): Exposure {
  const image = exposureOf(1, 60_000, []);
  const r = random(2, 'image');
  image.image.forEach((_, p) => { image.image[p] = sigma * r.normal(); });
  return image;
}

function numbersOf(changes: Readonly<Record<string, unknown>> = {}): ImageNumbers {
  const image = exposureOf(1, 60_000, []);
  return imageNumbers.compute({
    science: image, difference: image, template: image, stars: table([]), unfiltered: table([]), filtered: table([]), ...changes,
  } as never, facts);
}

describe('harness/imageNumbers', () => {
  it('counts sources: sky sources are none, dipoles before the cuts, negative ones after them', () => {
    const numbers = numbersOf({
      stars: table([{}, {}, {}]), unfiltered: table([{ isDipole: true }, { isSky: true }, { isNegative: true }, { isSky: true }]),
      filtered: table([{ isNegative: true }, { isDipole: true, isNegative: true }, {}]),
    });
    expect(numbers).to.include({ nSciSources: 3, nDiaSourcesBeforeCuts: 2, nDiaSources: 3, nNegative: 2, nDipoles: 1 });
  });

  it('usable area: without pixels that are bad whatever is there; cosmic rays stay', () => {
    const difference = exposureOf(1, 60_000, []);
    const planes = ['BAD', 'SAT', 'NO_DATA', 'EDGE', 'SAT_TEMPLATE', 'CR', 'INTRP', 'DETECTED'] as const;
    planes.forEach((plane, p) => { difference.mask[p] = maskOf(plane); });
    const { usableFraction, usableArea_deg2 } = numbersOf({ difference });
    const n = WIDTH * HEIGHT;
    expect(usableFraction).to.be.closeTo((n - 5) / n, 1e-12);
    expect(usableArea_deg2).to.be.closeTo((n - 5) * 7e-5 ** 2, 1e-9);
    difference.mask.fill(maskOf('NO_DATA'));
    expect(numbersOf({ difference })).to.include({ usableFraction: 0, usableArea_deg2: 0, nWidthPixels: 0 });
  });

  it('width: 1 when the variance is right, 1.5 when the noise is 1.5 times that; masked and missing pixels do not count', () => {
    expect(numbersOf({ difference: noisy(2) }).differenceWidth).to.be.closeTo(1, 0.03);
    const difference = noisy(3);
    for (let p = 0; p < 6000; p++) {
      if (p % 2 === 0) difference.image[p] = NaN;
      else [difference.image[p], difference.mask[p]] = [1e6, maskOf('CR')];
    }
    const { differenceWidth, nWidthPixels } = numbersOf({ difference });
    expect(differenceWidth).to.be.closeTo(1.5, 0.05);
    expect(nWidthPixels).to.equal(WIDTH * HEIGHT - 6000);
  });

  it('seeing and depth: of the PSF and the noise; NaN without a PSF or a WCS', () => {
    const image = exposureOf(1, 60_000, []);
    const numbers = numbersOf({ science: { ...image, metadata: { zeroPoint_mag: 27.5 } } });
    expect(numbers.scienceFwhm_arcsec).to.be.closeTo(psfFwhm_px(image.psf!, WIDTH / 2, HEIGHT / 2) * 7e-5 * 3600, 1e-3);
    expect(numbers.scienceDepth_mag).to.be.closeTo(abMag(5 * psfFlux(image, image.psf!, WIDTH / 2, HEIGHT / 2, 0).fluxErr), 1e-4);
    expect(numbers.zeroPoint_mag).to.equal(27.5);
    const bare = numbersOf({
      science: { ...image, psf: null }, template: { ...image, wcs: null }, difference: { ...image, psf: null, wcs: null },
    });
    const absent = [
      'scienceFwhm_arcsec', 'templateFwhm_arcsec', 'scienceDepth_mag', 'differenceDepth_mag', 'usableArea_deg2', 'zeroPoint_mag',
    ] as const;
    for (const name of absent) expect(bare[name], name).to.satisfy(Number.isNaN);
  });
});

describe('harness/imageSummaries', () => {
  it('a row for every image that was asked for, in order; numbers that are not finite are left out', () => {
    const images = [{ visit: 10, detector: 0, band: 'r' }, { visit: 2, detector: 1, band: 'g' }, { visit: 2, detector: 0, band: 'g' }];
    const value = { ...numbersOf(), differenceWidth: 1.01234567891234, zeroPoint_mag: NaN };
    const summaries = imageSummaries({ hasTruth: false, quanta: [], images }, [{ dataId: { visit: 2, detector: 1 }, value }]);
    expect(summaries.map(s => [s.visit, s.detector, s.band, s.numbers.processed])).to.deep.equal([
      [2, 0, 'g', false], [2, 1, 'g', true], [10, 0, 'r', false]]);
    expect(summaries[0]!.numbers).to.deep.equal({ processed: false });
    expect(summaries[1]!.numbers).to.include({ differenceWidth: 1.012345679, nDiaSources: 0 }).and.not.to.have.any.keys('zeroPoint_mag', 'nWidthPixels');
  });
});

describe('harness/cutouts', () => {
  const cut = (difference: Exposure, rows: readonly Row[], before: readonly Row[] = rows): readonly Cutout[] => imageCutouts.compute({
    science: exposureOf(1, 60_000, [{ x: 30, y: 30, flux: 1000 }]), template: exposureOf(1, 60_000, []), difference,
    filtered: table(rows), unfiltered: table(before),
  } as never, facts);
  const source = (x: number, y: number, snr: number, more: Row = {}): Row => ({ x, y, snr, psfFlux: 100, psfFluxErr: 10, ...more });

  it('the four strongest sources, the strongest first, three panels centred on them', () => {
    const sources = [5, 9, NaN, 7, 8, 6].map((snr, k) => source(30 + k, 30, snr, { isDipole: snr === 9, isNegative: snr === 8 }));
    const cutouts = cut(exposureOf(1, 60_000, []), sources);
    expect(cutouts.map(c => c.title.split(', visit')[0])).to.deep.equal(['Detection S/N 9.0, dipole', 'Detection S/N 8.0, negative', 'Detection S/N 7.0', 'Detection S/N 6.0']);
    expect(cutouts[0]!.panels.map(p => p.label)).to.deep.equal(['science', 'template', 'difference']);
    const { width, height, data } = cutouts[0]!.panels[0]!;
    expect([width, height, data.length]).to.deep.equal([41, 41, 41 * 41]);
    expect(data.indexOf(Math.max(...data.map(v => v ?? -1))), 'the star is one pixel left of the source').to.equal(20 * 41 + 19);
  });

  it('beyond the border and without data there is null', () => {
    const { data } = cut(exposureOf(1, 60_000, []), [source(0, 99, 9)])[0]!.panels[0]!;
    expect(data.filter(v => v !== null)).to.have.length(21 * 21);
    expect(data[0]).to.equal(null);
    expect(data[20]).to.equal(0);
  });

  it('residuals: the worst two, apart from sources and from each other, not on bad pixels', () => {
    const difference = exposureOf(1, 60_000, []);
    const block = (x: number, y: number, value: number): void => {
      for (let j = y - 2; j <= y + 2; j++) for (let i = x - 2; i <= x + 2; i++) difference.image[j * WIDTH + i] = value;
    };
    // The boxes are those of a grid of 5 pixels that begins at (2, 2); 2.5 is 6.25 sigma of the mean of 25 pixels.
    block(22, 22, 4);
    block(27, 22, 3.9);
    block(52, 22, -5);
    block(82, 22, 9);
    block(92, 72, 9);
    block(22, 72, 2.5);
    difference.mask[22 * WIDTH + 82] = maskOf('SAT');
    const detections = [source(92, 72, 9), source(54, 23, 8, { isDipole: true })];
    const residuals = cut(difference, [source(92, 72, 9)], detections).filter(c => c.kind === 'residual');
    expect(residuals.map(c => c.caption.split('; ').at(-1))).to.deep.equal(['detected, and flagged: dipole', 'not detected as a source']);
    expect(residuals.map(c => /x (\d+), y (\d+); .* is (-?[\d.]+) sigma/.exec(c.caption)!.slice(1))).to.deep.equal([['52', '22', '-12.5'], ['22', '22', '10.0']]);
    expect(cut(exposureOf(1, 60_000, []), [])).to.deep.equal([]);
  });

  it('the choice goes round the images, sources first, up to the limit of each kind', () => {
    const cutout = (kind: Cutout['kind'], title: string): Cutout => ({ kind, title, caption: '', panels: [] });
    const a = [cutout('source', 'a1'), cutout('source', 'a2'), cutout('source', 'a3'), cutout('residual', 'ar')];
    const b = [cutout('source', 'b1')];
    expect(chooseCutouts([a, b], 9).map(c => c.title)).to.deep.equal(['a1', 'b1', 'a2', 'a3', 'ar']);
    expect(chooseCutouts([a, b], 2).map(c => c.title)).to.deep.equal(['a1', 'b1', 'ar']);
    expect(chooseCutouts([], 2)).to.deep.equal([]);
  });
});
