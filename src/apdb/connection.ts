/**
 * What the association database asks of a back end: SQL with `?` for parameters and quoted names, answered at once. The
 * statements themselves are the same for all; where the languages differ the connection says which one it speaks.
 */
import type { ApdbLocation } from './location.ts';

/** Integers and truth values are BigInt, real numbers are numbers. */
export type SqlValue = number | bigint | string | null;

export interface SqlConnection {
  readonly dialect: ApdbLocation['kind'];
  /** Name of the database in messages. */
  readonly where: string;
  /** Rows in the order of the selected columns. */
  all(sql: string, parameters?: readonly SqlValue[]): SqlValue[][];
  /** Number of rows changed. */
  run(sql: string, parameters?: readonly SqlValue[]): number;
  /** Appends rows that are given by columns of equal length. */
  insert(table: string, columns: readonly InsertColumn[]): void;
  /** All or nothing, alone among writers. Not to be nested. */
  transaction<R>(action: () => R): R;
  close(): void;
}

export interface InsertColumn {
  readonly name: string;
  /** Type word of the schema (i64, i32, i16, f64, f32, bool, char1, str7). */
  readonly schemaType: string;
  readonly values: readonly SqlValue[];
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Parameter for a list of identifiers of any length; `inList` reads it. */
export function idList({ dialect }: SqlConnection, ids: readonly bigint[]): string {
  return dialect === 'sqlite' ? `[${ids.join(',')}]` : `{${ids.join(',')}}`;
}

/** The rows of one column `id` that a parameter made by `idList` stands for. 64-bit integers stay exact. */
export function listedIds({ dialect }: SqlConnection): string {
  return dialect === 'sqlite' ? '(SELECT value AS id FROM json_each(?))' : '(SELECT unnest(?::bigint[]) AS id)';
}
