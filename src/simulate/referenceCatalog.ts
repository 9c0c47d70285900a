/** Reference catalog of the simulated field: stars with small errors of position and flux, by HTM trixel. */
import { nJyOfAbMag } from '../model/photoCalib.ts';
import { selectRows, tableFromRows } from '../model/table.ts';
import type { ColumnSpec, Table } from '../model/table.ts';
import { random } from '../numeric/random.ts';
import { htmIndex } from '../sky/htm.ts';
import { planeToSky } from '../sky/wcs.ts';
import { BANDS } from './sky.ts';
import type { SkySource } from './sky.ts';

/** HTM level of the shards. */
export const REFCAT_HTM_LEVEL = 7;
const FAINTEST_MAG = 22.5;

const spec = (name: string, type: ColumnSpec['type'], unit: string, doc: string): ColumnSpec => ({ name, type, unit, doc });

/** Columns of a reference catalog with the given bands. */
export function refcatColumns(bands: readonly string[]): ColumnSpec[] {
  return [
    spec('id', 'i64', '', 'object id'), spec('ra', 'f64', 'deg', 'ICRS'), spec('dec', 'f64', 'deg', 'ICRS'),
    ...bands.flatMap(band => [
      spec(`${band}_flux`, 'f64', 'nJy', `AB flux in ${band}`), spec(`${band}_fluxErr`, 'f64', 'nJy', '1-sigma error'),
    ]),
  ];
}

/** Stars and variables brighter than 22.5 in r: positions good to 2 mas and worse when faint, fluxes to 0.5 % and worse when faint. */
export function referenceCatalog(sources: readonly SkySource[], seed: number): Table {
  const draw = random(seed, 'reference catalog');
  const stars = sources.filter(s => (s.kind === 'star' || s.kind === 'variable') && s.flux_nJy.r > nJyOfAbMag(FAINTEST_MAG));
  const rows = stars.map(star => {
    const faintness = nJyOfAbMag(19) / star.flux_nJy.r;
    const position_mas = Math.hypot(2, 2 * faintness);
    const [ra, dec] = planeToSky([star.ra, star.dec], (position_mas * draw.normal()) / 3.6e6, (position_mas * draw.normal()) / 3.6e6);
    const fluxes = BANDS.flatMap(band => {
      const error = star.flux_nJy[band] * Math.hypot(0.005, 0.004 * nJyOfAbMag(19) / star.flux_nJy[band]);
      return [[`${band}_flux`, star.flux_nJy[band] + error * draw.normal()], [`${band}_fluxErr`, error]] as const;
    });
    return { id: star.id, ra, dec, ...Object.fromEntries(fluxes) };
  });
  return tableFromRows(refcatColumns(BANDS), rows);
}

/** The rows of each trixel, by rising trixel. */
export function shardByTrixel(catalog: Table): { readonly htm7: number; readonly table: Table }[] {
  const { ra, dec } = catalog.columns as unknown as { ra: { values: Float64Array }; dec: { values: Float64Array } };
  const rows = new Map<number, number[]>();
  for (let i = 0; i < catalog.nRows; i++) {
    const htm7 = htmIndex(REFCAT_HTM_LEVEL, ra.values[i]!, dec.values[i]!);
    rows.set(htm7, [...(rows.get(htm7) ?? []), i]);
  }
  return [...rows].sort(([a], [b]) => a - b).map(([htm7, list]) => ({ htm7, table: selectRows(catalog, list) }));
}
