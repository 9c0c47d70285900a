import { expect } from 'chai';
import { inflateSync } from 'node:zlib';
import type { Cutout } from '../../src/model/verification.ts';
import { random } from '../../src/numeric/random.ts';
import { stretchCutout } from '../../src/report/stretch.ts';
import { encodePng } from './png.ts';

const SIZE = 21;
const draw = random(5, 'stretch');
const noise = (): number[] => Array.from({ length: SIZE * SIZE }, () => 10 * draw.normal());
const panel = (label: string, data: readonly (number | null)[]): Cutout['panels'][number] => ({ label, width: SIZE, height: SIZE, data });
const at = (x: number, y: number): number => y * SIZE + x;

function cutoutWith(change: (data: (number | null)[]) => void): Cutout {
  const difference: (number | null)[] = noise();
  change(difference);
  return { kind: 'source', title: '', caption: '', panels: [panel('science', noise().map(v => v + 500)), panel('template', noise().map(v => v + 500)), panel('difference', difference)] };
}

/** Colour of a pixel with y upwards. */
const colour = (rgb: Uint8Array, x: number, y: number): number[] => [...rgb.subarray(at(x, SIZE - 1 - y) * 3, at(x, SIZE - 1 - y) * 3 + 3)];

describe('stretch', () => {
  it('zero of the difference is mid-grey, both signs are equally far from it', () => {
    const [, , difference] = stretchCutout(cutoutWith(data => { data[at(3, 4)] = 60; data[at(5, 4)] = -60; data[at(7, 4)] = 0; }));
    const [up, down, zero] = [[3, 4], [5, 4], [7, 4]].map(([x, y]) => colour(difference!.rgb, x!, y!)[0]!);
    expect(zero).to.be.within(127, 128);
    expect(up! - 127.5).to.be.closeTo(127.5 - down!, 1.01);
    expect(up).to.be.greaterThan(180);
  });
  it('rows are turned: y up', () => {
    const [, , difference] = stretchCutout(cutoutWith(data => { data[at(2, 0)] = 1e4; }));
    expect(difference!.rgb[at(2, SIZE - 1) * 3]).to.equal(255);
  });
  it('no data is a colour, not a grey', () => {
    const [, , difference] = stretchCutout(cutoutWith(data => { data[at(1, 1)] = null; }));
    expect(new Set(colour(difference!.rgb, 1, 1)).size).to.equal(3);
  });
  it('a brighter pixel is never darker', () => {
    const values = Array.from({ length: SIZE }, (_, k) => -200 + 25 * k);
    const [, , difference] = stretchCutout(cutoutWith(data => values.forEach((v, x) => { data[at(x, 10)] = v; })));
    const greys = values.map((_, x) => colour(difference!.rgb, x, 10)[0]!);
    expect(greys).to.deep.equal([...greys].sort((a, b) => a - b));
  });
  it('panels without any data or variation are drawn all the same', () => {
    for (const data of [Array<number | null>(SIZE * SIZE).fill(null), Array<number>(SIZE * SIZE).fill(7)]) {
      const panels = ['science', 'template', 'difference'].map(label => panel(label, data));
      const drawn = stretchCutout({ kind: 'source', title: '', caption: '', panels });
      expect(drawn.map(d => d.rgb.length)).to.deep.equal([3, 3, 3].map(n => n * SIZE * SIZE));
    }
    expect(stretchCutout({ kind: 'source', title: '', caption: '', panels: [] })).to.deep.equal([]);
  });
  it('the pixels survive the PNG', () => {
    const rgb = Uint8Array.from({ length: 3 * 2 * 3 }, (_, k) => k * 14);
    const file = Buffer.from(encodePng(3, 2, rgb).replace('data:image/png;base64,', ''), 'base64');
    expect([file.readUInt32BE(16), file.readUInt32BE(20)]).to.deep.equal([3, 2]);
    const rows = inflateSync(file.subarray(41, 41 + file.readUInt32BE(33)));
    expect([...rows.subarray(1, 10), ...rows.subarray(11)]).to.deep.equal([...rgb]);
  });
});
