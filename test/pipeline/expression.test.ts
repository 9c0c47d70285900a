import { expect } from 'chai';
import { ApError } from '../../src/model/errors.ts';
import { evaluateExpression, looseLiteral } from '../../src/pipeline/expression.ts';

const scope = {
  a: { n: 3, s: 'abc', list: [1, 2], flag: true, nothing: null, sub: { x: 1.5 } },
  b: { connections: { out: 'y', ConnectionsClass: () => ({ out: { name: 'y_expanded' } }) } },
};

describe('contract expressions', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['a.n == 3', true], ['a.n != 3', false], ['a.sub.x < 2', true], ['1 < a.n <= 3', true], ['1 < a.n < 3', false],
    ['a.flag and a.n > 5 or a.s == "abc"', true], ['not a.flag', false], ['not a.flag == False', true],
    ['"b" in a.s', true], ['3 not in a.list', true], ['a.nothing is None', true], ['a.n is not None', true],
    ['a.s + ".summary" == "abc.summary"', true], ["'x' 'y' == 'xy'", true], ['-a.n + 2 * 3', 3], ['7 // 2', 3], ['-7 % 3', 2],
    ['(1, 2) == a.list', true], ['[]', []], ['()', []], ['(1)', 1], ['{"k": [1, None]}', { k: [1, null] }], ['1e-3', 0.001], ['1_000', 1000],
    ['b.connections.ConnectionsClass(config=b).out.name == "y_expanded"', true], ['b.connections.out', 'y'],
    ["a.nothing or 'fallback'", 'fallback'], ['0x10', 16],
  ];
  for (const [text, expected] of rows) {
    it(text, () => { expect(evaluateExpression(text, scope, 'here')).to.deep.equal(expected); });
  }

  const bad = ['a.n ==', 'a.', '(a.n', 'c.n', 'a.missing', 'a.n.toString', 'a.constructor', '__proto__', 'a.s()', 'a.n + a.s', 'a.s < 3', 'lambda: 1', 'a.n = 3', 'a;b', ''];
  for (const text of bad) {
    it(`${text || 'nothing'} is refused`, () => { expect(() => evaluateExpression(text, scope, 'f.yaml:1:2')).to.throw(ApError, /f\.yaml:1:2/); });
  }

  const loose: readonly (readonly [string, unknown])[] = [
    ['3', 3], ['True', true], ['None', null], ["'3'", '3'], ['median', 'median'], ['a/b.yaml', 'a/b.yaml'], ['[1, "x"]', [1, 'x']], ['', ''],
  ];
  for (const [text, expected] of loose) {
    it(`command line value ${text || '(empty)'}`, () => { expect(looseLiteral(text)).to.deep.equal(expected); });
  }
});
