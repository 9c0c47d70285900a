/** Text of foreign origin (names, messages) made fit for a page: short, and without characters that act on their surroundings. */
import type { VerificationResult } from '../model/verification.ts';
import { numberText } from './format.ts';

/** Longer texts are cut here, and say by how much. */
const MAX_TEXT = 600;
/** Control characters, and marks that turn the direction of writing for what follows them. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * The result with every text readable (names are changed alike everywhere, so that they still match). Numbers are
 * not touched; lists of numbers, the pixels of cutouts among them, are shared with the argument, not copied.
 */
export function readableResult(result: VerificationResult): VerificationResult {
  return readableValue(result) as VerificationResult;
}

function readableValue(value: unknown): unknown {
  if (typeof value === 'string') return readableText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.every(v => typeof v === 'number' || v === null) ? value : value.map(readableValue);
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [readableText(key), readableValue(v)]));
}

/** White space runs become one space, other control characters the replacement sign; 600 characters at most. */
export function readableText(text: string): string {
  const visible = text.slice(0, 4 * MAX_TEXT).toWellFormed().replace(/\s+/g, ' ').replace(UNSEEN, '\ufffd');
  const characters = [...visible];
  if (text.length <= 4 * MAX_TEXT && characters.length <= MAX_TEXT) return visible;
  const rest = text.length - MAX_TEXT;
  return `${characters.slice(0, MAX_TEXT).join('')} … (about ${numberText(rest, 12)} more characters)`;
}
