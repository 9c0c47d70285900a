import { expect } from 'chai';
import { astTanText } from '../../src/formats/astTan.ts';
import type { SkyWcs } from '../../src/model/wcs.ts';
import { separation_arcsec } from '../../src/sky/sphere.ts';
import { pixelToSky, skyToPixel } from '../../src/sky/wcs.ts';
import golden from '../golden/formats/astSip.json' with { type: 'json' };

const a = new Float64Array(16);
const b = new Float64Array(16);
[a[8], a[5], a[2], a[12]] = [2e-6, -1e-6, 5e-7, 1e-9];
[b[8], b[5], b[2], b[3]] = [-1e-6, 2e-6, 1e-6, -1e-9];
const tan: SkyWcs = { projection: 'TAN', crpix: [1023.5, 743.5], crval_deg: [300.1, -45.2], cd: [-5.5e-5, 1e-6, 2e-6, 5.5e-5] };
const sip: SkyWcs = { ...tan, sip: { order: 3, a, b } };

describe('formats/astTan', () => {
  it('the text of a TAN-SIP WCS is the one that AST has read', () => expect(astTanText(sip)).to.equal(golden.text));
  it('AST finds our sky, and our pixels by its iteration', () => {
    expect(golden.points).to.have.length(4);
    for (const [x, y, ra, dec, backX, backY] of golden.points as [number, number, number, number, number, number][]) {
      expect(separation_arcsec(...pixelToSky(sip, x, y), ra, dec)).to.be.below(1e-9);
      const mine = skyToPixel(sip, ra, dec);
      expect(Math.hypot(backX - mine[0], backY - mine[1])).to.be.below(1e-8);
    }
  });
  it('without distortion there is no polynomial', () => {
    expect(astTanText(tan)).to.include('WinMap');
    expect(astTanText(tan)).to.not.include('PolyMap');
    expect(astTanText({ ...tan, sip: undefined })).to.equal(astTanText(tan));
  });
  it('every Begin has its End', () => {
    const open: string[] = [];
    for (const line of astTanText(sip).trim().split('\n')) {
      const [, word, name] = /^\s*(Begin|End) (\w+)$/.exec(line) ?? [];
      if (word === 'Begin') open.push(name!);
      if (word === 'End') expect(open.pop()).to.equal(name);
    }
    expect(open).to.deep.equal([]);
  });
});
