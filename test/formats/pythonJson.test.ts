import { expect } from 'chai';
import fc from 'fast-check';
import { parsePythonJson, pythonJsonText } from '../../src/formats/pythonJson.ts';

describe('formats/pythonJson', () => {
  // Expected: json.dumps(..., ensure_ascii=False) of Python 3.11.
  const texts: readonly (readonly [unknown, string])[] = [
    [NaN, 'NaN'], [-Infinity, '-Infinity'], [-0, '-0.0'], [{ a: [1, 'x', true, null], b: {} }, '{"a": [1, "x", true, null], "b": {}}'],
    ['NaN "é"\n', '"NaN \\"é\\"\\n"'], [{ a: undefined, b: [undefined] }, '{"b": [null]}'],
  ];
  for (const [value, text] of texts) it(`writes ${text}`, () => expect(pythonJsonText(value)).to.equal(text));

  it('any value comes back', () => {
    const { value } = fc.letrec(tie => ({
      value: fc.oneof({ depthSize: 'small' }, fc.double(), fc.string(), fc.constantFrom('NaN', '"-Infinity"', '\\', '\\"NaN'), fc.boolean(), fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(fc.string().filter(k => k !== '__proto__'), tie('value'), { maxKeys: 4, noNullPrototype: true })),
    }));
    fc.assert(fc.property(value, v => { expect(parsePythonJson(pythonJsonText(v))).to.deep.equal(v); }), { numRuns: 300, seed: 1 });
  });
  for (const text of ['{"a": nan}', 'Infinit', '+Infinity', '[NaN', '{"a": NaNs}', '']) {
    it(`refuses ${JSON.stringify(text)}`, () => expect(() => parsePythonJson(text)).to.throw(SyntaxError));
  }
});
