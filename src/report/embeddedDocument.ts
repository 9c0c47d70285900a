/** The result as JSON inside the page, for programs. */
import type { VerificationResult } from '../model/verification.ts';

/**
 * JSON that may stand in a script element: `<`, `>`, `&` and the line separators of JavaScript are escaped. Pixels are
 * left out (`data` of cutouts and `bytes` of detector pictures are null): the page shows them as pictures.
 */
export function embeddedDocument(result: VerificationResult): string {
  const text = JSON.stringify(result, (key, value: unknown) => (isPixels(key, value) ? null : value));
  return text.replace(/[<>&\u2028\u2029]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function isPixels(key: string, value: unknown): boolean {
  return (key === 'data' && Array.isArray(value)) || (key === 'bytes' && typeof value === 'string');
}
