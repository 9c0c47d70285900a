/** Waivers: somebody answers for a verdict that would close the gate, with a reason and for a time. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ApError } from '../model/errors.ts';
import type { KeyValues, Waiver } from '../model/specification.ts';
import type { Metric, Verdict } from '../model/verification.ts';
import schema from './schemas/waivers.schema.json' with { type: 'json' };
import { readYaml } from './yamlFile.ts';
import type { TextFile } from './yamlFile.ts';

const validate = new Ajv2020({ allErrors: false, strict: true, strictRequired: false, allowUnionTypes: true }).compile(schema);

/** The waivers of the files. Throws BAD_SPECIFICATION with file and line; one that expires before it begins is an error. */
export function loadWaivers(files: readonly TextFile[]): Waiver[] {
  return files.flatMap(file => readYaml(file, 'BAD_SPECIFICATION', validate).flatMap(document =>
    (document.value as { waivers: readonly (Omit<Waiver, 'keys' | 'source'> & { keys?: KeyValues })[] }).waivers.map((waiver, k) => {
      const source = document.where(['waivers', k]);
      if (waiver.expires < waiver.created) {
        throw new ApError('BAD_SPECIFICATION', { where: source, found: `a waiver from ${waiver.created} to ${waiver.expires}`, expected: 'expires after created' });
      }
      return { ...waiver, keys: waiver.keys ?? {}, source };
    })));
}

interface WaiverContext {
  readonly date: string | null;
  readonly facts: KeyValues;
  readonly waivers: readonly Waiver[];
}

/** The verdict with the waiver that is in force; one that has expired, or accepts less, changes only the reason. */
export function waive(verdict: Verdict, metric: Metric | undefined, { date, facts, waivers }: WaiverContext): Verdict {
  if (verdict.status !== 'fail' && verdict.status !== 'incomplete') return verdict;
  const mine = waivers.filter(w => w.spec === verdict.specification.name
    && (w.dataset === undefined || w.dataset === facts.dataset)
    && Object.entries(w.keys).every(([key, value]) => verdict.specification.keys[key] === value));
  const refusals = mine.map(w => ({ waiver: w, why: whyNot(w, verdict, metric, date) }));
  const inForce = refusals.find(({ why }) => why === null)?.waiver;
  if (inForce !== undefined) {
    return { ...verdict, status: 'waived', waiver: inForce, reason: `waived by ${inForce.owner} until ${inForce.expires} (${inForce.reason}): ${verdict.reason}` };
  }
  return refusals.length === 0 ? verdict : { ...verdict, reason: `${verdict.reason}; the waiver of ${refusals[0]!.waiver.owner} ${refusals[0]!.why}` };
}

function whyNot({ expires, created, accept }: Waiver, { value }: Verdict, metric: Metric | undefined, date: string | null): string | null {
  if (date === null) return 'cannot be dated';
  if (date > expires) return `has expired on ${expires}`;
  if (date < created) return `begins on ${created}`;
  if (accept === undefined) return null;
  const isWorse = value === null || (metric?.direction === 'higher' ? value < accept : metric?.direction === 'lower' ? value > accept
    : Math.abs(value) > Math.abs(accept));
  return isWorse ? `accepts ${accept} at most` : null;
}
