/**
 * JSON as Python's `json` module writes it: NaN, Infinity and -Infinity as bare words, `, ` and `: ` between items.
 * The Rubin middleware keeps task metadata and image trees in this form.
 */

/** Takes the place of a bare word while `JSON.parse` runs; a JSON string cannot hold this key by chance unescaped. */
const MARK = '\u0000number';

/** Text of a value made of plain objects, arrays, strings, numbers, booleans and null; undefined members are left out. */
export function pythonJsonText(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0.0';
  if (Array.isArray(value)) return `[${value.map(pythonJsonText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}: ${pythonJsonText(item)}`).join(', ')}}`;
}

/** The reverse; accepts the bare words and nothing else beyond JSON. Throws SyntaxError. */
export function parsePythonJson(text: string): unknown {
  if (!/NaN|Infinity/.test(text)) return JSON.parse(text);
  const words = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;
  const marked = text.replace(words, word => (word.startsWith('"') ? word : `{"\\u0000number":"${word}"}`));
  return JSON.parse(marked, (_, value: unknown) => {
    const word = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[MARK] : undefined;
    return typeof word === 'string' ? Number(word) : value;
  });
}
