/** `ap-verify wcs pix2sky | sky2pix`: world coordinates of a FITS file for lines on standard input. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { hduText, imageAsFloat64, imageShape, type FitsHdu } from '../../formats/fits/index.ts';
import { ApError } from '../../model/errors.ts';
import type { DistortionTable } from '../../model/wcs.ts';
import { skyTransform, type SkyTransform } from '../../sky/generalWcs.ts';
import { generalWcsFromCards, hasCelestialAxes } from '../../sky/generalWcsHeader.ts';
import { readWhole } from '../fitsFiles.ts';

interface Options {
  readonly hdu?: number;
  readonly alternate: string;
}

type Conversion = (transform: SkyTransform, a: number, b: number) => readonly number[];

/** Adds the `wcs` commands to the program. */
export function addWcsCommand(program: Command): void {
  const wcs = program.command('wcs').description('world coordinates of a FITS file');
  const direction = (name: string, description: string, convert: Conversion): void => {
    wcs.command(`${name} <file>`).description(description)
      .option('--hdu <n>', 'number of the HDU, 0 is the first (default: the first with celestial axes)', hduNumber)
      .option('--alternate <letter>', 'alternate WCS, A to Z', alternateLetter, '')
      .action((file: string, options: Options) => {
        const transform = transformOf(file, options);
        const lines = pairsOf(readFileSync(0, 'utf8')).map(([a, b]) => textOf(convert(transform, a, b)));
        if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
      });
  };
  direction('pix2sky', 'lines "x y" (first pixel is 1 1) -> "ra dec" in degrees', (transform, x, y) => {
    const [ra, dec] = transform.pixelToSky(x - 1, y - 1);
    // Twelve digits may round up to the full circle.
    return [ra < 360 && Number(ra.toPrecision(12)) === 360 ? 0 : ra, dec];
  });
  direction('sky2pix', 'lines "ra dec" in degrees -> "x y" (first pixel is 1 1)', (transform, ra, dec) => {
    const [x, y] = transform.skyToPixel(ra, dec);
    return [x + 1, y + 1];
  });
}

function hduNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new ApError('USAGE', { where: '--hdu', found: text, expected: 'a number from 0' });
  return Number(text);
}

function alternateLetter(text: string): string {
  if (!/^[A-Za-z]$/.test(text)) throw new ApError('USAGE', { where: '--alternate', found: text, expected: 'a letter from A to Z' });
  return text.toUpperCase();
}

function transformOf(file: string, { hdu: index, alternate }: Options): SkyTransform {
  const { hdus, damage } = readWhole(file);
  if (hdus.length === 0) throw damage[0] ?? new ApError('BAD_FITS', { where: file, found: 'no HDU' });
  const hdu = index === undefined ? hdus.find(h => hasCelestialAxes(h.cards, alternate)) : hdus[index];
  if (hdu === undefined) {
    const expected = index === undefined ? 'an HDU with celestial axes' : `an HDU ${index}`;
    throw new ApError('BAD_WCS', { where: file, found: hdus.map(hduText).join(', '), expected });
  }
  return skyTransform(generalWcsFromCards(hdu.cards, { alternate, table: (name, version) => tableIn(hdus, name, version) }));
}

/** A lookup table among the HDUs of the file. */
function tableIn(hdus: readonly FitsHdu[], name: string, version: number): DistortionTable | undefined {
  const hdu = hdus.find(h => h.name.toUpperCase() === name && Number(h.header.EXTVER ?? 1) === version);
  if (hdu === undefined) return undefined;
  const [width, height] = imageShape(hdu);
  const number = (key: string, missing: number): number => Number(hdu.header[key] ?? missing);
  return {
    width: width ?? 1, height: height ?? 1, data: imageAsFloat64(hdu),
    crpix: [number('CRPIX1', 0), number('CRPIX2', 0)], crval: [number('CRVAL1', 0), number('CRVAL2', 0)],
    cdelt: [number('CDELT1', 1), number('CDELT2', 1)],
  };
}

/**
 * Pairs of numbers, one a line; `nan` is a number here, so that the output of one direction can be the input of the other.
 * @throws ApError BAD_FORMAT naming the first line that is no pair.
 */
function pairsOf(text: string): [number, number][] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, k) => {
    const words = line.trim().split(/\s+/);
    const numbers = words.map(word => (/^nan$/i.test(word) ? NaN : decimal(word)));
    if (numbers.length !== 2 || numbers.includes(undefined)) {
      throw new ApError('BAD_FORMAT', { where: `standard input, line ${k + 1}`, found: JSON.stringify(line.slice(0, 60)), expected: 'two numbers' });
    }
    return [numbers[0]!, numbers[1]!];
  });
}

function decimal(word: string): number | undefined {
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(word) ? Number(word) : undefined;
}

/** Twelve significant digits; `nan nan` where the other side does not exist. */
function textOf(pair: readonly number[]): string {
  if (pair.some(Number.isNaN)) return 'nan nan';
  return pair.map(value => (value + 0).toPrecision(12)).join(' ');
}
