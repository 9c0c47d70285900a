/** Files with one thing wrong, and whether the standard calls it an error, a warning, or nothing. */
import { card, commentary, readFits, writeFits, type HduInput } from '../../../src/formats/fits/index.ts';

export interface Damage { readonly name: string; readonly verdict: 'clean' | 'warning' | 'error'; readonly bytes: Uint8Array }

const base: readonly HduInput[] = [
  { kind: 'image', shape: [10, 10], data: Int16Array.from({ length: 100 }, (_, i) => i), cards: [card('OBJECT', 'M 13'), card('EXPTIME', 30.5, 'seconds'), card('SPARE1', 1), card('SPARE2', 'text'), commentary('COMMENT', 'a')] },
  {
    kind: 'bintable', name: 'CAT', nRows: 2, cards: [card('SPARE1', 1), card('SPARE2', 'text')], columns: [
      { name: 'id', type: 'numbers', values: Int32Array.of(1, 2), unit: 'm' }, { name: 'flux', type: 'numbers', values: Float32Array.of(1, 2) },
      { name: 'word', type: 'strings', values: ['ab', 'cd'] }, { name: 'ok', type: 'logical', values: [1, 0] },
      { name: 'bits', type: 'bits', repeat: 3, values: Uint8Array.of(1, 0, 1, 1, 1, 0) }, { name: 'list', type: 'arrays', values: [Int16Array.of(1, 2), Int16Array.of(3)] },
    ],
  },
  { kind: 'image', name: 'ERR', shape: [5], data: Float32Array.of(1, 2, 3, 4, 5), cards: [card('SPARE1', 1), card('SPARE2', 'text')] },
];

const whole = writeFits(base);
const text = Buffer.from(whole).toString('latin1');
const tableAt = readFits(whole).hdus[1]!;
const imageAt = readFits(whole).hdus[2]!;

const card80 = (content: string): string => content.padEnd(80);
/** SPARE1 (an integer) of HDU n becomes another card. */
const spare = (n: number, content: string): Uint8Array => replaced('SPARE1  =                    1'.padEnd(80), card80(content), n);
/** Replaces the n-th occurrence; the text must be there. */
function replaced(from: string, to: string, n = 0): Uint8Array {
  let at = text.indexOf(from);
  for (let k = 0; k < n; k++) at = text.indexOf(from, at + 1);
  if (at < 0 || from.length !== to.length) throw new Error(`cannot replace ${from}`);
  return Buffer.from(text.slice(0, at) + to + text.slice(at + from.length), 'latin1');
}
function patched(offset: number, ...bytes: readonly number[]): Uint8Array {
  const out = Uint8Array.from(whole);
  out.set(bytes, offset);
  return out;
}

const damage = (verdict: Damage['verdict'], name: string, bytes: Uint8Array): Damage => ({ name, verdict, bytes });

