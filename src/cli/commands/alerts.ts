/** `ap-verify alerts list | show | validate | publish`: packets of a run, a folder or a file. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { alertView } from '../../formats/alertView.ts';
import { checkAlert } from '../../harness/checkAlert.ts';
import { writeFileAtomic } from '../../harness/workspace.ts';
import type { AlertView } from '../../model/alertView.ts';
import { ApError } from '../../model/errors.ts';
import { ALERT_TEMPLATE, renderAlertPage } from '../../report/alertPage.ts';
import { readableText } from '../../report/readable.ts';
import { alertFilesAt, encodedAlerts, inFile, schemaFinder, type FoundAlert } from '../alertFiles.ts';
import { alertJson, alertLine, alertText } from '../alertText.ts';
import { HOME } from '../installation.ts';
import type { Outcome } from '../main.ts';
import { positiveInteger, several } from '../optionValues.ts';
import { pngAddress } from '../verification.ts';
import { addPublish } from './publishAlerts.ts';

interface Options {
  readonly schema: readonly string[];
}
interface ListOptions extends Options {
  readonly limit: number;
  readonly json?: boolean;
}
interface ShowOptions extends Options {
  readonly id: readonly string[];
  readonly limit?: number;
  readonly html?: string;
  readonly json?: boolean;
}

/** Alerts on one page when nobody says how many, and in the terminal. */
const [PAGE_ALERTS, TERMINAL_ALERTS] = [50, 3];

/** Adds the `alerts` commands to the program. */
export function addAlertsCommand(program: Command, outcome: Outcome): void {
  const alerts = program.command('alerts').description('alert packets of Rubin, ZTF and others: look at them, check them, send them');
  const command = (name: string, description: string): Command => alerts.command(`${name} <place...>`).description(description)
    .addHelpText('after', '\nA place is an Avro file (container or Confluent packet, perhaps gzipped), a folder of them, or the workspace of a run.')
    .option('--schema <[id=]path>', 'schema of packets with an id that is not known: an .avsc file or a folder of them (repeatable)', several, []);
  command('list', 'one line an alert: ids, band, position, flux, S/N, length of the history')
    .option('-n, --limit <n>', 'lines at most', positiveInteger, 50)
    .option('--json', 'one JSON object a line')
    .action((places: string[], options: ListOptions) => list(places, options));
  command('show', 'summary, light curve and cutouts of alerts, in the terminal or as a page')
    .option('--id <id>', 'only the alert with this id (repeatable)', several, [])
    .option('-n, --limit <n>', `alerts at most (default: ${PAGE_ALERTS} on a page, ${TERMINAL_ALERTS} in the terminal)`, positiveInteger)
    .option('--html <file>', 'write one page that needs nothing else')
    .option('--json', 'the whole records as JSON lines; cutouts as their number of bytes')
    .action((places: string[], options: ShowOptions) => show(places, options));
  command('validate', 'check encoding, ids, histories, cutouts and fluxes of all alerts')
    .action((places: string[], options: Options) => { outcome.exitCode = validate(places, options); });
  addPublish(command('publish', 'send packets to a Kafka topic, or write them to a folder as Rubin\'s pipeline does'));
}

function found(places: readonly string[], { schema }: Options): Generator<FoundAlert, void> {
  return encodedAlerts(places.flatMap(alertFilesAt), schemaFinder(schema));
}

function viewOf({ record, packets, file }: FoundAlert): AlertView {
  try {
    return alertView(record, packets.title);
  } catch (error) {
    throw inFile(error, file);
  }
}

function list(places: readonly string[], options: ListOptions): void {
  let n = 0;
  for (const alert of found(places, options)) {
    if (++n > options.limit) continue;
    const view = viewOf(alert);
    process.stdout.write(`${options.json === true ? JSON.stringify(alertJson(view, alert.file)) : alertLine(view)}\n`);
  }
  process.stderr.write(`${n} alerts${n > options.limit ? `, ${options.limit} shown (-n shows more)` : ''}\n`);
}

function show(places: readonly string[], options: ShowOptions): void {
  const limit = options.limit ?? (options.html === undefined ? TERMINAL_ALERTS : PAGE_ALERTS);
  const views: AlertView[] = [];
  const wanted = new Set(options.id);
  let total = 0;
  for (const alert of found(places, options)) {
    const view = viewOf(alert);
    if (wanted.size > 0 && !wanted.has(view.id)) continue;
    if (++total > limit) continue;
    if (options.json === true) process.stdout.write(`${JSON.stringify(alert.record, jsonValue)}\n`);
    else views.push(view);
  }
  if (total === 0 && wanted.size > 0) throw new ApError('DATASET_NOT_FOUND', { where: places.join(' '), expected: `an alert ${[...wanted].join(' or ')}` });
  if (options.html !== undefined) writePage(options.html, places, views, total);
  else if (views.length > 0) process.stdout.write(`${views.map(view => alertText(view, hasColours())).join('\n\n')}\n`);
  if (total > limit) process.stderr.write(`${total} alerts, ${limit} shown (-n shows more)\n`);
}

function hasColours(): boolean {
  return process.stdout.isTTY && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb';
}

/** All 64-bit integers as text, so that ids are exact; what JSON has no word for is null. */
function jsonValue(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  // A Buffer has turned itself into `{type, data}` before this is called.
  const bytes = (this as Record<string, unknown>)[key];
  return bytes instanceof Uint8Array ? { bytes: bytes.length } : value;
}

function writePage(file: string, places: readonly string[], views: readonly AlertView[], total: number): void {
  const text = (name: string): string => readFileSync(path.join(HOME, 'reports', name), 'utf8');
  const title = views.length === 1 && total === 1 ? `Alert ${views[0]!.id}` : `Alerts of ${places.map(place => path.basename(place)).join(', ')}`;
  writeFileAtomic(file, renderAlertPage(title, views, { template: text(ALERT_TEMPLATE), style: text('style.css'), encodePng: pngAddress, total }));
  process.stdout.write(`${file}\n`);
}

/** Prints the faults; 4 when a file cannot be read, 1 when an alert has a fault. */
function validate(places: readonly string[], { schema }: Options): number {
  const find = schemaFinder(schema);
  let [nAlerts, nFaults, nUnreadable] = [0, 0, 0];
  for (const file of places.flatMap(alertFilesAt)) {
    const say = (text: string): boolean => process.stdout.write(`${readableText(file)}: ${readableText(text)}\n`);
    try {
      for (const { record } of encodedAlerts([file], find)) {
        nAlerts++;
        const faults = checkAlert(record);
        if (faults.length > 0) nFaults++;
        for (const fault of faults) say(`alert ${String(record.diaSourceId ?? record.alertId ?? record.candid)}: ${fault}`);
      }
    } catch (error) {
      if (!(error instanceof ApError)) throw error;
      nUnreadable++;
      say(error.message);
    }
  }
  process.stderr.write(`${nAlerts} alerts, ${nFaults} with faults${nUnreadable > 0 ? `, ${nUnreadable} files that cannot be read to their end` : ''}\n`);
  return nUnreadable > 0 ? 4 : nFaults > 0 ? 1 : 0;
}
