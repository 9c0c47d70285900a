/** Text of foreign origin (names, messages) made fit for a page: short, and without characters that act on their surroundings. */
import type { VerificationResult } from '../model/verification.ts';
import { numberText } from './format.ts';

/** Longer texts are cut here, and say by how much. */
const MAX_TEXT = 600;
const MAX_BLOCK = 200_000;
const MAX_LINES = 400;
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
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [readableText(key), isBytes(value, key) ? v : key === 'configuration' ? readableBlocks(v) : readableValue(v)]));
}

/** Pixels in base64 are decoded, never shown. */
function isBytes(owner: object, key: string): boolean {
  return key === 'bytes' && 'block_px' in owner;
}

/** Texts of many lines by name: lines are kept, 400 of them at most. */
function readableBlocks(blocks: unknown): unknown {
  if (typeof blocks !== 'object' || blocks === null) return readableValue(blocks);
  return Object.fromEntries(Object.entries(blocks).map(([label, text]) => {
    const lines = String(text).slice(0, MAX_BLOCK).split('\n');
    const rest = lines.length > MAX_LINES ? [`… (${lines.length - MAX_LINES} more lines)`] : [];
    return [readableText(label), [...lines.slice(0, MAX_LINES).map(line => readableIndented(line)), ...rest].join('\n')];
  }));
}

function readableIndented(line: string): string {
  return `${/^ */.exec(line)![0].slice(0, 40)}${readableText(line.trim())}`;
}

/** White space runs become one space, other control characters the replacement sign; 600 characters at most. */
export function readableText(text: string): string {
  const visible = text.slice(0, 4 * MAX_TEXT).toWellFormed().replace(/\s+/g, ' ').replace(UNSEEN, '\ufffd');
  const characters = [...visible];
  if (text.length <= 4 * MAX_TEXT && characters.length <= MAX_TEXT) return visible;
  const rest = text.length - MAX_TEXT;
  return `${characters.slice(0, MAX_TEXT).join('')} … (about ${numberText(rest, 12)} more characters)`;
}
