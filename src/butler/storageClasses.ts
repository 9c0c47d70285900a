/** How each storage class becomes bytes, and under what names the real client knows it. */
import assert from 'node:assert/strict';
import { parse as parseYaml } from 'yaml';
import { readAlerts, writeAlerts } from '../formats/alertAvro.ts';
import { writeExposure } from '../formats/exposureFits.ts';
import { readMask, writeMask } from '../formats/maskFits.ts';
import { readMatchingKernel, writeMatchingKernel } from '../formats/matchingKernel.ts';
import { readTable, writeTable } from '../formats/parquet.ts';
import { parsePythonJson, pythonJsonText } from '../formats/pythonJson.ts';
import { readRawFrame } from '../formats/rawFits.ts';
import type { AlertBatch } from '../model/alert.ts';
import type { StorageClass } from '../model/dataset.ts';
import type { Exposure } from '../model/image.ts';
import type { Mask } from '../model/instrument.ts';
import type { MatchingKernel } from '../model/kernel.ts';
import type { Table } from '../model/table.ts';
import { readAnyExposure } from './anyExposure.ts';

interface Storage {
  /** Storage class of the registry. Those that begin with `Ap` are declared in `butler.yaml`. */
  readonly registryName: string;
  /** Python class that reads the file. */
  readonly formatter: string;
  readonly extension: string;
  readonly encode: (value: unknown) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const JSON_FORMATTER = 'lsst.daf.butler.formatters.json.JsonFormatter';
const FITS_FORMATTERS = 'lsst.obs.base.formatters.fitsExposure';

const toJson = (value: unknown): Uint8Array => new TextEncoder().encode(pythonJsonText(value));
const fromJson = (bytes: Uint8Array): unknown => parsePythonJson(new TextDecoder().decode(bytes));
/** We write JSON, which is YAML; the real client writes block YAML. */
const fromYaml = (bytes: Uint8Array): unknown => {
  const text = new TextDecoder().decode(bytes);
  return /^\s*[[{]/.test(text) ? parsePythonJson(text) : parseYaml(text) as unknown;
};

const PACKAGES_TAG = '!<lsst.utils.packages.Packages>';

const toPackages = (versions: Readonly<Record<string, string>>): Uint8Array => new TextEncoder().encode(
  `${PACKAGES_TAG}\n${Object.entries(versions).map(([name, version]) => `${JSON.stringify(name)}: ${JSON.stringify(version)}\n`).join('')}`);
const fromPackages = (bytes: Uint8Array): unknown => {
  const versions = parseYaml(new TextDecoder().decode(bytes).replace(PACKAGES_TAG, '')) as Readonly<Record<string, unknown>> | null;
  return Object.fromEntries(Object.entries(versions ?? {}).map(([name, version]) => [name, String(version)]));
};

export const STORAGE: Readonly<Record<StorageClass, Storage>> = {
  Exposure: {
    registryName: 'MaskedImageV2', formatter: 'lsst.images.formatters.GenericFormatter', extension: '.fits',
    encode: value => writeExposure(value as Exposure), decode: readAnyExposure,
  },
  RawFits: {
    registryName: 'DecoratedImageU', formatter: `${FITS_FORMATTERS}.FitsExposureFormatter`, extension: '.fits',
    encode: () => assert.fail('raw frames are ingested as they are, never written'), decode: readRawFrame,
  },
  Mask: {
    registryName: 'Mask', formatter: `${FITS_FORMATTERS}.FitsMaskFormatter`, extension: '.fits',
    encode: value => writeMask(value as Mask), decode: readMask,
  },
  Table: {
    registryName: 'ArrowAstropy', formatter: 'lsst.daf.butler.formatters.parquet.ParquetFormatter', extension: '.parq',
    encode: value => writeTable(value as Table), decode: readTable,
  },
  StructuredDataDict: {
    registryName: 'StructuredDataDict', formatter: 'lsst.daf.butler.formatters.yaml.YamlFormatter', extension: '.yaml',
    encode: toJson, decode: fromYaml,
  },
  TaskMetadata: { registryName: 'TaskMetadata', formatter: JSON_FORMATTER, extension: '.json', encode: toJson, decode: fromJson },
  LogRecords: {
    registryName: 'ButlerLogRecords', formatter: 'lsst.daf.butler.formatters.logs.ButlerLogRecordsFormatter', extension: '.json',
    encode: toJson, decode: fromJson,
  },
  Packages: {
    registryName: 'Packages', formatter: 'lsst.daf.butler.formatters.packages.PackagesFormatter', extension: '.yaml',
    encode: value => toPackages(value as Readonly<Record<string, string>>), decode: fromPackages,
  },
  ConfigText: {
    registryName: 'Config', formatter: 'lsst.pipe.base.formatters.pexConfig.PexConfigFormatter', extension: '.py',
    encode: value => new TextEncoder().encode(String(value)), decode: bytes => new TextDecoder().decode(bytes),
  },
  MatchingKernel: {
    registryName: 'ApMatchingKernel', formatter: JSON_FORMATTER, extension: '.json',
    encode: value => writeMatchingKernel(value as MatchingKernel), decode: readMatchingKernel,
  },
  AlertPackets: {
    registryName: 'ApAlertPackets', formatter: JSON_FORMATTER, extension: '.avro',
    encode: value => writeAlerts(value as AlertBatch), decode: readAlerts,
  },
  Bytes: {
    registryName: 'ApBytes', formatter: JSON_FORMATTER, extension: '.bin',
    encode: value => value as Uint8Array, decode: bytes => bytes,
  },
};

/** Storage classes that the real client does not have, with the Python type of each; they go into `butler.yaml`. */
export const OWN_STORAGE_CLASSES: Readonly<Record<string, string>> = {
  ApMatchingKernel: 'dict', ApAlertPackets: 'bytes', ApBytes: 'bytes',
};

/** Storage classes of other writers that we read as ours. */
const OTHER_NAMES: Readonly<Record<string, StorageClass>> = {
  ArrowTable: 'Table', ArrowNumpy: 'Table', ArrowNumpyDict: 'Table', DataFrame: 'Table',
  VisitImage: 'Exposure', DifferenceImage: 'Exposure', Exposure: 'Exposure', ExposureF: 'Exposure', ExposureI: 'Exposure', MaskedImageF: 'Exposure',
  MaskX: 'Mask', StructuredDataList: 'StructuredDataDict',
};

const BY_REGISTRY_NAME = new Map(Object.entries(STORAGE).map(([name, { registryName }]) => [registryName, name as StorageClass]));

/** Our storage class for one of the registry; what we have no reader for is bytes. */
export function storageClassOf(registryName: string): StorageClass {
  return BY_REGISTRY_NAME.get(registryName) ?? OTHER_NAMES[registryName] ?? 'Bytes';
}
