import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { stampPsfFlux } from '../../src/astro/association/stampPhotometry.ts';
import { openPackets, type AlertPacketRecord } from '../../src/formats/alertPackets.ts';
import { readStamp } from '../../src/formats/alertStamp.ts';
import { alertView } from '../../src/formats/alertView.ts';
import { card, writeFits } from '../../src/formats/fits/index.ts';
import { checkAlert } from '../../src/harness/checkAlert.ts';
import { ApError } from '../../src/model/errors.ts';
import { median } from '../../src/numeric/statistics.ts';

const REAL = '../shared/data/alerts';

function needsData(this: Mocha.Context): void {
  if (existsSync(REAL)) return;
  console.warn('      skipped: ../shared/data is not here');
  this.skip();
}

const records = (folder: string): AlertPacketRecord[] => readdirSync(path.join(REAL, folder)).filter(f => f.endsWith('.avro'))
  .flatMap(f => [...openPackets(readFileSync(path.join(REAL, folder, f))).alerts()]);
const record = (file: string): AlertPacketRecord => [...openPackets(readFileSync(path.join(REAL, file))).alerts()][0]!;

/** A packet as ZTF writes it, with the candidate of the test. */
const ztf = (candidate: object, more: object = {}): AlertPacketRecord =>
  ({ publisher: 'ZTF', candid: 5n, objectId: 'Z1', candidate: { ra: 10, dec: -5, jd: 2_460_000.5, fid: 2, ...candidate }, ...more });

describe('formats/alertView', () => {
  describe('real alerts', () => {
    before(needsData);
    it('Rubin: PSF flux on the difference cutouts of HSC COSMOS is that of the packets', () => {
      const ratios = records('lsst_hsc_cosmos').map(r => {
        const view = alertView(r);
        const measured = stampPsfFlux(view.stamps.find(s => s.label === 'difference')!)!;
        return { flux: measured.flux / view.flux_nJy, error: measured.fluxErr / view.fluxErr_nJy };
      });
      expect(ratios).to.have.length(32);
      // The packets' fluxes are what ../shared/data/README.md says: median ratio 1.025, 87 % within 5 %.
      expect(median(ratios.map(r => r.flux))).to.be.closeTo(1.025, 0.005);
      expect(ratios.filter(r => Math.abs(r.flux - 1) < 0.05).length / 32).to.be.at.least(0.87);
      expect(median(ratios.map(r => r.error))).to.be.closeTo(1.025, 0.01);
    });
    it('Rubin: everything that the record says, ids exact', () => {
      const view = alertView(record('lsst_hsc_cosmos/397017750700045.avro'), 'Rubin 9.0');
      expect(view).to.include({ survey: 'Rubin 9.0', id: '397017750700045', object: '396841556377627', band: 'g', nEarlier: 3, nForced: 3, isSolarSystem: false });
      expect(view.lightCurve.map(p => p.kind)).to.include.members(['detection', 'forced', 'this']);
      expect(view.lightCurve.map(p => p.time_mjd)).to.deep.equal(view.lightCurve.map(p => p.time_mjd).sort((a, b) => a - b));
      expect(view.flags).to.deep.equal(['isDipole']);
      expect(view.stamps.map(s => [s.label, s.width, s.height, s.unit])).to.deep.equal([['science', 41, 41, 'nJy'], ['template', 41, 41, 'nJy'], ['difference', 41, 41, 'nJy']]);
      expect(view.stamps[0]!.pixelScale_arcsec).to.be.closeTo(0.167, 0.002);
    });
    it('ZTF: nJy from magnitudes and signs, limits, forced photometry by its zero point', () => {
      const view = alertView(record('ztf_v4/2475433850015010009.avro'));
      expect(view).to.include({ id: '2475433850015010009', object: 'ZTF17aadcvhq', band: 'g', nEarlier: 4, nForced: 21 });
      expect(view.flux_nJy).to.be.closeTo(-(10 ** ((31.4 - 17.855722427368164) / 2.5)), 1);
      expect(view.time_mjd).to.be.closeTo(60229.4338542, 1e-6);
      // One exposure measured twice: the detection and the forced flux of the same night agree.
      const [detection, forced] = (['detection', 'forced'] as const).map(kind => view.lightCurve.find(p => p.kind === kind && Math.abs(p.time_mjd - 60217.44971) < 1e-4)!);
      expect(detection!.flux_nJy / forced!.flux_nJy).to.be.closeTo(1, 0.25);
      expect(view.stamps.map(s => s.width)).to.deep.equal([63, 63, 63]);
    });
    it('all others can be shown', () => {
      for (const folder of ['lsst_confluent', 'ztf_v33', 'other', 'lsst_schema/11_0']) {
        for (const r of records(folder)) {
          const view = alertView(r);
          expect(view.warnings, view.id).to.deep.equal([]);
          expect(view.lightCurve.length, view.id).to.be.at.least(1);
        }
      }
    });
    it('checkAlert finds nothing in the alerts of HSC COSMOS, and the made-up ids of the sample', () => {
      expect(records('lsst_hsc_cosmos').flatMap(checkAlert)).to.deep.equal([]);
      expect(checkAlert(record('lsst_schema/11_0/fakeAlert.avro')).join()).to.match(/diaSourceId 1231321321 of a source/);
    });
    it('checkAlert notices planted faults', () => {
      const good = record('lsst_hsc_cosmos/397017750700045.avro');
      const source = good.diaSource as Record<string, unknown>;
      const rows = good.prvDiaSources as Record<string, unknown>[];
      const faults: readonly [string, object, RegExp][] = [
        ['flux', { diaSource: { ...source, psfFlux: 5000 } }, /PSF flux on the difference cutout/],
        ['id', { diaSourceId: 1n }, /diaSourceId 1 of a source/],
        ['NaN', { diaSource: { ...source, apFlux: NaN } }, /1 fields of diaSource are NaN.*apFlux/],
        ['no object', { diaObject: null }, /neither a DIAObject nor/],
        ['another object', { diaObject: { diaObjectId: 4n } }, /DIAObject 4/],
        ['strangers', { prvDiaSources: [{ ...rows[0], diaObjectId: 4n }] }, /1 rows of the history belong to another/],
        ['future', { prvDiaSources: [{ ...rows[0], midpointMjdTai: 99_999 }] }, /later than the source/],
        ['itself', { prvDiaSources: [source] }, /in its own history/],
        ['twice', { prvDiaSources: [rows[0], rows[0]] }, /twice/],
        ['cut stamp', { cutoutScience: (good.cutoutScience as Buffer).subarray(0, 3000) }, /cutout science/],
        ['off the sky', { diaSource: { ...source, dec: 95 } }, /not on the sky/],
        ['another size', { cutoutTemplate: record('lsst_hsc_cosmos/396841556377608.avro').cutoutTemplate }, /cutouts of 41 and 30 pixels/],
        ['no source', { diaSource: null }, /diaSource \(Rubin\) or candidate/],
      ];
      for (const [name, changes, message] of faults) expect(checkAlert({ ...good, ...changes }).join('; '), name).to.match(message);
    });
  });

  it('ZTF: signs in all spellings', () => {
    for (const [isdiffpos, sign] of [['t', 1], ['1', 1], [true, 1], [1, 1], ['f', -1], ['0', -1], [false, -1]] as const) {
      expect(alertView(ztf({ magpsf: 21.4, sigmapsf: 0.1, isdiffpos })).flux_nJy).to.be.closeTo(sign * 10_000, 1e-6);
    }
    expect(alertView(ztf({ magpsf: 21.4, sigmapsf: 0.1, isdiffpos: 't' })).fluxErr_nJy).to.be.closeTo(10_000 * 0.1 * 0.4 * Math.LN10, 1e-6);
  });
  it('a filter number means nothing in another survey', () => {
    expect(alertView(ztf({})).band).to.equal('r');
    expect(alertView({ ...ztf({}), publisher: 'WINTER' }).band).to.equal('filter 2');
  });
  it('what was not measured stays unknown', () => {
    const missing = { jd: 2_460_000, fid: 1, magzpsci: 26, forcediffimflux: -99_999, forcediffimfluxunc: -99_999 };
    const view = alertView(ztf({}, { fp_hists: [missing] }));
    expect([view.flux_nJy, view.snr, view.reliability].every(Number.isNaN)).to.equal(true);
    expect(view.lightCurve).to.deep.equal([]);
  });
  it('a solar-system object has its designation for a name', () => {
    const view = alertView({ diaSourceId: 7n, diaSource: { ra: 1, dec: 2, ssObjectId: 9n }, diaObject: null, ssSource: { designation: '2021 AB' } });
    expect(view).to.include({ object: '2021 AB', isSolarSystem: true });
  });
  it('refuses what is no alert', () => {
    expect(() => alertView({ a: 1 })).to.throw(ApError, 'found: a');
    expect(() => alertView({ diaSource: { ra: 1 } })).to.throw(ApError, 'without ra and dec');
  });
});

