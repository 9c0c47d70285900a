import { expect } from 'chai';
import { junitXml } from '../../src/harness/exports/junit.ts';
import type { Verdict } from '../../src/model/verification.ts';
import { resultOf, verdictOf } from './results.ts';

const xml = (...verdicts: readonly Verdict[]): string => junitXml(resultOf({ verdicts }));
const counts = (text: string): string[] => ['tests', 'failures', 'errors', 'skipped'].map(word => new RegExp(` ${word}="(\\d+)"`).exec(text)![1]!);

/** Checks that tags nest and that no bare `<` or `&` is left; throws where they do not. */
function checkWellFormed(text: string): void {
  const open: string[] = [];
  const rest = text.replace(/<\?xml[^?]*\?>/, '').replace(/<(\/?)(\w+)((?:\s[\w.]+="[^"<]*")*)\s*(\/?)>/g, (_, close: string, name: string, _attributes, empty: string) => {
    if (close !== '') expect(open.pop(), `</${name}>`).to.equal(name);
    else if (empty === '') open.push(name);
    return '';
  });
  expect(open).to.deep.equal([]);
  expect(rest).not.to.match(/[<>]|&(?!amp;|lt;|gt;|quot;|#\d+;)/);
}

describe('harness/junit', () => {
  const rows: readonly [string, Verdict, string[], RegExp][] = [
    ['pass', verdictOf(), ['1', '0', '0', '0'], /<testcase classname="pkg.M" name="pkg.M.limit" file="specs.yaml"\/>/],
    ['failing gate', verdictOf({ status: 'fail', value: 12, margin: -2 }), ['1', '1', '0', '0'],
      /<failure message="observed 12; interval 4 \.\. 6; n 100; bound &lt; 10 mas; margin -2; [^"]*" type="fail">/],
    ['incomplete gate', verdictOf({ status: 'incomplete', value: null, interval: null, n: null, margin: null, reason: 'missing: x' }),
      ['1', '0', '1', '0'], /<error message="incomplete: missing: x" type="fail">observed nothing; bound &lt; 10 mas; missing: x/],
    ['failing warning', verdictOf({ status: 'fail' }, { severity: 'warn' }), ['1', '0', '0', '1'], /<skipped message="fail: [^"]*"\/>/],
    ['note', verdictOf({ status: 'note', reason: 'not applicable: no truth' }), ['1', '0', '0', '1'], /<skipped message="note: not applicable: no truth"\/>/],
    ['keys are in the name', verdictOf({}, { keys: { band: 'g', visit: 3 } }), ['1', '0', '0', '0'], /name="pkg.M.limit band=g visit=3"/],
  ];
  for (const [name, verdict, expected, pattern] of rows) {
    it(name, () => {
      const text = xml(verdict);
      checkWellFormed(text);
      expect(counts(text)).to.deep.equal(expected);
      expect(text).to.match(pattern);
    });
  }

  it('a suite of all kinds adds up, and says which run it was', () => {
    const text = xml(...rows.map(([, verdict]) => verdict));
    expect(counts(text)).to.deep.equal(['6', '1', '1', '2']);
    expect(text).to.include('<testsuite name="a-set / ApPipe"').and.to.include('time="12.500"').and.to.include('timestamp="2026-11-24T10:00:00Z"');
    expect(text).to.include('<property name="pipeline.configHash" value="c0ffee"/>').and.to.include('<property name="exitCode" value="0"/>');
  });

  it('without verdicts it is still a document', () => {
    checkWellFormed(xml());
    expect(counts(xml())).to.deep.equal(['0', '0', '0', '0']);
  });

  it('any text is safe: markup, quotes, line ends, control characters, half a surrogate pair', () => {
    const reason = 'a <b> & "c" \n\t\r \u0000\u001b[31m \ud800 x \udc00 \ud83d\udd2d \uffff';
    const text = xml(verdictOf({ status: 'fail', reason }, { source: 'a&b.yaml:1' }));
    checkWellFormed(text);
    expect(text).to.include('a &lt;b&gt; &amp; &quot;c&quot; &#10;&#9;&#13; \ufffd\ufffd[31m \ufffd x \ufffd \ud83d\udd2d \ufffd');
  });
});
