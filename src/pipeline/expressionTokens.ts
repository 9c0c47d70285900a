/** Words of a contract expression: Python's, as far as contracts and config values need them. */
import { badPipeline } from './badPipeline.ts';

export type Token =
  | { readonly type: 'number'; readonly value: number; readonly text: string }
  | { readonly type: 'string'; readonly value: string; readonly text: string }
  | { readonly type: 'name'; readonly text: string }
  | { readonly type: 'operator'; readonly text: string }
  | { readonly type: 'end'; readonly text: '' };

const PATTERNS = [
  ['number', /^(?:0[xX][0-9a-fA-F]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/],
  ['string', /^(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")/],
  ['name', /^[A-Za-z_]\w*/],
  ['operator', /^(?:==|!=|<=|>=|\/\/|[<>+\-*/%().,[\]{}:=])/],
] as const;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** Throws BAD_PIPELINE at the first character that belongs to no word. */
export function tokensOf(text: string, where: string): readonly Token[] {
  const tokens: Token[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const token = nextToken(rest);
    if (token === null) {
      throw badPipeline({ where, found: `'${rest[0]!}' in the expression '${text}'`, expected: 'names, literals and operators' });
    }
    tokens.push(token);
    rest = rest.slice(token.text.length).trimStart();
  }
  tokens.push({ type: 'end', text: '' });
  return tokens;
}

function nextToken(rest: string): Token | null {
  for (const [type, pattern] of PATTERNS) {
    const text = pattern.exec(rest)?.[0];
    if (text === undefined) continue;
    if (type === 'number') return { type, text, value: Number(text.replaceAll('_', '')) };
    if (type === 'string') return { type, text, value: unquote(text) };
    return { type, text };
  }
  return null;
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_, c: string) => ESCAPES[c] ?? c);
}
