/** The agreement of two sets of DIAObjects as a table for people. */
import type { Agreement, AgreementTolerance } from '../astro/association/compareObjects.ts';

/** One line for the groups, one a column that has numbers, and why some of them may differ. */
export function agreementText(agreement: Agreement, tolerance: AgreementTolerance): string {
  const { nReference, nSameGroup, differentGroups } = agreement;
  const columns = agreement.columns.filter(c => c.nBoth + c.nOnlyOurs + c.nOnlyTheirs > 0);
  const lines = [
    `groups: ${nSameGroup} of ${nReference} objects have the same sources`,
    ...differentGroups.slice(0, 20).map(id => `  other sources: ${id}`),
    ...(differentGroups.length > 20 ? [`  and ${differentGroups.length - 20} more`] : []),
    '',
    `${'column'.padEnd(24)}${['both', 'beyond', 'rounding', 'only ours', 'only theirs'].map(t => t.padStart(12)).join('')}     largest  object`,
    ...columns.map(c => `${c.column.padEnd(24)}${[c.nBoth, c.nBeyond, c.nRounding, c.nOnlyOurs, c.nOnlyTheirs].map(n => String(n).padStart(12)).join('')}`
      + `  ${c.largest.toExponential(2).padStart(10)}  ${c.worstId === 0n ? '' : c.worstId}`),
    '',
    `beyond: differ by more than ${tolerance.position_arcsec} arcsec (position) or ${tolerance.relative} (relative).`,
    'rounding: of these, fluxes that nearly cancel in sums; the difference is below the single precision of the fluxes.',
    'only ours: the other side has no number there (Rubin fills neither first nor last time of a source).',
  ];
  return `${lines.join('\n')}\n`;
}
