/** Known bad regions of a detector. */
import type { MaskedImage } from '../../model/image.ts';
import type { Defect } from '../../model/instrument.ts';
import { MASK, MASK_BITS } from '../../model/mask.ts';
import type { MaskPlane } from '../../model/mask.ts';
import { column, numbers, tableFromRows } from '../../model/table.ts';
import type { ColumnSpec, Table } from '../../model/table.ts';
import { ApError } from '../../model/errors.ts';

/** Columns of a defects table: rectangles in detector pixels, 0-based. */
export const DEFECT_COLUMNS: readonly ColumnSpec[] = [
  { name: 'x0', type: 'i32', unit: 'pixel', doc: 'first column of the rectangle' },
  { name: 'y0', type: 'i32', unit: 'pixel', doc: 'first row of the rectangle' },
  { name: 'width', type: 'i32', unit: 'pixel', doc: 'number of columns' },
  { name: 'height', type: 'i32', unit: 'pixel', doc: 'number of rows' },
  { name: 'plane', type: 'string', unit: '', doc: 'mask plane that is set, usually BAD' },
];

/** Rectangles of a table with DEFECT_COLUMNS; `plane` may be absent and is then BAD. Throws BAD_FORMAT for an unknown plane. */
export function defectsOfTable(table: Table): Defect[] {
  const [x0, y0, width, height] = ['x0', 'y0', 'width', 'height'].map(name => numbers(table, name)) as
    [Float64Array, Float64Array, Float64Array, Float64Array];
  const planes = table.columns.plane === undefined ? null : column(table, 'plane', 'string');
  return Array.from({ length: table.nRows }, (_, i) => {
    const plane = planes?.[i] ?? 'BAD';
    if (!(plane in MASK_BITS)) {
      throw new ApError('BAD_FORMAT', { where: `defects, row ${i}`, found: plane, expected: 'a mask plane' });
    }
    return { x0: x0[i]!, y0: y0[i]!, width: width[i]!, height: height[i]!, plane: plane as MaskPlane };
  });
}

/** Sets the plane of each rectangle in the mask; parts outside the image are ignored. Returns the number of pixels inside. */
export function applyDefects(target: MaskedImage, defects: readonly Defect[]): number {
  let n = 0;
  for (const defect of defects) {
    const xEnd = Math.min(target.width, defect.x0 + defect.width);
    const yEnd = Math.min(target.height, defect.y0 + defect.height);
    for (let y = Math.max(0, defect.y0); y < yEnd; y++) {
      for (let x = Math.max(0, defect.x0); x < xEnd; x++) {
        target.mask[y * target.width + x]! |= MASK[defect.plane];
        n++;
      }
    }
  }
  return n;
}

/** A defects table from text lines `x0 y0 width height [plane]`; `#` begins a comment. @throws ApError BAD_FORMAT naming the line. */
export function parseDefectsText(text: string): Table {
  const rows = text.split('\n').flatMap((line, k) => {
    const words = line.replace(/#.*/, '').trim().split(/[\s,]+/).filter(word => word !== '');
    if (words.length === 0) return [];
    const [x0, y0, width, height] = words.slice(0, 4).map(Number) as [number, number, number, number];
    const plane = words[4] ?? 'BAD';
    if (words.length < 4 || words.length > 5
      || ![x0, y0, width, height].every(Number.isInteger) || width < 1 || height < 1 || !(plane in MASK_BITS)) {
      throw new ApError('BAD_FORMAT', { where: `defects, line ${k + 1}`, found: `'${line.trim().slice(0, 60)}'`, expected: 'x0 y0 width height [plane]' });
    }
    return [{ x0, y0, width, height, plane }];
  });
  return tableFromRows(DEFECT_COLUMNS, rows);
}
