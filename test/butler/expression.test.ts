import { expect } from 'chai';
import { parseWhere } from '../../src/butler/expression.ts';
import { expectError } from './fixtures.ts';

const dataIds = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(visit => ({
  instrument: 'sim', visit, exposure: visit, detector: visit % 2, band: visit < 6 ? 'g' : 'r', physical_filter: visit < 6 ? 'sim-g' : "sim'r",
}));

describe('data queries', () => {
  const cases: readonly [string, readonly number[]][] = [
    ['', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['visit = 3', [3]], ['3 == visit', [3]], ['visit != 3 and visit < 5', [1, 2, 4]], ['visit <> 3 AND visit <= 3', [1, 2]],
    ['visit >= 8', [8, 9]], ['visit > 8', [9]], ['visit > -1 and visit < 2', [1]],
    ["band='g'", [1, 2, 3, 4, 5]], ['band = "r"', [6, 7, 8, 9]], ["physical_filter = 'sim''r'", [6, 7, 8, 9]], ["band > 'g'", [6, 7, 8, 9]],
    ['visit in (1..4)', [1, 2, 3, 4]], ['visit in (1..9:2)', [1, 3, 5, 7, 9]], ['visit in (2..9:3, 1, 9..9)', [1, 2, 5, 8, 9]],
    ['visit IN (1..4) and detector=0 and band=\'g\'', [2, 4]], ["band in ('r', 'i')", [6, 7, 8, 9]], ['visit not in (2..9)', [1]],
    ['not visit in (2..9)', [1]], ['not not visit = 1', [1]],
    ['visit = 1 or visit = 2 and detector = 1', [1]], ['(visit = 1 or visit = 2) and detector = 0', [2]],
    ['not (visit = 1 or visit > 2)', [2]], ['exposure = visit and visit in (5)', [5]], ['  visit\n=\t1  ', [1]],
  ];
  for (const [text, visits] of cases) {
    it(text === '' ? 'nothing selects everything' : text.replaceAll(/\s+/g, ' '), () =>
      expect(dataIds.filter(parseWhere(text)).map(d => d.visit)).to.deep.equal(visits));
  }

  it('a dimension that a data ID does not have is unknown, and so is its opposite', () => {
    const bare = { instrument: 'sim', detector: 0 };
    expect(['visit = 1', 'not visit = 1', 'visit not in (1)', 'visit = 1 and detector = 0'].map(text => parseWhere(text)(bare)))
      .to.deep.equal([false, false, false, false]);
    expect(['visit = 1 or detector = 0', 'not (visit = 1 and detector = 1)'].map(text => parseWhere(text)(bare))).to.deep.equal([true, true]);
  });

  const mistakes: readonly [string, number, RegExp][] = [
    ['visit', 6, /found: the end; expected: a comparison/],
    ['visit = ', 9, /found: the end; expected: a dimension, number or text/],
    ['visit = 1 detector = 2', 11, /found: 'detector'; expected: and, or, or the end/],
    ['galaxy = 1', 1, /found: 'galaxy'; expected: a dimension/],
    ['visit_detector_region = 1', 1, /expected: a dimension/],
    ['visit.exposure_time > 30', 1, /found: 'visit\.exposure_time'; expected: a dimension/],
    ["visit = 'g'", 9, /expected: an integer/], ['band = 1', 8, /expected: text in quotes/], ['band = g', 8, /found: 'g'; expected: a dimension/],
    ['visit in 1', 10, /expected: '\('/], ['visit in ()', 11, /expected: an integer/], ['visit in (1, )', 14, /expected: an integer/],
    ['visit in (1..)', 14, /expected: an integer/], ['visit in (4..1)', 14, /not below 4/], ['visit in (1..4:0)', 16, /stride of 1/],
    ['visit in (1..4', 15, /found: the end; expected: '\)'/], ["visit in ('a')", 11, /expected: an integer/], ["band in (1)", 10, /text in quotes/],
    ['(visit = 1', 11, /expected: '\)'/], ['visit = 1)', 10, /found: '\)'/], ['visit ! 1', 7, /found: '!'/], ["band = 'g", 8, /closing quote/],
    ['visit = 99999999999999999999', 9, /below 2\^53/], ['visit = 1.5', 10, /found: '\.'/], ['and visit = 1', 1, /found: 'and'/],
    ['visit not 1', 11, /expected: 'in'/],
  ];
  for (const [text, column, words] of mistakes) {
    it(`says where: ${text}`, () => {
      expectError(() => parseWhere(text), 'BAD_QUERY', words);
      expectError(() => parseWhere(text), 'BAD_QUERY', new RegExp(`column ${column} of`));
    });
  }
});
