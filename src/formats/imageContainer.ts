/**
 * The FITS container of the Rubin package `lsst.images`, format version 1: a primary HDU with pointers, the arrays as
 * image HDUs, a JSON tree that describes them (HDU JSON), and a table of all HDUs (HDU INDEX), so that a remote reader
 * needs two requests. We write the arrays uncompressed, which its reader accepts.
 */
import { ApError } from '../model/errors.ts';
import {
  binTable, card, columnArrays, hduNamed, layFits, readFits, writeFits,
  type Card, type FitsFile, type HduInput, type HduPlace, type ImageHduInput,
} from './fits/index.ts';
import { parsePythonJson, pythonJsonText } from './pythonJson.ts';

const SCHEMAS = 'https://images.lsst.io/schemas';
const CONTAINER_VERSION = 1;

/** A node of the JSON tree with the keys that every node has. */
export function treeNode(schema: string, members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { schema_version: '1.0.0', min_read_version: 1, ...members, schema_url: `${SCHEMAS}/${schema}-1.0.0` };
}

/** How the tree refers to an array in an HDU. */
export function arrayReference(name: string, shape: readonly number[], datatype: string): Record<string, unknown> {
  return { source: `fits:${name}`, shape, datatype, byteorder: 'big' };
}

export interface ContainerInput {
  /** Schema of the root, such as `masked_image`. */
  readonly schema: string;
  /** Further cards of the primary header. */
  readonly cards: readonly Card[];
  readonly arrays: readonly ImageHduInput[];
  readonly tree: unknown;
}

/** The container as bytes; the same input gives the same bytes. */
export function writeContainer({ schema, cards, arrays, tree }: ContainerInput): Uint8Array {
  const primary = (pointers: Pointers): HduInput =>
    ({ kind: 'image', shape: [], data: null, cards: [...pointerCards(schema, pointers), ...cards] });
  const json: HduInput = {
    kind: 'bintable', name: 'JSON', nRows: 1,
    columns: [{ name: 'JSON', type: 'arrays', values: [Uint8Array.from(Buffer.from(pythonJsonText(tree)))] }],
  };
  const body = layFits([primary(NOWHERE), ...arrays, json]);
  const index = indexBytes([...arrays, json], body.places);
  const jsonPlace = body.places.at(-1)!;
  // The pointers change no length, so that the places found without them hold.
  const header = writeFits([primary({
    indexAt: body.bytes.length, indexSize: index.length,
    jsonAt: jsonPlace.headerOffset, jsonSize: body.bytes.length - jsonPlace.headerOffset,
  })]);
  const file = new Uint8Array(body.bytes.length + index.length);
  file.set(body.bytes);
  file.set(header);
  file.set(index, body.bytes.length);
  return file;
}

interface Pointers { readonly indexAt: number; readonly indexSize: number; readonly jsonAt: number; readonly jsonSize: number }
const NOWHERE: Pointers = { indexAt: 0, indexSize: 0, jsonAt: 0, jsonSize: 0 };

function pointerCards(schema: string, { indexAt, indexSize, jsonAt, jsonSize }: Pointers): Card[] {
  return [
    card('FMTVER', CONTAINER_VERSION, 'FITS container layout version'),
    card('INDXADDR', indexAt, 'position of the INDEX HDU'), card('INDXSIZE', indexSize, 'bytes of the INDEX HDU'),
    card('JSONADDR', jsonAt, 'position of the JSON HDU'), card('JSONSIZE', jsonSize, 'bytes of the JSON HDU'),
    card('DATAMODL', `${SCHEMAS}/${schema}-1.0.0`),
  ];
}

/** The INDEX HDU: one row for the primary HDU and each of the others. */
function indexBytes(hdus: readonly HduInput[], places: readonly HduPlace[]): Uint8Array {
  const rows = [{ name: '', xtension: 'IMAGE' }, ...hdus.map(hdu => ({
    name: hdu.name ?? '', xtension: hdu.kind === 'image' ? 'IMAGE' : 'BINTABLE',
  }))];
  const sizes = (key: keyof HduPlace): BigInt64Array => BigInt64Array.from(places, place => BigInt(place[key]));
  const file = layFits([{
    kind: 'bintable', name: 'INDEX', nRows: rows.length,
    columns: [
      { name: 'EXTNAME', type: 'strings', values: rows.map(r => r.name) },
      { name: 'EXTVER', type: 'numbers', values: Int32Array.from(rows, () => 1) },
      { name: 'XTENSION', type: 'strings', values: rows.map(r => r.xtension), width: 8 },
      { name: 'ZIMAGE', type: 'logical', values: rows.map(() => 0) },
      { name: 'HDRADDR', type: 'numbers', values: sizes('headerOffset') },
      { name: 'DATADDR', type: 'numbers', values: sizes('dataOffset') },
      { name: 'DATSIZE', type: 'numbers', values: sizes('dataBytes') },
    ],
  }]);
  return file.bytes.subarray(file.places[1]!.headerOffset);
}

/**
 * The HDUs and the root of the JSON tree.
 * @throws ApError BAD_FORMAT for a FITS file without a JSON tree, BAD_FITS, FILE_TRUNCATED.
 */
export function readContainer(bytes: Uint8Array): { file: FitsFile; tree: unknown } {
  const file = readFits(bytes);
  if (file.hdus[0]?.header.FMTVER !== CONTAINER_VERSION) {
    throw new ApError('BAD_FORMAT', { where: 'primary header, card FMTVER', found: String(file.hdus[0]?.header.FMTVER), expected: CONTAINER_VERSION });
  }
  const [text] = columnArrays(binTable(hduNamed(file, 'JSON')), 'JSON');
  try {
    return { file, tree: parsePythonJson(Buffer.from(text as Uint8Array).toString('utf8')) };
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'HDU JSON', found: String((cause as Error).message), expected: 'a JSON tree' }, { cause });
  }
}

