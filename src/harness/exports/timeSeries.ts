/** Measurements for time-series databases: OpenMetrics text and InfluxDB lines. */
import type { Measurement, VerificationResult } from '../../model/verification.ts';

/** OpenMetrics wants base units spelt out, at the end of the name. */
const UNIT_WORDS: Readonly<Record<string, string>> = {
  s: 'seconds', h: 'hours', byte: 'bytes', MB: 'megabytes', percent: 'percent', ct: '', '': '', mag: 'mag', mmag: 'mmag', arcsec: 'arcsec', mas: 'mas', pixel: 'pixels',
  'deg-2': 'per_square_degree', nJy: 'njy', sigma: 'sigma', 'ct/s': 'per_second', deg: 'degrees', arcmin: 'arcmin',
};

/**
 * OpenMetrics 1.0: a gauge for each metric, labels for dataset, pipeline and keys, time stamps in seconds, `# EOF` at the end.
 * A measurement without a value is left out of its gauge and told by `apverify_measured` 0.
 */
export function openMetricsText({ dataset, pipeline, run, metrics, measurements, verdict }: VerificationResult): string {
  const time = (Date.parse(run.started) / 1000).toFixed(3);
  const common = { dataset: dataset.name, pipeline: pipeline.name };
  const families = metrics.flatMap(metric => {
    const own = measurements.filter(m => m.metric === metric.name && m.value !== null);
    if (own.length === 0) return [];
    const unit = UNIT_WORDS[metric.unit] ?? '';
    const name = `apverify_${metric.name.replace(/\W/g, '_')}`.replace(new RegExp(unit === '' ? '$^' : `_${unit}$`), '');
    const family = unit === '' ? name : `${name}_${unit}`;
    return [
      `# TYPE ${family} gauge`, ...(unit === '' ? [] : [`# UNIT ${family} ${unit}`]), `# HELP ${family} ${escapeHelp(metric.description)}`,
      ...own.map(m => `${family}${labels({ ...common, ...prefixed(m.keys) })} ${m.value} ${time}`),
    ];
  });
  return [
    ...families, '# TYPE apverify_measured gauge', '# HELP apverify_measured 1 where the metric has a value, 0 where it has none.',
    ...measurements.map(m => `apverify_measured${labels({ ...common, metric: m.metric, ...prefixed(m.keys), status: m.status })} ${m.value === null ? 0 : 1} ${time}`),
    '# TYPE apverify_exit_code gauge', '# HELP apverify_exit_code Exit code of the verification.', `apverify_exit_code${labels(common)} ${verdict.exitCode} ${time}`,
    '# EOF', '',
  ].join('\n');
}

/** A key may not collide with a label of ours. */
function prefixed(keys: Measurement['keys']): Record<string, string> {
  return Object.fromEntries(Object.entries(keys).map(([key, value]) => [`key_${key.replace(/\W/g, '_')}`, String(value)]));
}

function labels(values: Readonly<Record<string, string>>): string {
  const text = Object.entries(values).map(([key, value]) => `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`);
  return `{${text.join(',')}}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/**
 * InfluxDB line protocol, as SQuaSH wrote it: measurement = package, field = metric, tags = dataset, pipeline and keys, time in
 * nanoseconds. A field that has no value is left out, never 0; its status is a field of its own.
 */
export function influxLines({ dataset, pipeline, run, measurements }: VerificationResult): string {
  const time_ns = BigInt(Date.parse(run.started)) * 1_000_000n;
  const groups = Map.groupBy(measurements, m => JSON.stringify([m.metric.split('.')[0], m.keys]));
  return [...groups.values()].map(group => {
    const [packageName] = group[0]!.metric.split('.') as [string];
    const tags = { dataset: dataset.name, dataset_version: dataset.version, pipeline: pipeline.name, ...group[0]!.keys };
    const fields = group.flatMap(m => fieldsOf(m));
    const tagText = Object.entries(tags).filter(([, v]) => String(v) !== '').sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `,${escapeTag(k)}=${escapeTag(String(v))}`);
    return `${packageName.replace(/([, ])/g, '\\$1')}${tagText.join('')} ${fields.join(',')} ${time_ns}\n`;
  }).join('');
}

function fieldsOf(m: Measurement): string[] {
  const name = escapeTag(m.metric.split('.').slice(1).join('.'));
  const status = `${name}_status="${m.status}"`;
  if (m.value === null) return [status];
  return [
    `${name}=${m.value}`, ...(m.interval === null ? [] : [`${name}_low=${m.interval[0]}`, `${name}_high=${m.interval[1]}`]),
    ...(m.n === null ? [] : [`${name}_n=${m.n}i`]), status,
  ];
}

function escapeTag(text: string): string {
  return text.replace(/[\r\n]/g, ' ').replace(/([,= ])/g, '\\$1').replace(/\\$/, '\\ ');
}