export const DAMAGES: readonly Damage[] = [
  damage('clean', 'nothing', whole), damage('clean', 'checksums', writeFits(base, { checksum: true })),
  damage('error', 'a keyword in lower case', spare(0, 'spare1  =                    1')), damage('error', 'a string that does not end', spare(0, "SPARE1  = 'text")),
  damage('error', 'a word without quotes', spare(0, 'SPARE1  = text')), damage('error', 'a comment without slash', spare(0, 'SPARE1  =                    1 comment')),
  damage('error', 'a lower-case exponent', spare(0, 'SPARE1  =               1.0e10')), damage('clean', 'a D exponent', spare(0, 'SPARE1  =               1.0D10')),
  damage('warning', 'no value', spare(0, 'SPARE1  =')), damage('error', 'a reserved keyword without value', spare(0, 'TELESCOP=')),
  damage('error', 'OBJECT as a number', replaced("OBJECT  = 'M 13    '", 'OBJECT  =       42  ')), damage('warning', 'a duplicate', spare(0, 'EXPTIME =                  1.0')),
  damage('error', 'a date that is none', spare(0, "DATE-OBS= '2020-13-45'")), damage('clean', 'a date', spare(0, "DATE-OBS= '2020-02-29T12:00:00.5'")),
  damage('warning', 'an old date', spare(0, "DATE-OBS= '01/02/03'")), damage('clean', 'an old date of the century', spare(0, "DATE-OBS= '01/02/93'")),
  damage('warning', 'EPOCH', spare(0, 'EPOCH   =               2000.0')), damage('error', 'XTENSION in the primary HDU', spare(0, "XTENSION= 'IMAGE   '")),
  damage('error', 'PCOUNT in the primary HDU', spare(0, 'PCOUNT  =                    0')), damage('error', 'EXTEND in an extension', spare(2, 'EXTEND  =                    T')),
  damage('error', 'a column keyword in an image', spare(0, "TTYPE1  = 'x       '")), damage('error', 'BSCALE in a table', spare(1, 'BSCALE  =                  1.0')),
  damage('error', 'BLANK of floats', spare(2, 'BLANK   =                    1')), damage('warning', 'BSCALE = 0', spare(0, 'BSCALE  =                  0.0')),
  damage('warning', 'CRPIX beyond NAXIS', spare(0, 'CRPIX3  =                  1.0')), damage('error', 'CDELT = 0', spare(0, 'CDELT1  =                  0.0')),
  damage('error', 'an index beyond TFIELDS', spare(1, "TTYPE9  = 'x       '")), damage('error', 'TDISP of another kind', spare(1, "TDISP2  = 'A5      '")),
  damage('clean', 'TDISP', spare(1, "TDISP2  = 'F8.3    '")), damage('error', 'TDIM of another size', spare(1, "TDIM1   = '(2,3)   '")),
  damage('error', 'TSCAL of a string', spare(1, 'TSCAL3  =                  2.0')), damage('error', 'TNULL of floats', spare(1, 'TNULL2  =                    1')),
  damage('error', 'TBCOL in a binary table', spare(1, 'TBCOL1  =                    1')), damage('error', 'a mandatory keyword twice', spare(0, 'BITPIX  =                   16')),
  damage('error', 'a size in free format', replaced('NAXIS1  =                   10', 'NAXIS1  = 10                  ')),
  damage('error', 'a size that is no number', replaced('NAXIS1  =                   10', "NAXIS1  = '10'                ")),
  damage('error', 'another BITPIX', replaced('BITPIX  =                   16', 'BITPIX  =                   17')),
  damage('warning', 'a column name with a blank', replaced("TTYPE2  = 'flux    '", "TTYPE2  = 'fl x    '")), damage('warning', 'two columns of a name', replaced("TTYPE2  = 'flux    '", "TTYPE2  = 'ID      '")),
  damage('error', 'a column of another width', replaced("TFORM1  = 'J       '", "TFORM1  = 'K       '")), damage('error', 'TFORM with a leading blank', replaced("TFORM1  = 'J       '", "TFORM1  = ' J      '")),
  damage('error', 'a logical X', patched(tableAt.dataOffset + 10, 0x58)), damage('error', 'bits that are not left-justified', patched(tableAt.dataOffset + 11, 0xff)),
  damage('error', 'a string that is no ASCII', patched(tableAt.dataOffset + 8, 0x07)), damage('error', 'an address outside the heap', patched(tableAt.dataOffset + 16, 0, 0, 1, 0)),
  damage('error', 'more elements than TFORM says', patched(tableAt.dataOffset + 12, 0, 0, 0, 3)),
  damage('error', 'fill that is not zero', patched(whole.length - 1, 1)), damage('error', 'header fill that is not blank', patched(imageAt.dataOffset - 1, 0x31)),
  damage('error', 'END that is not alone', patched(text.indexOf('END     ') + 10, 0x41)), damage('error', 'a header byte that is no ASCII', patched(85, 0x07)),
  damage('error', 'a cut', whole.subarray(0, whole.length - 2880)), damage('error', 'bytes behind the end', Buffer.concat([whole, Buffer.alloc(2880, 0x41)])),
  damage('error', 'no PCOUNT', replaced('PCOUNT  =                    0', 'PKOUNT  =                    0')),
  damage('error', 'WCSAXES behind CRPIX', writeFits([{ kind: 'image', shape: [2, 2], data: new Uint8Array(4), cards: [card('CRPIX1', 1), card('CRPIX2', 1), card('CRVAL1', 1), card('CRVAL2', 1), card('CTYPE1', 'X'), card('CTYPE2', 'Y'), card('WCSAXES', 2)] }])),
  damage('error', 'CRPIX beyond WCSAXES', writeFits([{ kind: 'image', shape: [2], data: new Uint8Array(2), cards: [card('WCSAXES', 1), card('CRPIX1', 1), card('CRVAL1', 1), card('CTYPE1', 'X'), card('CRPIX2', 1)] }])),
  damage('error', 'PC and CD', writeFits([{ kind: 'image', shape: [2], data: new Uint8Array(2), cards: [card('PC1_1', 1), card('CD1_1', 1)] }])),
  damage('warning', 'no CTYPE', writeFits([{ kind: 'image', shape: [2], data: new Uint8Array(2), cards: [card('CRPIX1', 1), card('CRVAL1', 1)] }])),
  damage('warning', 'CONTINUE without LONGSTRN', writeFits([{ kind: 'image', shape: [], data: null, cards: [card('LONG', 'x'.repeat(100))] }])),
  damage('clean', 'CONTINUE with LONGSTRN', writeFits([{ kind: 'image', shape: [], data: null, cards: [card('LONGSTRN', 'OGIP 1.0'), card('LONG', 'x'.repeat(100))] }])),
  damage('warning', 'two HDUs of a name', writeFits([base[0]!, base[2]!, base[2]!])),
  damage('warning', 'a wrong checksum', Buffer.from(Buffer.from(writeFits(base, { checksum: true })).toString('latin1').replace("SPARE2  = 'text", "SPARE2  = 'toxt"), 'latin1')),
  damage('clean', 'INHERIT', spare(2, 'INHERIT =                    T')),
];
