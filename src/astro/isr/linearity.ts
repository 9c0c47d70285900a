/** Departure of the electronics from a straight line, corrected amplifier by amplifier. */
import { ApError } from '../../model/errors.ts';
import type { MaskedImage } from '../../model/image.ts';
import type { Detector } from '../../model/instrument.ts';
import { column, numbers } from '../../model/table.ts';
import type { ColumnSpec, Table } from '../../model/table.ts';
import { piecewiseCubic } from '../../numeric/piecewiseCubic.ts';

export const LINEARITY_TYPES = ['Polynomial', 'Squared', 'LookupTable', 'Spline', 'None'] as const;
type LinearityType = (typeof LINEARITY_TYPES)[number];

/**
 * Columns of a linearizer table, several rows an amplifier. `x` and `y` mean: Polynomial, power k >= 2 and coefficient c_k;
 * Squared, 2 and c; LookupTable, value (ADU, steps of 1) and what is added; Spline, knot (ADU) and what is subtracted.
 */
export const LINEARIZER_COLUMNS: readonly ColumnSpec[] = [
  { name: 'amplifier', type: 'string', unit: '', doc: 'name of the amplifier' },
  { name: 'type', type: 'string', unit: '', doc: LINEARITY_TYPES.join(', ') },
  { name: 'x', type: 'f64', unit: '', doc: 'power, value or knot' },
  { name: 'y', type: 'f64', unit: '', doc: 'coefficient or correction' },
];

/** Corrected value (ADU above the zero level) of a value; NaN outside a look-up table. */
export type LinearityCurve = (adu: number) => number;

/** Curves by amplifier name. @throws ApError BAD_FORMAT for an unknown type or an amplifier with two types. */
export function linearityOfTable(table: Table): ReadonlyMap<string, LinearityCurve> {
  const names = column(table, 'amplifier', 'string');
  const types = column(table, 'type', 'string');
  const [x, y] = [numbers(table, 'x'), numbers(table, 'y')];
  const rows = new Map<string, number[]>();
  for (let i = 0; i < table.nRows; i++) rows.set(names[i]!, [...rows.get(names[i]!) ?? [], i]);
  return new Map([...rows].map(([name, list]) => {
    const type = types[list[0]!]!;
    if (!LINEARITY_TYPES.includes(type as LinearityType) || list.some(i => types[i] !== type)) {
      const found = [...new Set(list.map(i => types[i]!))].join(', ');
      throw new ApError('BAD_FORMAT', { where: `linearizer, amplifier ${name}`, found, expected: `one of ${LINEARITY_TYPES.join(', ')}` });
    }
    const sorted = list.toSorted((a, b) => x[a]! - x[b]!);
    return [name, curveOf(type as LinearityType, sorted.map(i => x[i]!), sorted.map(i => y[i]!))];
  }));
}

function curveOf(type: LinearityType, x: readonly number[], y: readonly number[]): LinearityCurve {
  switch (type) {
    case 'None': return v => v;
    case 'Squared': return v => v * (1 + y[0]! * v);
    case 'Polynomial': return v => x.reduce((sum, power, k) => sum + y[k]! * v ** power, v);
    case 'LookupTable': return v => v + (y[Math.round(v) - x[0]!] ?? NaN);
    case 'Spline': {
      const curve = piecewiseCubic(x, y, 'akima');
      const zero = curve(0);
      const top = x.at(-1)! - 0.1;
      return v => v - (curve(Math.min(v, top)) - zero);
    }
  }
}

/**
 * Corrects the image (electrons above the zero level; changed) of every amplifier: out = in + sum c_k in^k, in (1 + c in),
 * in + table[round(in)], or in - spline(in) with the spline shifted to 0 at 0 and constant beyond its last knot (ip_isr
 * linearize). Variance and mask stay. Values outside a look-up table stay as they are and are counted in the result.
 * @throws ApError BAD_FORMAT when an amplifier is not in the table.
 */
export function linearize(target: MaskedImage, detector: Detector, curves: ReadonlyMap<string, LinearityCurve>): number {
  let nOutside = 0;
  for (const { name, detectorBox: box, gain_electronPerAdu: gain } of detector.amplifiers) {
    const curve = curves.get(name);
    if (curve === undefined) {
      throw new ApError('BAD_FORMAT', { where: `linearizer of detector ${detector.name}`, found: [...curves.keys()].join(', '), expected: `amplifier ${name}` });
    }
    for (let y = box.y0; y < box.y0 + box.height; y++) {
      const start = y * target.width + box.x0;
      for (let p = start; p < start + box.width; p++) {
        const value = curve(target.image[p]! / gain) * gain;
        if (Number.isFinite(value)) target.image[p] = value;
        else if (Number.isFinite(target.image[p])) nOutside++;
      }
    }
  }
  return nOutside;
}
