/**
 * A small, safe evaluator of Python expressions: literals, names, attributes, comparisons, `and or not`,
 * `in`, `is`, arithmetic, and calls of functions that the scope offers. Nothing else can be reached.
 */
import { badPipeline, unknownName } from './badPipeline.ts';
import { tokensOf } from './expressionTokens.ts';
import type { Token } from './expressionTokens.ts';

export type Scope = Readonly<Record<string, unknown>>;
type Evaluate = (scope: Scope) => unknown;

const CONSTANTS: Readonly<Record<string, unknown>> = {
  True: true, False: false, None: null, true: true, false: false, null: null,
};
const COMPARISONS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': equal,
  '!=': (a, b) => !equal(a, b),
  '<': (a, b) => (a as number) < (b as number),
  '<=': (a, b) => (a as number) <= (b as number),
  '>': (a, b) => (a as number) > (b as number),
  '>=': (a, b) => (a as number) >= (b as number),
  in: (a, b) => contains(b, a),
  'not in': (a, b) => !contains(b, a),
  is: equal,
  'is not': (a, b) => !equal(a, b),
};

/** Value of an expression; names come from the scope. Throws BAD_PIPELINE naming `where`. */
export function evaluateExpression(text: string, scope: Scope, where: string): unknown {
  return new Parser(text, where).whole()(scope);
}

/** A value as one writes it on a command line: a literal, or else the text itself. */
export function looseLiteral(text: string): unknown {
  try {
    return literalValue(text, '');
  } catch {
    return text;
  }
}

/** Value of a literal (number, string, True, None, list, mapping ...). */
export function literalValue(text: string, where: string): unknown {
  return evaluateExpression(text, {}, where);
}

