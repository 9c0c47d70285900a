/** The FITS codec: structure (readFits, writeFits), cards, images, tables, random groups, tile compression, verification. */
export { card, cardsOf, commentary, formatCard, headerMap, parseCard, parseCards, type Card } from './cards.ts';
export {
  cardInteger, cardNumber, cardText, findHdu, hduNamed, hduText, type FitsFile, type FitsHdu, type HduHead, type HduKind,
} from './hdu.ts';
export { inflated, isGzipped, loadHdu, readFits, salvageFits } from './readFits.ts';
export { scanFits, type FitsDirectory } from './scanFits.ts';
export { memorySource, type ByteSource } from './byteSource.ts';
export {
  hasPixels, imageAsFloat32, imageAsFloat64, imageAsInt32, imageAsUint16, imageShape, imageSize, physicalPixels, storedPixels,
} from './image.ts';
export { readCutout, type PixelBox } from './cutout.ts';
export {
  binTable, columnArrays, columnNamed, columnNulls, columnNumbers, columnStrings, columnWords, heapCell,
  type BinColumn, type BinTable, type CellArray,
} from './binTable.ts';
export { asciiNulls, asciiNumbers, asciiStrings, asciiTable, type AsciiColumn, type AsciiTable } from './asciiTable.ts';
export { groupArrays, groupParameter, randomGroups, type RandomGroups } from './randomGroups.ts';
export { checksumOf, checkSums, encodeChecksum } from './checksum.ts';
export { verifyFits, type Finding, type FitsVerdict } from './verifyFits.ts';
export { tableCsv } from './tableCsv.ts';
export { compressedFits, plainFits } from './convertFits.ts';
export { digestHdu, type HduDigest } from './digestFits.ts';
export {
  isStructural, layFits, writeFits, type CopiedHduInput, type HduInput, type HduPlace, type ImageHduInput, type TableHduInput,
  type WriteOptions,
} from './writeFits.ts';
export { readPixels } from './readPixels.ts';
export { compressImage, type CompressOptions } from './tileWrite.ts';
export type { DitherMethod } from './quantize.ts';
export type { BinColumnInput } from './binTableWrite.ts';
export type { PixelArray, RawPixels } from './pixelBytes.ts';
