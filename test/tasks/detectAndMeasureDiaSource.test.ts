import { expect } from 'chai';
import { AlgorithmError, ApError } from '../../src/model/errors.ts';
import { DIA_COLUMNS } from '../../src/model/catalogs.ts';
import type { Exposure } from '../../src/model/image.ts';
import { MASK } from '../../src/model/mask.ts';
import { column, numbers, rowsOf } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';
import { detectAndMeasureDiaSource } from '../../src/tasks/detectAndMeasureDiaSource.ts';
import { subtractImages } from '../../src/tasks/subtractImages.ts';
import { addMoffat, spreadOf } from '../astro/syntheticField.ts';
import type { TrueSource } from '../astro/syntheticField.ts';
import { copied, wcs } from '../astro/difference/pair.ts';
import { configOf, contextOf, examplePair, SIZE, stars, transients, vanished } from './differenceFixtures.ts';

const pair = examplePair();
const subtracted = subtractImages.run(
  { science: pair.science, template: pair.template, sources: pair.stars }, configOf(subtractImages.config), contextOf());
const inputs = {
  science: pair.science, matchedTemplate: subtracted.matchedTemplate, difference: subtracted.difference, sources: pair.stars,
};
const config = configOf(detectAndMeasureDiaSource.config);
const inner = (s: TrueSource): boolean => Math.min(s.x, s.y, SIZE - s.x, SIZE - s.y) > 24;

type Row = Record<string, number>;
/** Rows as numbers, flags included. */
const rows = (table: Table): Row[] =>
  rowsOf(table).map(row => Object.fromEntries(Object.entries(row).map(([name, v]) => [name, Number(v)])));
const nearest = (found: readonly Row[], s: { x: number; y: number }): Row =>
  found.reduce((a, b) => (Math.hypot(a.x! - s.x, a.y! - s.y) <= Math.hypot(b.x! - s.x, b.y! - s.y) ? a : b));
const FLAGS = DIA_COLUMNS.filter(c => c.name.startsWith('flag') && c.name !== 'flagShape').map(c => c.name);
const isFlagged = (row: Row): boolean => FLAGS.some(name => row[name] === 1);

