/**
 * Conformance to the FITS standard 4.0. The rules, and what is an error and what a warning, are those of HEASARC's
 * fitsverify 4.20; where CFITSIO gives a file up, the error here names HDU and card.
 */
import { ApError } from '../../model/errors.ts';
import { memorySource } from './byteSource.ts';
import { checkSums } from './checksum.ts';
import { hduText, type FitsHdu, type HduHead } from './hdu.ts';
import { inflated, loadHdu } from './readFits.ts';
import { BLOCK_BYTES, paddedLength, scanFits } from './scanFits.ts';
import { keywordsOf, type Keyword, type Report, type Severity } from './verifyCards.ts';
import { verifyHeader, type HeaderFacts } from './verifyHeader.ts';
import { verifyTable } from './verifyTable.ts';

export interface Finding {
  readonly severity: Severity;
  /** HDU 1 (NAME), or `file`. */
  readonly where: string;
  readonly text: string;
}

/** Every finding is counted; so many are described. */
const MAX_FINDINGS = 1000;

export interface FitsVerdict {
  readonly findings: readonly Finding[];
  readonly nErrors: number;
  readonly nWarnings: number;
  readonly nHdus: number;
}

/** Checks all of a file; never throws for what is in it. */
export function verifyFits(bytes: Uint8Array): FitsVerdict {
  const findings: Finding[] = [];
  const count = { error: 0, warning: 0 };
  const add = (where: string): Report => (severity, text) => {
    count[severity]++;
    if (findings.length < MAX_FINDINGS) findings.push({ severity, where, text });
  };
  const { plain, fault } = inflated(bytes);
  if (fault !== null) add('file')('error', fault.message);
  const heads = plain === null ? [] : scannedHeads(plain, add('file'));
  heads.forEach((head, i) => verifyHdu(plain!, heads, i, add(hduText(head))));
  return { findings, nErrors: count.error, nWarnings: count.warning, nHdus: heads.length };
}

function scannedHeads(plain: Uint8Array, report: Report): readonly HduHead[] {
  try {
    const { hdus, damage } = scanFits(memorySource(plain), 'salvage');
    for (const fault of damage) report('error', fault.message);
    const last = hdus.at(-1);
    const end = last === undefined ? 0 : last.dataOffset + paddedLength(last.dataLength);
    if (damage.length === 0 && end < plain.length) report('error', `${plain.length - end} extraneous bytes follow the last HDU.`);
    return hdus;
  } catch (error) {
    if (!(error instanceof ApError)) throw error;
    report('error', error.message);
    return [];
  }
}

function verifyHdu(plain: Uint8Array, heads: readonly HduHead[], i: number, report: Report): void {
  const head = heads[i]!;
  const hdu = loadHdu(memorySource(plain), head);
  const { keywords, hasContinue } = keywordsOf(head.cards.map(card => card.text ?? '').join(''), report);
  const facts = factsOf(heads, i, hasContinue);
  const end = head.dataOffset + head.dataLength;
  headerFill(plain.subarray(head.headerOffset, head.dataOffset), head, report);
  if (!facts.isPrimary) sameName(heads, i, report);
  verifyHeader(keywords, facts, report);
  if (hdu.data.length < hdu.dataLength) return;
  if (hdu.kind === 'bintable' || hdu.kind === 'asciiTable') tableOrFault(hdu, keywords, facts, report);
  const padding = plain.subarray(end, head.dataOffset + paddedLength(head.dataLength));
  const fill = hdu.kind === 'asciiTable' ? 0x20 : 0;
  if (padding.some(byte => byte !== fill)) report('error', `The data fill area is not filled with ${fill === 0 ? 'zeros' : 'blanks'}.`);
  if (padding.length < paddedLength(head.dataLength) - head.dataLength) report('error', 'The last block of the data is not complete.');
  sumRules(plain, hdu, report);
}

/** A table that cannot be decoded is one more error; it stops the checks of this HDU only. */
function tableOrFault(hdu: FitsHdu, keywords: readonly Keyword[], facts: HeaderFacts, report: Report): void {
  try {
    verifyTable(hdu, keywords, facts, report);
  } catch (error) {
    if (!(error instanceof ApError)) throw error;
    report('error', error.message);
  }
}

function factsOf(heads: readonly HduHead[], i: number, hasContinue: boolean): HeaderFacts {
  const { header, kind, isCompressedImage, index } = heads[i]!;
  return {
    isPrimary: index === 0, kind, isCompressedImage, nAxes: Number(header.NAXIS), bitpix: Number(header.BITPIX),
    pcount: Number(header.PCOUNT ?? 0), gcount: Number(header.GCOUNT ?? 1),
    hasExtensions: heads.length > 1, hasContinue,
  };
}

/** The END card is blank behind its name, and so is the rest of the block. */
function headerFill(header: Uint8Array, { cards }: HduHead, report: Report): void {
  const end = cards.reduce((sum, card) => sum + (card.text?.length ?? 0), 0);
  const isBlank = (from: number, to: number): boolean => header.subarray(from, to).every(byte => byte === 0x20);
  if (!isBlank(end + 3, end + 80)) report('error', 'The END card is not filled with blanks.');
  if (!isBlank(end + 80, Math.ceil((end + 80) / BLOCK_BYTES) * BLOCK_BYTES)) report('error', 'The header fill area is not filled with blanks.');
}

function sameName(heads: readonly HduHead[], i: number, report: Report): void {
  const id = ({ header, kind }: HduHead): string => `${kind} ${String(header.EXTNAME ?? '').trim()} ${String(header.EXTVER ?? 1)}`;
  const own = heads[i]!;
  if (String(own.header.EXTNAME ?? '').trim() === '') return;
  for (const other of heads.slice(1, i)) {
    if (id(other) === id(own)) report('warning', `HDU ${other.index} and ${own.index} have identical type, name and version.`);
  }
}

function sumRules(plain: Uint8Array, hdu: FitsHdu, report: Report): void {
  const end = hdu.dataOffset + paddedLength(hdu.dataLength);
  const sums = checkSums(plain.subarray(hdu.headerOffset, hdu.dataOffset), plain.subarray(hdu.dataOffset, end), {
    checksum: hdu.header.CHECKSUM, datasum: hdu.header.DATASUM,
  });
  if (sums.datasum === 'wrong') report('warning', 'The data checksum is not that of the DATASUM keyword.');
  if (sums.checksum === 'wrong') report('warning', 'The HDU checksum is not in agreement with CHECKSUM.');
}
