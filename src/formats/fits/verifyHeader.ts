/**
 * Rules for headers: mandatory and reserved keywords, world coordinates, arrays, random groups. They are those of
 * fitsverify 4.20 (HEASARC), which the verdict must agree with.
 */
import { isOfKind, requireFixed, type Keyword, type Report } from './verifyCards.ts';

export interface HeaderFacts {
  readonly isPrimary: boolean;
  readonly kind: 'image' | 'bintable' | 'asciiTable' | 'randomGroups' | 'other';
  readonly isCompressedImage: boolean;
  readonly nAxes: number;
  readonly bitpix: number;
  readonly pcount: number;
  readonly gcount: number;
  readonly hasExtensions: boolean;
  readonly hasContinue: boolean;
}

const named = ({ number, key }: Keyword): string => `Keyword #${number}, ${key}`;

/** Keywords of the list with exactly this name, or with this prefix and an index behind it. */
export function exact(keywords: readonly Keyword[], key: string): Keyword[] {
  return keywords.filter(k => k.key === key);
}

export function indexed(keywords: readonly Keyword[], prefix: string): (Keyword & { readonly i: number; readonly suffix: string })[] {
  return keywords.flatMap(k => {
    const match = k.key.startsWith(prefix) ? /^(\d+)(.*)$/.exec(k.key.slice(prefix.length)) : null;
    return match === null ? [] : [{ ...k, i: Number(match[1]), suffix: match[2]! }];
  });
}

/** Everything about a header except its table columns. */
export function verifyHeader(keywords: readonly Keyword[], facts: HeaderFacts, report: Report): void {
  mandatory(keywords, facts, report);
  if (facts.isPrimary) primary(keywords, facts, report);
  else extension(keywords, facts, report);
  if (facts.kind === 'image' || facts.kind === 'randomGroups') arrayRules(keywords, facts, report);
  reserved(keywords, report);
  duplicates(keywords, report);
  worldCoordinates(keywords, facts, report);
  if (facts.hasContinue && exact(keywords, 'LONGSTRN').length === 0) {
    report('warning', 'CONTINUE cards are used without the recommended LONGSTRN keyword.');
  }
}

function mandatory(keywords: readonly Keyword[], { isPrimary, nAxes }: HeaderFacts, report: Report): void {
  const wanted = [isPrimary ? 'SIMPLE' : 'XTENSION', 'BITPIX', 'NAXIS', ...Array.from({ length: nAxes }, (_, i) => `NAXIS${i + 1}`)];
  wanted.forEach((key, i) => {
    const found = exact(keywords, key);
    const inPlace = found.find(k => k.number === i + 1);
    if (inPlace === undefined) report('error', `${key} is not card ${i + 1} of the header.`);
    else requireFixed(inPlace, report);
    for (const other of found) if (other !== inPlace) report('error', `${named(other)} is duplicated or out of order.`);
  });
  for (const other of exact(keywords, isPrimary ? 'XTENSION' : 'SIMPLE')) {
    report('error', `${named(other)} is not allowed in ${isPrimary ? 'a primary array' : 'extensions'}.`);
  }
  for (const axis of indexed(keywords, 'NAXIS')) {
    if (axis.i > nAxes && axis.suffix === '') report('error', `${named(axis)} is not allowed (with n > NAXIS = ${nAxes}).`);
  }
  for (const simple of exact(keywords, 'SIMPLE')) if (simple.value === 'F') report('warning', 'SIMPLE = F: the file does not conform to the standard.');
  for (const type of exact(keywords, 'XTENSION')) if (type.value.startsWith(' ')) report('error', `${named(type)} has a leading space.`);
}

function primary(keywords: readonly Keyword[], facts: HeaderFacts, report: Report): void {
  const isGroups = facts.kind === 'randomGroups';
  for (const groups of exact(keywords, 'GROUPS')) if (isGroups) requireFixed(groups, report);
  for (const extend of isGroups ? [] : exact(keywords, 'EXTEND')) {
    if (isOfKind(extend, 'logical', report) && extend.value !== 'T' && facts.hasExtensions) report('error', 'There are extensions but EXTEND = F.');
  }
  for (const count of [...exact(keywords, 'PCOUNT'), ...exact(keywords, 'GCOUNT')]) {
    if (!isGroups) report('error', `${named(count)} is not allowed in a primary array.`);
    else if (isOfKind(count, 'integer', report)) requireFixed(count, report);
  }
  for (const blocked of exact(keywords, 'BLOCKED')) {
    report('warning', `${named(blocked)} is deprecated.`);
    isOfKind(blocked, 'logical', report);
  }
  for (const prefix of ['PSCAL', 'PZERO', 'PTYPE']) {
    for (const parameter of indexed(keywords, prefix)) {
      if (!isGroups) {
        report('error', `${named(parameter)} is only allowed in random groups.`);
        continue;
      }
      const isNumber = isOfKind(parameter, prefix === 'PTYPE' ? 'string' : 'float', report);
      if (prefix === 'PSCAL' && isNumber && Number(parameter.value) === 0) report('warning', `${named(parameter)}: the scaling factor is zero.`);
      // The standard bounds the index by PCOUNT; the verdict follows fitsverify, which compares with GCOUNT.
      if (parameter.i < 1 || parameter.i > facts.gcount) report('error', `${named(parameter)}: invalid index (> GCOUNT = ${facts.gcount}).`);
    }
  }
}