describe('detectAndMeasureDiaSource task', () => {
  const context = contextOf();
  const output = detectAndMeasureDiaSource.run(inputs, config, context);
  const all = rows(output.diaSources);
  const detected = all.filter(r => r.isSky === 0);

  it('makes all columns of the catalog with ids of the visit', () => {
    expect(Object.keys(output.diaSources.columns)).to.deep.equal(DIA_COLUMNS.map(c => c.name));
    const ids = Array.from(column(output.diaSources, 'id', 'i64'));
    expect(new Set(ids).size).to.equal(ids.length);
    expect(ids.every((id, i) => id === ids[0]! + BigInt(i))).to.equal(true);
    expect(new Set(all.map(r => `${r.visit} ${r.detector}`))).to.deep.equal(new Set(['7 3']));
  });

  it('finds what is new and what has gone, once, and unflagged', () => {
    for (const [list, isNegative] of [[transients, 0], [vanished, 1]] as const) {
      for (const s of list.filter(inner)) {
        const row = nearest(detected, s);
        expect(Math.hypot(row.x! - s.x, row.y! - s.y)).to.be.below(0.5);
        expect(row.isNegative).to.equal(isNegative);
        expect(isFlagged(row), `${s.x} ${s.y}`).to.equal(false);
        expect(row.isDipole).to.equal(0);
      }
    }
    const truth = [...transients, ...vanished];
    const others = detected.filter(r => truth.every(s => Math.hypot(r.x! - s.x, r.y! - s.y) > 2));
    expect(others.filter(r => !isFlagged(r)).length).to.be.at.most(1);
  });

  it('measures fluxes, positions and errors', () => {
    const found = transients.filter(inner).map(s => ({ s, row: nearest(detected, s) }));
    expect(found.length).to.be.above(10);
    const pulls = found.map(({ s, row }) => (row.psfFlux! - s.flux) / row.psfFluxErr!);
    expect(spreadOf(pulls).median).to.be.closeTo(0, 0.7);
    expect(Math.sqrt(pulls.reduce((sum, p) => sum + p * p, 0) / pulls.length)).to.be.within(0.5, 1.6);
    for (const { s, row } of found) {
      expect(row.snr!).to.be.closeTo(s.flux / row.psfFluxErr!, 0.25 * row.snr!);
      expect(row.apFlux! / s.flux).to.be.within(0.5, 1.6);
      expect(row.scienceFlux!).to.be.closeTo(s.flux, 6 * row.scienceFluxErr!);
      expect(Math.abs(row.templateFlux!)).to.be.below(5 * row.templateFluxErr!);
      const [ra, dec] = pixelToSky(wcs, row.x!, row.y!);
      expect(row.ra).to.be.closeTo(ra, 1e-9);
      expect(row.dec).to.be.closeTo(dec, 1e-9);
      expect(row.raErr!).to.be.closeTo((0.2 / 3600) * row.xErr!, 1e-3 * row.raErr!);
      expect(Math.abs(row.x! - s.x)).to.be.below(6 * row.xErr!);
      expect(Math.abs(row.y! - s.y)).to.be.below(6 * row.yErr!);
    }
    const sizes = found.map(({ row }) => (row.ixx! + row.iyy!) / 2).filter(Number.isFinite);
    expect(spreadOf(sizes).median).to.be.closeTo((0.2 * 3.8 / 2.3548) ** 2, 0.25 * (0.2 * 3.8 / 2.3548) ** 2);
  });

  it('measures sky sources that are noise', () => {
    const sky = all.filter(r => r.isSky === 1);
    expect(sky.length).to.be.above(40);
    const pulls = sky.map(r => r.psfFlux! / r.psfFluxErr!);
    expect(spreadOf(pulls).median).to.be.closeTo(0, 0.4);
    expect(spreadOf(pulls).width).to.be.within(0.75, 1.3);
    for (const r of sky) expect([...stars, ...transients].every(s => Math.hypot(s.x - r.x!, s.y - r.y!) > 5)).to.equal(true);
  });

  it('marks its detections on the difference image and leaves the input alone', () => {
    const { mask } = output.subtractedMeasuredExposure;
    const at = (s: TrueSource): number => mask[Math.round(s.y) * SIZE + Math.round(s.x)]!;
    for (const s of transients.filter(inner)) expect(at(s) & MASK.DETECTED).to.equal(MASK.DETECTED);
    for (const s of vanished.filter(inner)) expect(at(s) & MASK.DETECTED_NEGATIVE).to.equal(MASK.DETECTED_NEGATIVE);
    expect(subtracted.difference.mask.some(m => (m & (MASK.DETECTED | MASK.DETECTED_NEGATIVE)) !== 0)).to.equal(false);
  });

  it('writes down counts', () => {
    const m = context.metadata as Record<string, number>;
    expect(m.nDiaSources).to.equal(detected.length);
    expect(m.nSkySources).to.equal(all.length - detected.length);
    expect(m.nBrightNeighbour).to.equal(numbers(output.diaSources, 'flagBrightNeighbour').reduce((a, b) => a + b, 0));
    expect(m.noiseScale).to.be.closeTo(1, 0.05);
    expect(m.residualFraction0).to.be.within(0, 0.02);
  });

  it('gives the same catalog again', () => {
    const again = detectAndMeasureDiaSource.run(inputs, config, contextOf());
    expect(rowsOf(again.diaSources)).to.deep.equal(rowsOf(output.diaSources));
  });
});

/** The difference with something added; science and template as they are. */
function spoilt(edit: (difference: Exposure) => void): Row[] {
  const difference = copied(subtracted.difference);
  edit(difference);
  const { diaSources } = detectAndMeasureDiaSource.run({ ...inputs, difference }, { ...config, doSkySources: false }, contextOf());
  return rows(diaSources);
}

