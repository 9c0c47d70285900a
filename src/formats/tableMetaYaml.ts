/** The header that astropy puts into Parquet files (`table_meta_yaml`): name, unit and description of each column, as YAML. */
import { parse } from 'yaml';
import type { ColumnType, Table } from '../model/table.ts';
import { pythonJsonText } from './pythonJson.ts';

const DATATYPE: Readonly<Record<ColumnType, string>> = {
  f64: 'float64', f32: 'float32', i32: 'int32', i64: 'int64', bool: 'bool', string: 'string',
};

export interface ColumnNotes { readonly unit?: string; readonly doc?: string }

/** One line a column, each a YAML flow mapping that is JSON as well. Empty units and descriptions are left out. */
export function tableMetaYaml(table: Table): string {
  const lines = Object.entries(table.columns).map(([name, { type, unit, doc }]) =>
    `- ${pythonJsonText({ name, unit: unit || undefined, datatype: DATATYPE[type], description: doc || undefined })}`);
  return lines.length === 0 ? 'datatype: []' : ['datatype:', ...lines].join('\n');
}

/** Notes by column name; a header that is absent or cannot be understood gives none, for the numbers do not need it. */
export function columnNotes(text: string | undefined): Map<string, ColumnNotes> {
  const notes = new Map<string, ColumnNotes>();
  for (const column of declarations(text)) {
    const { name, unit, description } = column as Record<string, unknown>;
    if (typeof name !== 'string') continue;
    notes.set(name, {
      ...(typeof unit === 'string' ? { unit } : {}), ...(typeof description === 'string' ? { doc: description } : {}),
    });
  }
  return notes;
}

function declarations(text: string | undefined): object[] {
  if (text === undefined) return [];
  const list = ownLines(text) ?? (yamlOrNull(text) as { datatype?: unknown } | null)?.datatype;
  return Array.isArray(list) ? list.filter(item => typeof item === 'object' && item !== null) : [];
}

/** Our own lines are JSON, which is 50 times faster to read than YAML. */
function ownLines(text: string): unknown[] | null {
  const [first, ...lines] = text.split('\n');
  if (first !== 'datatype:' || !lines.every(line => line.startsWith('- {"'))) return null;
  try {
    return JSON.parse(`[${lines.map(line => line.slice(2)).join(',')}]`) as unknown[];
  } catch {
    return null;
  }
}

function yamlOrNull(text: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch {
    return null;
  }
}
