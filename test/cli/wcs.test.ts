/** `ap-verify wcs`: lines in, lines out, and one clear error for bad input. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { card, writeFits, type Card } from '../../src/formats/fits/index.ts';
import { skyTransform } from '../../src/sky/generalWcs.ts';
import { generalWcsFromCards } from '../../src/sky/generalWcsHeader.ts';
import { temporaryFolder } from '../e2e/apVerify.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../src/cli/ap-verify.js');
const cards: Card[] = [
  card('CTYPE1', 'RA---TPV'), card('CTYPE2', 'DEC--TPV'), card('CRVAL1', 359.999), card('CRVAL2', -33), card('CRPIX1', 50), card('CRPIX2', 60),
  card('CD1_1', -1e-4), card('CD2_2', 1e-4), card('PV1_1', 1), card('PV2_1', 1), card('PV1_4', 0.5),
  card('CTYPE1A', 'GLON-CAR'), card('CTYPE2A', 'GLAT-CAR'), card('CDELT1A', -0.5), card('CDELT2A', 0.5), card('CRPIX1A', 1), card('CRPIX2A', 1),
];
const tables: Card[] = [
  ...cards, card('CPDIS1', 'LOOKUP'), card('DP1', 'EXTVER: 2'), card('DP1', 'NAXES: 2'), card('DP1', 'AXIS.1: 1'), card('DP1', 'AXIS.2: 2'),
];
const shift = { width: 2, height: 2, data: Float64Array.of(0, 10, 0, 10), crpix: [1, 1], crval: [1, 1], cdelt: [99, 99] } as const;

describe('ap-verify wcs', () => {
  const folder = temporaryFolder();
  const run = (args: readonly string[], input: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [PROGRAM, 'wcs', ...args], { input, encoding: 'utf8' });
  const file = (): string => {
    const place = path.join(folder(), 'sky.fits');
    writeFileSync(place, writeFits([
      { kind: 'image', shape: [], data: null, cards: [] },
      { kind: 'image', name: 'SCI', shape: [2, 2], data: new Float32Array(4), cards },
      { kind: 'image', name: 'MOVED', shape: [2, 2], data: new Float32Array(4), cards: tables },
      {
        kind: 'image', name: 'WCSDVARR', shape: [2, 2], data: shift.data, cards: [
          card('EXTVER', 2), ...[1, 2].flatMap(k => [card(`CRPIX${k}`, 1), card(`CRVAL${k}`, 1), card(`CDELT${k}`, 99)]),
        ],
      },
    ]));
    return place;
  };
  const line = (pair: readonly number[]): string => pair.map(v => v.toPrecision(12)).join(' ');

  it('pixels to sky of the first HDU with celestial axes, and back; nan passes', () => {
    const transform = skyTransform(generalWcsFromCards(cards));
    const sky = run(['pix2sky', file()], '50 60\n1 1\n  99.5\t-3e1 \nnan NaN\n');
    expect(sky).to.include({ status: 0, stderr: '' });
    expect(sky.stdout.split('\n')).to.deep.equal([
      '359.999000000 -33.0000000000', line(transform.pixelToSky(0, 0)), line(transform.pixelToSky(98.5, -31)), 'nan nan', '',
    ]);
    const pixels = run(['sky2pix', file()], `${sky.stdout}179.999 33\n`).stdout.trim().split('\n').map(l => l.split(' ').map(Number));
    expect(pixels).to.have.length(5);
    [[50, 60], [1, 1], [99.5, -30]].forEach(([x, y], k) => {
      // Twelve digits of 360 degrees are 1e-9 degree, here 1e-5 pixel.
      expect(Math.hypot(pixels[k]![0]! - x!, pixels[k]![1]! - y!)).to.be.below(1e-5);
    });
    expect([...pixels[3]!, ...pixels[4]!].every(Number.isNaN)).to.equal(true);
  });
  it('--hdu takes lookup tables from the same file; --alternate another WCS', () => {
    const transform = skyTransform(generalWcsFromCards(tables, { table: (name, version) => (name === 'WCSDVARR' && version === 2 ? shift : undefined) }));
    expect(run(['pix2sky', '--hdu', '2', file()], '100 7').stdout).to.equal(`${line(transform.pixelToSky(99, 6))}\n`);
    expect(transform.pixelToSky(99, 6)).to.not.deep.equal(skyTransform(generalWcsFromCards(cards)).pixelToSky(99, 6));
    expect(run(['pix2sky', file(), '--alternate', 'a'], '3 5\n1.0000000000004 1').stdout)
      .to.equal('359.000000000 2.00000000000\n0.00000000000 0.00000000000\n');
  });
  const bad: [string, (place: string) => string[], string, number, RegExp][] = [
    ['a line that is no pair', place => ['pix2sky', place], '1 2\n3 4\n5\n', 4, /line 3; found: "5"; expected: two numbers/],
    ['an HDU without celestial axes', place => ['pix2sky', place, '--hdu', '0'], '1 1\n', 4, /celestial/],
    ['an HDU that is not there', place => ['pix2sky', place, '--hdu', '9'], '1 1\n', 4, /HDU 3 \(WCSDVARR\).*an HDU 9/],
    ['an HDU that is no number', place => ['pix2sky', place, '--hdu', 'SCI'], '1 1\n', 64, /--hdu/],
  ];
  for (const [name, args, input, status, message] of bad) {
    it(`${name}: exit code ${status}, one line on standard error`, () => {
      const ended = run(args(file()), input);
      expect(ended.stderr).to.match(message);
      expect(ended.stderr.trim().split('\n')).to.have.length(1);
      expect(ended).to.include({ status, stdout: '' });
    });
  }
});