function extension(keywords: readonly Keyword[], { nAxes, kind, pcount, gcount }: HeaderFacts, report: Report): void {
  for (const [key, place] of [['PCOUNT', nAxes + 4], ['GCOUNT', nAxes + 5]] as const) {
    const [found] = exact(keywords, key);
    if (found === undefined) report('error', `cannot find the ${key} keyword.`);
    else {
      isOfKind(found, 'integer', report);
      if (found.number !== place) report('error', `${key} is not card ${place} of the header.`);
      requireFixed(found, report);
    }
  }
  for (const key of ['EXTEND', 'BLOCKED']) {
    for (const k of exact(keywords, key)) report('error', `${named(k)} is not allowed in extensions.`);
  }
  for (const prefix of ['PTYPE', 'PSCAL', 'PZERO']) {
    for (const k of indexed(keywords, prefix)) report('error', `${named(k)} is only allowed in random groups.`);
  }
  if (kind === 'image' && pcount !== 0) report('error', `PCOUNT = ${pcount} in an image.`);
  if (kind === 'image' && gcount !== 1) report('error', `GCOUNT = ${gcount} in an image.`);
}

const TABLE_KEYS = ['TBCOL', 'TFORM', 'TSCAL', 'TZERO', 'TNULL', 'TTYPE', 'TUNIT', 'TDISP', 'TDIM', 'TCTYP', 'TCUNI', 'TCRVL', 'TCDLT', 'TCRPX', 'TCROT'];

function arrayRules(keywords: readonly Keyword[], { bitpix }: HeaderFacts, report: Report): void {
  for (const blank of exact(keywords, 'BLANK').slice(0, 1)) {
    isOfKind(blank, 'integer', report);
    if (bitpix < 0) report('error', `${named(blank)} must not be used with floating point data (BITPIX = ${bitpix}).`);
  }
  for (const scale of exact(keywords, 'BSCALE').slice(0, 1)) {
    if (isOfKind(scale, 'float', report) && Number(scale.value) === 0) report('warning', `${named(scale)}: the scaling factor is 0.`);
  }
  for (const k of [...exact(keywords, 'TFIELDS'), ...exact(keywords, 'THEAP'), ...TABLE_KEYS.flatMap(prefix => indexed(keywords, prefix))]) {
    report('error', `${named(k)} is not allowed in an array.`);
  }
  for (const key of ['BZERO', 'DATAMAX', 'DATAMIN']) for (const k of exact(keywords, key)) isOfKind(k, 'float', report);
  for (const k of exact(keywords, 'BUNIT')) isOfKind(k, 'string', report);
}

function reserved(keywords: readonly Keyword[], report: Report): void {
  for (const epoch of exact(keywords, 'EPOCH').slice(0, 1)) {
    report('warning', `${named(epoch)} is deprecated. Use EQUINOX instead.`);
    isOfKind(epoch, 'float', report);
  }
  for (const date of keywords.filter(k => k.key.startsWith('DATE'))) {
    if (isOfKind(date, 'string', report)) dateRules(date, report);
  }
  const first = (keys: readonly string[]): Keyword[] => keys.flatMap(key => exact(keywords, key).slice(0, 1));
  for (const k of first(['EXTNAME', 'ORIGIN', 'AUTHOR', 'CREATOR', 'REFERENC', 'TELESCOP', 'INSTRUME', 'OBSERVER', 'OBJECT'])) isOfKind(k, 'string', report);
  for (const k of first(['EXTVER', 'EXTLEVEL'])) isOfKind(k, 'integer', report);
  for (const k of first(['EQUINOX', 'MJD-OBS', 'MJD-AVG'])) isOfKind(k, 'float', report);
}

function dateRules(date: Keyword, report: Report): void {
  const old = /^(\d\d)\/(\d\d)\/(\d\d)$/.exec(date.value);
  const iso = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d(?:\.\d*)?))?$/.exec(date.value);
  const [day, month] = old === null ? [Number(iso?.[3]), Number(iso?.[2])] : [Number(old[1]), Number(old[2])];
  const isTime = iso?.[4] === undefined || (Number(iso[4]) < 24 && Number(iso[5]) < 60 && Number(iso[6]) < 61);
  if (!(day >= 1 && day <= 31 && month >= 1 && month <= 12 && isTime)) report('error', `${named(date)}: ${date.value} is no date.`);
  if (old !== null && Number(old[3]) <= 10) report('warning', `${named(date)}: ${date.value} intends to mean year 20${old[3]}?`);
}

