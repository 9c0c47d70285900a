/** Does a specification hold for this run and this measurement? */
import type { Condition, KeyValues, Specification } from '../model/specification.ts';

/**
 * null when every condition holds, else why not. A name is looked up in the keys of the measurement, then in the facts of
 * the run. A fact that nobody knows does not hold (lsst.verify's `metadata_query` does the same).
 */
export function whyNotApplicable({ when, valid }: Specification, keys: KeyValues, facts: KeyValues, date: string | null): string | null {
  for (const [name, condition] of Object.entries(when ?? {})) {
    const value = keys[name] ?? facts[name];
    if (value === undefined) return `${name} is not known, wanted ${conditionText(condition)}`;
    if (!holds(condition, value)) return `${name} is ${value}, wanted ${conditionText(condition)}`;
  }
  if (date !== null && valid?.from !== undefined && date < valid.from) return `it holds from ${valid.from} on`;
  if (date !== null && valid?.until !== undefined && date > valid.until) return `it held until ${valid.until}`;
  return null;
}

export function holds(condition: Condition, value: string | number): boolean {
  if (isList(condition)) return condition.includes(value);
  if (typeof condition !== 'object') return condition === value;
  const { min = -Infinity, max = Infinity } = condition;
  return Number(value) >= min && Number(value) <= max;
}

export function conditionText(condition: Condition): string {
  if (isList(condition)) return `one of ${condition.join(', ')}`;
  if (typeof condition !== 'object') return String(condition);
  const { min, max } = condition;
  return [min === undefined ? '' : `>= ${min}`, max === undefined ? '' : `<= ${max}`].filter(part => part !== '').join(' and ');
}

function isList(condition: Condition): condition is readonly (string | number)[] {
  return Array.isArray(condition);
}