describe('formats/alertStamp', () => {
  const stamp = (cards: ReturnType<typeof card>[] = [], more: Parameters<typeof writeFits>[0] = []): Uint8Array =>
    writeFits([{ kind: 'image', shape: [2, 2], data: Float32Array.of(1, 2, 3, NaN), cards }, ...more]);
  it('a bare image: the middle, no variance, no PSF', () => {
    const read = readStamp('science', gzipSync(stamp()));
    expect(read).to.include({ width: 2, height: 2, x: 0.5, y: 0.5, variance: null, psf: null, unit: '' });
    expect([...read.image]).to.deep.equal([1, 2, 3, NaN]);
  });
  it('an uncertainty that is a standard deviation is squared, one of another shape is left', () => {
    const uncert = (utype: string, data = Float32Array.of(1, 2, 3, 4), shape = [2, 2]): Parameters<typeof writeFits>[0][number] =>
      ({ kind: 'image', name: 'UNCERT', shape, data, cards: [card('UTYPE', utype)] });
    expect([...readStamp('science', stamp([], [uncert('StdDevUncertainty')])).variance!]).to.deep.equal([1, 4, 9, 16]);
    expect([...readStamp('science', stamp([], [uncert('VarianceUncertainty')])).variance!]).to.deep.equal([1, 2, 3, 4]);
    expect(readStamp('science', stamp([], [uncert('VarianceUncertainty', Float32Array.of(1), [1, 1])])).variance).to.equal(null);
  });
  it('refuses a stamp that is none, and one that would fill the memory', () => {
    expect(() => readStamp('science', Buffer.from('no'))).to.throw(ApError);
    expect(() => readStamp('science', gzipSync(Buffer.alloc(70 * 2 ** 20)))).to.throw(ApError, '64 MiB');
    expect(() => readStamp('science', stamp().subarray(0, 2890))).to.throw(ApError);
  });
});
