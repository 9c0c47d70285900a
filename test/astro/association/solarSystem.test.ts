import { expect } from 'chai';
import { matchSolarSystem, orbitalEphemeris, tabulatedEphemeris, tabulatedObserver, withSolarSystemObjects } from '../../../src/astro/association/solarSystem.ts';
import { ApError } from '../../../src/model/errors.ts';
import { column, withColumns } from '../../../src/model/table.ts';
import type { Column, Table } from '../../../src/model/table.ts';
import { diaSourceCatalog } from '../../../src/simulate/diaSourceCatalog.ts';
import { offsetBy, separation_arcsec } from '../../../src/sky/sphere.ts';
import { apparentDirection, twoBodyPosition } from '../../../src/sky/twoBody.ts';

const f64 = (values: readonly number[]): Column => ({ type: 'f64', unit: '', doc: '', values: Float64Array.from(values) });
const i64 = (values: readonly bigint[]): Column => ({ type: 'i64', unit: '', doc: '', values: BigInt64Array.from(values) });
const tableOf = (columns: Record<string, Column>): Table => ({ nRows: Object.values(columns)[0]!.values.length, columns });

const asteroid = { q_au: 1.9, e: 0.15, inclination_deg: 8, node_deg: 120, argPerihelion_deg: 30, perihelionTime_mjd: 60_020 };
const earthLike = { q_au: 0.983, e: 0.0167, inclination_deg: 0, node_deg: 0, argPerihelion_deg: 103, perihelionTime_mjd: 59_947 };
const days = Array.from({ length: 12 }, (_, k) => 59_998 + k);
const truth = (mjd: number): [number, number] => apparentDirection(asteroid, twoBodyPosition(earthLike, mjd), mjd);

describe('astro/association/solarSystem', () => {
  const daily = tableOf({
    ssObjectId: i64(days.map(() => 5n)), mjd: f64(days), ra: f64(days.map(d => truth(d)[0])), dec: f64(days.map(d => truth(d)[1])),
  });
  it('between daily positions an asteroid is found to a hundredth of an arcsecond; outside of them it has none', () => {
    const ephemeris = tabulatedEphemeris(daily);
    for (const mjd of [59_998, 59_998.3, 60_003.5, 60_008.9, 60_009]) {
      const { ids, ra, dec } = ephemeris(mjd);
      expect(ids).to.deep.equal([5n]);
      expect(separation_arcsec(ra[0]!, dec[0]!, ...truth(mjd))).to.be.below(0.01);
    }
    for (const mjd of [59_997.9, 60_009.1]) expect(ephemeris(mjd).ids).to.deep.equal([]);
    const once = tabulatedEphemeris(tableOf({
      ssObjectId: i64([1n, 2n]), midpointMjdTai: f64([60_000, NaN]), ra: f64([1, 2]), dec: f64([3, 4]),
    }));
    expect(once(60_000 + 20 / 86_400).ids).to.deep.equal([1n]);
    expect(once(60_000 + 40 / 86_400).ids).to.deep.equal([]);
  });
  it('from orbital elements and a table of the observer', () => {
    const orbits = tableOf({
      ssObjectId: i64([5n, 6n]), e: f64([0.15, 0.1]), i: f64([8, NaN]), node: f64([120, 1]), argperi: f64([30, 1]),
      q: f64([1.9, 2]), peri_time: f64([60_020, 60_000]),
    });
    const places = days.map(d => twoBodyPosition(earthLike, d));
    const observer = tabulatedObserver(tableOf({
      mjd: f64(days), x: f64(places.map(p => p[0])), y: f64(places.map(p => p[1])), z: f64(places.map(p => p[2])),
    }));
    const { ids, ra, dec } = orbitalEphemeris(orbits, observer)(60_003.5);
    expect(ids).to.deep.equal([5n]);
    expect(separation_arcsec(ra[0]!, dec[0]!, ...truth(60_003.5))).to.be.below(0.01);
    expect(orbitalEphemeris(orbits, observer)(60_100).ids).to.deep.equal([]);
    const byAnomaly = tableOf({
      ssObjectId: i64([5n]), e: f64([0.15]), i: f64([8]), node: f64([120]), argperi: f64([30]),
      a: f64([1.9 / 0.85]), mean_anomaly: f64([0]), epoch_mjd: f64([60_020]),
    });
    expect(orbitalEphemeris(byAnomaly, observer)(60_003.5).ra[0]).to.be.closeTo(ra[0]!, 1e-9);
  });
  it('closest pairs first, each source and object once', () => {
    const at = (...offsets: number[]): { ra: number[]; dec: number[] } => {
      const found = offsets.map(d => offsetBy(20, 10, 0, d));
      return { ra: found.map(p => p[0]), dec: found.map(p => p[1]) };
    };
    const [sources, objects] = [at(0, 0.9, 50), at(0.5, 1.2)];
    expect([...matchSolarSystem(sources.ra, sources.dec, { ids: [1n, 2n], ...objects }, 1)]).to.deep.equal([0, 1, -1]);
    expect([...matchSolarSystem([NaN], [0], { ids: [1n], ra: [NaN], dec: [0] }, 1)]).to.deep.equal([-1]);
  });
  it('marks the sources of each visit; those that were marked stay; 0 is no object', () => {
    const { sources } = diaSourceCatalog({ nVisits: 2, sourcesPerVisit: 5, crowdedFraction: 0 });
    const [ra, dec, time] = [column(sources, 'ra', 'f64'), column(sources, 'dec', 'f64'), column(sources, 'midpointMjdTai', 'f64')];
    const table = (ids: readonly bigint[]): Table => tableOf({
      ssObjectId: i64(ids), mjd: f64([time[0]!, time[1]!]), ra: f64([ra[0]!, ra[1]!]), dec: f64([dec[0]!, dec[1]!]),
    });
    const marked = withColumns(sources, { ssObjectId: i64(Array.from(ra, (_, i) => (i === 1 ? 7n : 0n))) });
    const { catalog, nMatched } = withSolarSystemObjects(marked, tabulatedEphemeris(table([41n, 42n])), 1);
    expect(nMatched).to.equal(1);
    expect([...column(catalog, 'ssObjectId', 'i64')].slice(0, 3)).to.deep.equal([41n, 7n, 0n]);
    expect(() => withSolarSystemObjects(sources, tabulatedEphemeris(table([0n, 1n])), 1)).to.throw(ApError, 'other than 0');
  });
});
