/** The one error of this room's readers, and the search for the name that was probably meant. */
import { ApError } from '../model/errors.ts';

interface Complaint {
  /** `file:line:column`, or the words of the command line. */
  readonly where: string;
  readonly found: string;
  readonly expected?: string | undefined;
  readonly todo?: string | undefined;
}

/** A BAD_PIPELINE error that says where, what was found, what was expected and what to do. */
export function badPipeline(complaint: Complaint): ApError {
  return new ApError('BAD_PIPELINE', { ...complaint });
}

/** BAD_PIPELINE for a name that is not among the known ones, with the nearest of them. */
export function unknownName(kind: string, name: string, known: Iterable<string>, where: string): ApError {
  const names = [...known].sort();
  const near = nearestName(name, names);
  return badPipeline({
    where,
    found: `unknown ${kind} '${name}'`,
    expected: names.length === 0 ? `no ${kind} is known here` : `one of ${names.join(', ')}`,
    todo: near === null ? undefined : `did you mean '${near}'?`,
  });
}

/** The known name with the fewest edits (case counts half); null when none is near. */
export function nearestName(name: string, known: readonly string[]): string | null {
  const limit = Math.max(2, Math.floor(name.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    const distance = Math.min(
      editDistance(name, candidate),
      editDistance(name.toLowerCase(), candidate.toLowerCase()) + 0.5,
    );
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance, O(length * length). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
