import { expect } from 'chai';
import { psfFlux } from '../../src/astro/measurement/psfFlux.ts';
import { truthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import type { TrueChange, TruthRecovery } from '../../src/harness/digests/truthRecovery.ts';
import type { Exposure } from '../../src/model/image.ts';
import { maskOf } from '../../src/model/mask.ts';
import type { MaskPlane } from '../../src/model/mask.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { ColumnSpec, Table } from '../../src/model/table.ts';
import { pixelToSky } from '../../src/sky/wcs.ts';
import { exposureOf, wcs } from '../tasks/diaSourceFixtures.ts';

const spec = (name: string, type: ColumnSpec['type']): ColumnSpec => ({ name, type, unit: '', doc: '' });
const TRUTH = [
  spec('id', 'i64'), spec('kind', 'string'), spec('ra', 'f64'), spec('dec', 'f64'), spec('deltaFlux', 'f64'),
  spec('visible', 'bool'), spec('detector', 'i32'),
];
const BEFORE = [spec('ra', 'f64'), spec('dec', 'f64'), spec('isSky', 'bool')];
const AFTER = [spec('ra', 'f64'), spec('dec', 'f64'), spec('diaSourceId', 'i64'), spec('psfFlux', 'f64'), spec('psfFluxErr', 'f64')];

type Place = Readonly<Record<string, number | boolean | string>> & { readonly x: number; readonly y: number };
const onSky = ({ x, y, ...rest }: Place): Record<string, number | boolean | string> => {
  const [ra, dec] = pixelToSky(wcs, x, y);
  return { ra, dec, ...rest };
};

function truthOf(rows: readonly Place[], more: readonly ColumnSpec[] = []): Table {
  return tableFromRows([...TRUTH, ...more], rows.map((row, i) =>
    ({ id: i + 1, kind: 'transient', deltaFlux: 1000, visible: true, detector: 1, ...onSky(row) })));
}

function recover(
  truth: Table, found: readonly Place[], before: readonly Place[] = found, change: (image: Exposure) => void = () => undefined,
): TruthRecovery {
  const difference = exposureOf(1, 60_000, []);
  change(difference);
  return truthRecovery.compute({
    difference, truth,
    unfiltered: tableFromRows(BEFORE, before.map(row => ({ isSky: false, ...onSky(row) }))),
    filtered: tableFromRows(AFTER, found.map((row, i) => ({ diaSourceId: 100 + i, psfFlux: 900, psfFluxErr: 10, ...onSky(row) }))),
  } as never, { visit: 1, detector: 1, band: 'g' });
}

const matches = ({ changes }: TruthRecovery): (string | null)[] => changes.map(c => c.match?.diaSourceId ?? null);
const only = (recovery: TruthRecovery): TrueChange => {
  expect(recovery.changes).to.have.length(1);
  return recovery.changes[0]!;
};

describe('harness/truthRecovery', () => {
  it('injections outside the detector lower C', () => {
    const inside = [{ x: 50, y: 40 }, { x: 20, y: 30 }];
    const found = [{ x: 50, y: 40 }];
    const outside = [{ x: -30, y: 40 }, { x: 50, y: 5000 }, { x: 1e5, y: 1e5 }];
    expect(recover(truthOf([...inside, ...outside]), found).changes).to.deep.equal(recover(truthOf(inside), found).changes);
  });

  it('a source on a true change: residual on the sky, flux, signal to noise of PSF photometry', () => {
    const change = only(recover(truthOf([{ x: 50, y: 40 }]), [{ x: 50.2, y: 39.9, psfFlux: 950, psfFluxErr: 12 }]));
    // The WCS has x to the west and y to the north, 0.252 arcsec a pixel.
    expect(change.match!.east_mas).to.be.closeTo(-0.2 * 252, 0.1);
    expect(change.match!.north_mas).to.be.closeTo(-0.1 * 252, 0.1);
    expect(change.match).to.include({ diaSourceId: '100', flux: 950, fluxErr: 12 });
    const image = exposureOf(1, 60_000, []);
    expect(change.snr).to.be.closeTo(1000 / psfFlux(image, image.psf!, 50, 40, 0).fluxErr, 1e-6);
    expect(change).to.include({ id: '1', kind: 'transient', deltaFlux: 1000, usable: true, foundBeforeCuts: true });
  });

  it('the signal to noise of the truth table goes before', () => {
    expect(only(recover(truthOf([{ x: 50, y: 40, snr: 7 }], [spec('snr', 'f64')]), [])).snr).to.equal(7);
  });

  it('a fading object has a positive signal to noise', () => {
    const { deltaFlux, snr } = only(recover(truthOf([{ x: 50, y: 40, deltaFlux: -1000 }]), []));
    expect(deltaFlux).to.equal(-1000);
    expect(snr).to.be.greaterThan(10);
  });

  const truthSnr = (snr: number): Table => truthOf([{ x: 50, y: 40, snr }], [spec('snr', 'f64')]);
  // FWHM 4.24 px, sigma 1.8: the radius is 5 * 1.8 / (S/N), at least 1 px, and at most that of S/N 3.
  const radii: readonly [number, number, boolean][] = [
    [100, 0.95, true], [100, 1.1, false], [5, 1.7, true], [5, 1.95, false], [3, 2.9, true], [2.9, 0, false],
  ];
  for (const [snr, distance, expected] of radii) {
    it(`S/N ${snr}, ${distance} px away: ${expected ? 'found' : 'not found'}`, () => {
      const recovery = recover(truthSnr(snr), [{ x: 50 + distance, y: 40 }]);
      expect(only(recovery).match !== null).to.equal(expected);
      expect(recovery.nTrueSources).to.equal(expected ? 1 : 0);
    });
  }

  it('one to one, closest first: two changes never share a source, a second source explains nothing', () => {
    const truth = truthOf([{ x: 50, y: 40 }, { x: 51.2, y: 40 }]);
    expect(matches(recover(truth, [{ x: 50.7, y: 40 }]))).to.deep.equal([null, '100']);
    const both = recover(truth, [{ x: 50.7, y: 40 }, { x: 50.05, y: 40 }, { x: 50.1, y: 40.1 }]);
    expect(matches(both)).to.deep.equal(['101', '100']);
    expect([both.nSources, both.nTrueSources]).to.deep.equal([3, 2]);
  });

  it('before the cuts: sky sources do not count', () => {
    const change = (before: readonly Place[]): boolean => only(recover(truthOf([{ x: 50, y: 40 }]), [], before)).foundBeforeCuts;
    expect(change([{ x: 50, y: 40 }])).to.equal(true);
    expect(change([{ x: 50, y: 40, isSky: true }])).to.equal(false);
    expect(change([])).to.equal(false);
  });

  it('what is not on the image is left out: other detectors, static objects, positions outside', () => {
    const truth = truthOf([
      { x: 50, y: 40, detector: 2 }, { x: 50, y: 40, deltaFlux: 0 }, { x: 50, y: 40, deltaFlux: NaN }, { x: -1, y: 40 },
      { x: 119.6, y: 40 }, { x: 50, y: -0.6 }, { x: 50, y: 99.6 },
    ]);
    expect(recover(truth, [{ x: 50, y: 40 }])).to.deep.equal({
      changes: [], nSources: 1, nTrueSources: 0, sourceSnr: [90], sourceIsTrue: [false],
    });
  });

  const set = (plane: MaskPlane, x: number, y: number) => (image: Exposure): void => { image.mask[y * image.width + x]! |= maskOf(plane); };
  const usable: readonly [string, Place, ((image: Exposure) => void), boolean][] = [
    ['clean', { x: 50, y: 40 }, () => undefined, true],
    ['not visible', { x: 50, y: 40, visible: false }, () => undefined, false],
    ['near the border', { x: 1.9, y: 40 }, () => undefined, false],
    ['just inside', { x: 3.1, y: 95.9 }, () => undefined, true],
    ['BAD 2.9 px away', { x: 50.1, y: 40 }, set('BAD', 53, 40), false],
    ['BAD 3.1 px away', { x: 49.9, y: 40 }, set('BAD', 53, 40), true],
    ['BAD on the diagonal, more than 3 px', { x: 50, y: 40 }, set('BAD', 53, 43), true],
    ['saturated template', { x: 50, y: 40 }, set('SAT_TEMPLATE', 50, 40), false],
    ['no data', { x: 50, y: 40 }, set('NO_DATA', 49, 40), false],
    ['taken for a cosmic ray: it counts, and is missed', { x: 50, y: 40 }, set('CR', 50, 40), true],
  ];
  for (const [name, place, change, expected] of usable) {
    it(`usable, ${name}: ${String(expected)}`, () => {
      expect(only(recover(truthOf([place]), [], [], change)).usable).to.equal(expected);
    });
  }

  it('a signal to noise that is not a number is not usable and matches nothing', () => {
    const recovery = recover(truthSnr(NaN), [{ x: 50, y: 40 }]);
    expect(only(recovery)).to.include({ usable: false, match: null });
  });

  it('sources without a position are sources, and lie on nothing', () => {
    const recovery = recover(truthOf([{ x: 50, y: 40 }]), [{ x: NaN, y: 40 }]);
    expect([recovery.nSources, recovery.nTrueSources]).to.deep.equal([1, 0]);
  });

  it('needs a WCS and a PSF', () => {
    for (const absent of [{ wcs: null }, { psf: null }]) {
      const difference = { ...exposureOf(1, 60_000, []), ...absent };
      const none = tableFromRows(BEFORE, []);
      expect(() => truthRecovery.compute({ difference, truth: truthOf([{ x: 5, y: 5 }]), unfiltered: none, filtered: none } as never,
        { visit: 1, detector: 1, band: 'g' })).to.throw(TypeError, 'no WCS or no PSF');
    }
  });
});