/** Python's truth: false, None, 0, '' and empty containers are false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A class only because a parser has a position. Grammar: one method a level of binding. */
class Parser {
  readonly #text: string;
  readonly #where: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string, where: string) {
    this.#text = text;
    this.#where = where;
    this.#tokens = tokensOf(text, where);
  }

  whole(): Evaluate {
    const value = this.#or();
    if (this.#peek().type !== 'end') throw this.#unexpected('the end');
    return value;
  }

  #or(): Evaluate {
    let left = this.#and();
    while (this.#takeText('or')) {
      const [a, b] = [left, this.#and()];
      left = scope => { const value = a(scope); return isTrue(value) ? value : b(scope); };
    }
    return left;
  }

  #and(): Evaluate {
    let left = this.#not();
    while (this.#takeText('and')) {
      const [a, b] = [left, this.#not()];
      left = scope => { const value = a(scope); return isTrue(value) ? b(scope) : value; };
    }
    return left;
  }

  #not(): Evaluate {
    if (!this.#takeText('not')) return this.#comparison();
    const operand = this.#not();
    return scope => !isTrue(operand(scope));
  }

  /** Chains as in Python: `a < b < c` is `a < b and b < c`. */
  #comparison(): Evaluate {
    const first = this.#sum();
    const rest: (readonly [string, Evaluate])[] = [];
    for (let operator = this.#comparisonOperator(); operator !== null; operator = this.#comparisonOperator()) {
      rest.push([operator, this.#sum()]);
    }
    if (rest.length === 0) return first;
    return scope => {
      let left = first(scope);
      for (const [operator, operand] of rest) {
        const right = operand(scope);
        if (/[<>]/.test(operator)) this.#needOrdered(left, right);
        if (!COMPARISONS[operator]!(left, right)) return false;
        left = right;
      }
      return true;
    };
  }

  #comparisonOperator(): string | null {
    const { text, type } = this.#peek();
    if (type === 'operator' && COMPARISONS[text] !== undefined) return this.#next().text;
    if (text === 'in') return this.#next().text;
    if (text === 'is') {
      this.#next();
      return this.#takeText('not') ? 'is not' : 'is';
    }
    if (text === 'not' && this.#tokens[this.#at + 1]?.text === 'in') {
      this.#at += 2;
      return 'not in';
    }
    return null;
  }

  #sum(): Evaluate {
    return this.#leftToRight(['+', '-'], () => this.#product());
  }

  #product(): Evaluate {
    return this.#leftToRight(['*', '/', '//', '%'], () => this.#unary());
  }

  #leftToRight(operators: readonly string[], operand: () => Evaluate): Evaluate {
    let left = operand();
    while (this.#peek().type === 'operator' && operators.includes(this.#peek().text)) {
      const operator = this.#next().text;
      const [a, b] = [left, operand()];
      left = scope => this.#calculate(operator, a(scope), b(scope));
    }
    return left;
  }

  #unary(): Evaluate {
    const sign = this.#peek().text;
    if (this.#peek().type !== 'operator' || (sign !== '-' && sign !== '+')) return this.#postfix();
    this.#next();
    const operand = this.#unary();
    return scope => this.#calculate(sign, 0, operand(scope));
  }

  #postfix(): Evaluate {
    let value = this.#primary();
    for (;;) {
      const object = value;
      if (this.#takeText('.')) {
        const token = this.#next();
        if (token.type !== 'name') throw this.#unexpected('a name', token);
        value = scope => this.#attribute(object(scope), token.text);
      } else if (this.#takeText('(')) {
        this.#arguments();
        value = scope => this.#call(object(scope));
      } else {
        return value;
      }
    }
  }

  /** Arguments are read, so that `ConnectionsClass(config=label)` is understood, but carry nothing. */
  #arguments(): void {
    while (!this.#takeText(')')) {
      if (this.#peek().type === 'name' && this.#tokens[this.#at + 1]?.text === '=') this.#at += 2;
      this.#or();
      if (!this.#takeText(',') && this.#peek().text !== ')') throw this.#unexpected("',' or ')'");
    }
  }

  #primary(): Evaluate {
    const token = this.#next();
    if (token.type === 'number') return () => token.value;
    if (token.type === 'string') {
      let text = token.value;
      for (let next = this.#peek(); next.type === 'string'; next = this.#peek()) {
        text += next.value;
        this.#at++;
      }
      return () => text;
    }
    if (token.type === 'name') return this.#named(token.text);
    if (token.text === '[') return this.#list(']');
    if (token.text === '{') return this.#mapping();
    if (token.text !== '(') throw this.#unexpected('a value', token);
    const before = this.#at;
    const inner = this.#peek().text === ')' ? null : this.#or();
    if (inner !== null && this.#takeText(')')) return inner;
    this.#at = before;
    return this.#list(')');
  }

  #named(name: string): Evaluate {
    if (Object.hasOwn(CONSTANTS, name)) return () => CONSTANTS[name];
    if (['and', 'or', 'not', 'in', 'is', 'if', 'else', 'lambda'].includes(name)) throw this.#unexpected('a value', { type: 'name', text: name });
    return scope => {
      if (!Object.hasOwn(scope, name)) throw unknownName('name in the expression', name, Object.keys(scope), this.#where);
      return scope[name];
    };
  }

  #list(close: string): Evaluate {
    const items: Evaluate[] = [];
    while (!this.#takeText(close)) {
      items.push(this.#or());
      if (!this.#takeText(',') && this.#peek().text !== close) throw this.#unexpected(`',' or '${close}'`);
    }
    return scope => items.map(item => item(scope));
  }

  #mapping(): Evaluate {
    const entries: (readonly [Evaluate, Evaluate])[] = [];
    while (!this.#takeText('}')) {
      const key = this.#or();
      if (!this.#takeText(':')) throw this.#unexpected("':'");
      entries.push([key, this.#or()]);
      if (!this.#takeText(',') && this.#peek().text !== '}') throw this.#unexpected("',' or '}'");
    }
    return scope => Object.fromEntries(entries.map(([key, value]) => [String(key(scope)), value(scope)]));
  }

  #attribute(object: unknown, name: string): unknown {
    const known = typeof object === 'object' && object !== null && !Array.isArray(object) ? Object.keys(object) : [];
    if (!known.includes(name)) throw unknownName(`attribute in '${this.#text}'`, name, known, this.#where);
    return (object as Record<string, unknown>)[name];
  }

  #call(callee: unknown): unknown {
    if (typeof callee === 'function') return (callee as () => unknown)();
    throw badPipeline({ where: this.#where, found: `a call in '${this.#text}'`, expected: 'only ConnectionsClass(config=label)' });
  }

  #calculate(operator: string, a: unknown, b: unknown): unknown {
    if (operator === '+' && typeof a === 'string' && typeof b === 'string') return a + b;
    if (operator === '+' && Array.isArray(a) && Array.isArray(b)) return [...a as unknown[], ...b as unknown[]];
    if (typeof a !== 'number' || typeof b !== 'number') {
      throw badPipeline({ where: this.#where, found: `'${operator}' of ${typeof a} and ${typeof b} in '${this.#text}'` });
    }
    switch (operator) {
      case '+': return a + b;
      case '-': return a - b;
      case '*': return a * b;
      case '/': return a / b;
      case '//': return Math.floor(a / b);
      default: return a - b * Math.floor(a / b);
    }
  }

  #needOrdered(a: unknown, b: unknown): void {
    const ordered = (typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string');
    if (!ordered) throw badPipeline({ where: this.#where, found: `an order between ${typeof a} and ${typeof b} in '${this.#text}'` });
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.type !== 'end') this.#at++;
    return token;
  }

  #takeText(text: string): boolean {
    const token = this.#peek();
    const taken = (token.type === 'name' || token.type === 'operator') && token.text === text;
    if (taken) this.#at++;
    return taken;
  }

  #unexpected(expected: string, token: Token = this.#peek()): Error {
    const found = token.type === 'end' ? 'the end' : `'${token.text}'`;
    return badPipeline({ where: this.#where, found: `${found} in the expression '${this.#text}'`, expected });
  }
}

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]));
  return a === b;
}

function contains(container: unknown, item: unknown): boolean {
  if (typeof container === 'string') return typeof item === 'string' && container.includes(item);
  if (Array.isArray(container)) return container.some(other => equal(other, item));
  return typeof container === 'object' && container !== null && Object.hasOwn(container, String(item));
}
