/** Metadata of a quantum in the form of Rubin's TaskMetadata (scalars, arrays, nested blocks). Its text is that of formats/pythonJson.ts. */

export type MetadataScalar = string | number | boolean | null;

export interface TaskMetadata {
  readonly scalars: Readonly<Record<string, MetadataScalar>>;
  readonly arrays: Readonly<Record<string, readonly MetadataScalar[]>>;
  readonly metadata: Readonly<Record<string, TaskMetadata>>;
}

/** Bits of `quantum.caveats`. */
export const CAVEAT = { ANY_OUTPUTS_MISSING: 1, ALL_OUTPUTS_MISSING: 2, NO_WORK: 4, UPSTREAM_FAILURE_NO_WORK: 16 } as const;

/** A block of scalars without parts. */
export function metadataBlock(
  scalars: TaskMetadata['scalars'], arrays: TaskMetadata['arrays'] = {}, metadata: TaskMetadata['metadata'] = {},
): TaskMetadata {
  return { scalars, arrays, metadata };
}