describe('detectAndMeasureDiaSource task: flags', () => {
  const target = transients.filter(inner)[4]!;
  const at = Math.round(target.y) * SIZE + Math.round(target.x);
  const cases: readonly (readonly [string, string, number, number])[] = [
    ['SAT beside it', 'flagSaturated', MASK.SAT, 2],
    ['saturated template', 'flagSaturated', MASK.SAT_TEMPLATE, 2],
    ['interpolated pixel', 'flagInterpolated', MASK.INTRP, 2],
    ['cosmic ray', 'flagInterpolated', MASK.CR, 2],
    ['bad pixel', 'flagBad', MASK.BAD, 2],
    ['edge', 'flagEdge', MASK.EDGE, 2],
    ['missing data', 'flagEdge', MASK.NO_DATA, 2],
  ];
  for (const [name, flag, bit, distance] of cases) {
    it(`${name} sets ${flag} within 3 pixels`, () => {
      const mark = (d: number): Row => nearest(spoilt(difference => { difference.mask[at + d] = difference.mask[at + d]! | bit; }), target);
      expect(mark(distance)[flag]).to.equal(1);
      expect(mark(6)[flag]).to.equal(0);
    });
  }

  it('sees a cosmic ray that the calibration missed', () => {
    const free = { x: Math.round(stars[17]!.x) + 28, y: Math.round(stars[17]!.y) };
    const found = nearest(spoilt(difference => {
      for (let k = -1; k <= 1; k++) difference.image[(free.y + k) * SIZE + free.x + k] = 1500;
    }), free);
    expect(Math.hypot(found.x! - free.x, found.y! - free.y)).to.be.below(3);
    expect(found.flagInterpolated).to.equal(1);
  });

  it('excuses the residual of a bright star, not a change of it', () => {
    const star = stars.filter(inner).at(-1)!;
    const changed = (flux: number, sign: readonly number[]): Row => nearest(spoilt(difference => {
      const plane = new Float64Array(SIZE * SIZE);
      // Residuals of every bright star, of alternating sign, teach the task how good the match is.
      stars.forEach((s, k) => addMoffat(plane, SIZE, SIZE, { ...s, flux: 0.05 * s.flux * sign[k % 2]! }, 3.8));
      addMoffat(plane, SIZE, SIZE, { ...star, flux }, 3.8);
      for (let p = 0; p < plane.length; p++) difference.image[p] = difference.image[p]! + plane[p]!;
    }), star);
    const residual = changed(0, [1, -1]);
    expect(Math.hypot(residual.x! - star.x, residual.y! - star.y)).to.be.below(1);
    expect(residual.flagBrightNeighbour).to.equal(1);
    expect(changed(0.6 * star.flux, [1, -1]).flagBrightNeighbour).to.equal(0);
  });

  it('makes one source of a dipole', () => {
    const [a, b] = [{ x: 200, y: 180 }, { x: 202, y: 180 }];
    const add = (exposure: Exposure, s: { x: number; y: number }, flux: number): void => {
      const plane = new Float64Array(SIZE * SIZE);
      addMoffat(plane, SIZE, SIZE, { ...s, flux }, 3.8);
      for (let p = 0; p < plane.length; p++) exposure.image[p] = exposure.image[p]! + plane[p]!;
    };
    const [science, difference] = [copied(pair.science), copied(subtracted.difference)];
    const matchedTemplate = copied(subtracted.matchedTemplate);
    add(science, a, 15_000);
    add(matchedTemplate, b, 15_000);
    add(difference, a, 15_000);
    add(difference, b, -15_000);
    const { diaSources } = detectAndMeasureDiaSource.run({ ...inputs, science, matchedTemplate, difference }, config, contextOf());
    const near = rows(diaSources).filter(r => Math.hypot(r.x! - 201, r.y! - 180) < 5);
    expect(near).to.have.length(1);
    expect(near[0]).to.include({ isDipole: 1 });
    expect(near[0]!.dipoleLength!).to.be.closeTo(0.4, 0.03);
    // Pixel x runs to the west: from b to a is to the east.
    expect(near[0]!.dipoleAngle!).to.be.closeTo(90, 5);
    expect(near[0]!.dipoleMeanFlux!).to.be.closeTo(15_000, 1000);
    expect(near[0]!.dipoleFluxDiff!).to.be.closeTo(0, 1000);
  });
});

describe('detectAndMeasureDiaSource task: failures', () => {
  const { difference } = subtracted;
  const cases: readonly (readonly [string, Exposure])[] = [
    ['no PSF', { ...difference, psf: null }], ['no WCS', { ...difference, wcs: null }],
    ['no pixels', (() => {
      const empty = copied(difference);
      empty.mask.fill(MASK.NO_DATA);
      empty.image.fill(NaN);
      return empty;
    })()],
  ];
  for (const [name, image] of cases) {
    it(`ends with an algorithm error: ${name}`, () => {
      expect(() => detectAndMeasureDiaSource.run({ ...inputs, difference: image }, config, contextOf())).to.throw(AlgorithmError);
    });
  }

  it('refuses images that do not belong together', () => {
    expect(() => detectAndMeasureDiaSource.run({ ...inputs, science: { ...pair.science, psf: null } }, config, contextOf()))
      .to.throw(AlgorithmError, /science image has no PSF/);
    expect(() => detectAndMeasureDiaSource.run({ ...inputs, science: { ...pair.science, height: 12 } }, config, contextOf()))
      .to.throw(ApError, /400 x 12 pixels/);
  });

  it('makes an empty catalog of an empty sky', () => {
    const { diaSources } = detectAndMeasureDiaSource.run(
      inputs, { ...config, thresholdSigma: 1000, doSkySources: false }, contextOf());
    expect(diaSources.nRows).to.equal(0);
    expect(Object.keys(diaSources.columns)).to.deep.equal(DIA_COLUMNS.map(c => c.name));
  });
});
