import { expect } from 'chai';
import fc from 'fast-check';
import { ApError } from '../../src/model/errors.ts';
import {
  isoOfTaiNs, mjdTaiOfNs, nsOfMjdTai, taiMinusUtc_s, taiNsOfMjdUtc, taiNsOfTaiIso, taiNsOfUtcIso, utcIsoOfTaiNs,
} from '../../src/sky/time.ts';

describe('sky/time', () => {
  // Origin: the first from a Gen3 butler client; offsets from IERS Bulletin C and the leap-second list.
  it('golden: TAI text to nanoseconds and back', () => {
    expect(taiNsOfTaiIso('2026-01-02T03:04:05.123456789')).to.equal(1767323045123456789n);
    expect(isoOfTaiNs(1767323045123456789n)).to.equal('2026-01-02T03:04:05.123456789');
    expect(taiNsOfUtcIso('2026-01-02T03:03:28.123456789Z')).to.equal(1767323045123456789n);
  });
  const utc: [string, bigint][] = [
    ['2005-10-05T04:44:18', 1128487458n + 32n],
    ['2005-12-31T23:59:60', 1136073600n + 32n],
    ['2006-01-01T00:00:00', 1136073600n + 33n],
    ['2016-12-31T23:59:59', 1483228799n + 36n],
    ['2016-12-31 23:59:60Z', 1483228800n + 36n],
    ['2017-01-01', 1483228800n + 37n],
    ['1969-12-31T23:59:58', 8n],
  ];
  for (const [text, second] of utc) {
    it(`UTC ${text}`, () => {
      expect(taiNsOfUtcIso(text)).to.equal(second * 1_000_000_000n);
      expect(taiNsOfUtcIso(utcIsoOfTaiNs(second * 1_000_000_000n))).to.equal(second * 1_000_000_000n);
    });
  }
  it('writes the leap second as 60', () => {
    expect(utcIsoOfTaiNs(taiNsOfUtcIso('2016-12-31T23:59:60.5'))).to.equal('2016-12-31T23:59:60.500000000');
  });
  it('modified Julian dates', () => {
    expect(mjdTaiOfNs(taiNsOfTaiIso('2000-01-01T12:00:00'))).to.equal(51544.5);
    expect(nsOfMjdTai(40587)).to.equal(0n);
    expect(mjdTaiOfNs(taiNsOfMjdUtc(53648.0)) - 53648).to.be.closeTo(32 / 86400, 1e-10);
    expect(taiMinusUtc_s(17200)).to.equal(37);
  });
  it('text and nanoseconds are one to one', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 18n), max: 4102444800000000000n }), ns => {
      expect(taiNsOfTaiIso(isoOfTaiNs(ns))).to.equal(ns);
      expect(taiNsOfUtcIso(utcIsoOfTaiNs(ns))).to.equal(ns);
      expect(Number(nsOfMjdTai(mjdTaiOfNs(ns)) - ns)).to.be.within(-1000, 1000);
    }), { seed: 3, numRuns: 500 });
  });
  for (const text of ['2005-13-01', '2005-02-30', '2005-10-05T24:00', '2005-10-05T04:44:60', '2016-12-30T23:59:60', 'x']) {
    it(`refuses '${text}'`, () => expect(() => taiNsOfUtcIso(text)).to.throw(ApError, text));
  }
});
