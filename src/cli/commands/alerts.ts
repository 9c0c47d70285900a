/** `ap-verify alerts show`: the alert packets of a run, or of one file. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { openRepository } from '../../butler/repository.ts';
import { readAlerts } from '../../formats/alertAvro.ts';
import * as types from '../../model/datasetTypes.ts';
import { ApError } from '../../model/errors.ts';
import { readRunRecord } from '../runRecord.ts';
import { existingWorkspace } from './report.ts';

/** Adds the `alerts` commands to the program. */
export function addAlertsCommand(program: Command): void {
  const alerts = program.command('alerts').description('look at alert packets');
  alerts.command('show <workspace-or-file>').description('one line an alert: ids, band, position, flux, S/N, length of the history')
    .option('-n, --limit <n>', 'lines at most', Number, 50)
    .action((place: string, { limit }: { limit: number }) => {
      const lines = filesAt(place).flatMap(file => readAlerts(readFileSync(file)).alerts.map(lineOf));
      for (const line of lines.slice(0, limit)) process.stdout.write(`${line}\n`);
      process.stderr.write(`${lines.length} alerts${lines.length > limit ? `, ${limit} shown (-n shows more)` : ''}\n`);
    });
}

function filesAt(place: string): string[] {
  if (!existsSync(place)) throw new ApError('FILE_NOT_FOUND', { where: place, expected: 'a workspace or an Avro file' });
  if (!statSync(place).isDirectory()) return [place];
  const workspace = existingWorkspace(place);
  const repository = openRepository(workspace.repository, { readonly: true });
  try {
    return repository.query(types.alerts, readRunRecord(workspace).collections).map(ref => repository.pathOf(ref));
  } finally {
    repository.close();
  }
}

function lineOf(alert: Record<string, unknown>): string {
  const source = alert.diaSource as Record<string, unknown>;
  const history = (alert.prvDiaSources as readonly unknown[] | null)?.length ?? 0;
  const number = (name: string, digits: number): string => Number(source[name] ?? NaN).toFixed(digits);
  return [
    `alert ${String(alert.diaSourceId)}`, `visit ${String(source.visit)}`, `detector ${String(source.detector)}`, `band ${String(source.band)}`,
    `object ${String(source.diaObjectId)}`, `ra ${number('ra', 6)}`, `dec ${number('dec', 6)}`,
    `psfFlux ${number('psfFlux', 0)} ± ${number('psfFluxErr', 0)} nJy`, `S/N ${number('snr', 1)}`, `history ${history}`,
  ].join('  ');
}