function duplicates(keywords: readonly Keyword[], report: Report): void {
  const sorted = keywords.filter(k => k.key !== 'HIERARCH' && !/^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|END)$/.test(k.key))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.number - b.number));
  for (let i = 1; i < sorted.length; i++) {
    const [before, after] = [sorted[i - 1]!, sorted[i]!];
    if (before.key === after.key) report('warning', `Keyword ${after.key} is duplicated in card #${before.number} and card #${after.number}.`);
  }
}

const REFERENCE_FRAMES = new Set(['ICRS', 'FK5', 'FK4', 'FK4-NO-E', 'GAPPT']);

function worldCoordinates(keywords: readonly Keyword[], { nAxes }: HeaderFacts, report: Report): void {
  const declared = keywords.filter(k => /^WCSAXES[A-Z]?$/.test(k.key) && isOfKind(k, 'integer', report));
  const maxAxis = declared.reduce((most, k) => Math.max(most, Number(k.value)), 0);
  const own = declared.find(k => k.key === 'WCSAXES');
  const isInRange = (k: Keyword, i: number): void => {
    const limit = declared.length > 0 ? maxAxis : nAxes;
    if (i >= 1 && i <= limit) return;
    report(declared.length > 0 ? 'error' : 'warning', `${named(k)}: index ${i} is not in range 1-${limit} (${declared.length > 0 ? 'WCSAXES' : 'NAXIS'}).`);
  };
  const count = new Map<string, number>();
  const used: (Keyword & { alternative: string })[] = [];
  let most = own === undefined ? 0 : Number(own.value);
  for (const prefix of ['CRPIX', 'CRVAL', 'CDELT', 'CROTA', 'CRDER', 'CSYER', 'CTYPE', 'CUNIT']) {
    for (const k of indexed(keywords, prefix)) {
      if (!isOfKind(k, prefix === 'CTYPE' || prefix === 'CUNIT' ? 'string' : 'float', report)) continue;
      if (prefix === 'CDELT' && Number(k.value) === 0) report('error', `${named(k)}: must have a non-zero value.`);
      if ((prefix === 'CRDER' || prefix === 'CSYER') && Number(k.value) < 0) report('error', `${named(k)}: must not be negative.`);
      isInRange(k, k.i);
      used.push({ ...k, alternative: k.suffix });
      if (k.suffix !== '') continue;
      count.set(prefix, (count.get(prefix) ?? 0) + 1);
      if (prefix !== 'CTYPE' && prefix !== 'CUNIT') most = Math.max(most, k.i);
    }
  }
  const expected = Math.min(most, own === undefined ? nAxes : Number(own.value));
  for (const prefix of ['CRPIX', 'CRVAL', 'CTYPE']) {
    if ((count.get(prefix) ?? 0) < expected) report('warning', `Some ${prefix}i keywords appear to be missing; expected ${expected}.`);
  }
  used.push(...matrixRules(keywords, isInRange, report));
  for (const axes of declared) {
    const early = used.find(k => k.alternative === axes.key.slice(7) && k.number < axes.number);
    if (early !== undefined) report('error', `${named(axes)} appears after the WCS keyword ${early.key} #${early.number}.`);
  }
  frameRules(keywords, report);
}

function matrixRules(
  keywords: readonly Keyword[], isInRange: (k: Keyword, i: number) => void, report: Report,
): (Keyword & { alternative: string })[] {
  const used: (Keyword & { alternative: string })[] = [];
  const primaryOf: Record<string, Keyword> = {};
  for (const k of keywords) {
    const match = /^(PC|CD)(\d+)_(\d+)([A-Z]?)$/.exec(k.key);
    if (match === null || !isOfKind(k, 'float', report)) continue;
    isInRange(k, Number(match[2]));
    isInRange(k, Number(match[3]));
    if (match[4] === '') primaryOf[match[1]!] = k;
    used.push({ ...k, alternative: match[4]! });
  }
  const [rotation] = exact(keywords, 'CROTA2');
  if (primaryOf.PC !== undefined && primaryOf.CD !== undefined) report('error', 'PCi_j and CDi_j are mutually exclusive.');
  if (primaryOf.PC !== undefined && rotation !== undefined) report('error', 'PCi_j and CROTA2 are mutually exclusive.');
  return used;
}

function frameRules(keywords: readonly Keyword[], report: Report): void {
  for (const k of keywords) {
    if (/^(RESTFRQ|RESTFREQ|RESTWAV|OBSGEO-[XYZ]|VELOSYS|ZSOURCE|VELANGL|LONPOLE|LATPOLE)/.test(k.key)) isOfKind(k, 'float', report);
    if (/^(RADESYS|RADECSYS)/.test(k.key) && isOfKind(k, 'string', report) && !REFERENCE_FRAMES.has(k.value)) {
      report('warning', `${named(k)} has the non-allowed value ${k.value}.`);
    }
  }
}
