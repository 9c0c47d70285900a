/** VerificationResult to one self-contained HTML page: complete without script, no network, light and dark. */
import { createHash } from 'node:crypto';
import Handlebars from 'handlebars';
import type { Metric, Unit, VerificationResult } from '../model/verification.ts';
import { embeddedDocument } from './embeddedDocument.ts';
import { readableResult } from './readable.ts';
import { SafeHtml } from './safeHtml.ts';
import type { EncodePng, Section } from './section.ts';
import { sections } from './sections/index.ts';

export interface ReportOptions {
  /** Text of the files below `reports/`, by path: `page.hbs`, `page.js`, `style.css`, `sections/<name>.hbs`. */
  readonly templates: Readonly<Record<string, string>>;
  readonly encodePng: EncodePng;
}

/** Names of the files that `templates` must hold. */
export const TEMPLATE_FILES: readonly string[] = ['page.hbs', 'page.js', 'style.css', ...sections.map(s => `sections/${s.name}.hbs`)];

/**
 * The page as text, the same for the same result. Texts of the result are shortened to what a page can show and
 * are escaped by the templates. A template that uses a name which its view model does not give is an error,
 * not an empty place.
 */
export function renderReport(document: VerificationResult, { templates, encodePng }: ReportOptions): string {
  const result = readableResult(withEveryMetric(document));
  const engine = Handlebars.create();
  const compile = (file: string): HandlebarsTemplateDelegate => engine.compile(templateText(templates, file), {
    strict: true, assumeObjects: false, knownHelpersOnly: true, preventIndent: true,
  });
  const shown = sections.flatMap(section => {
    const view = section.view(result, { encodePng });
    return view === null ? [] : [{ section, view }];
  });
  const [style, script] = ['style.css', 'page.js'].map(file => templateText(templates, file)) as [string, string];
  return compile('page.hbs')({
    title: `${result.verdict.status === 'pass' ? '✓' : '✗'} ${result.dataset.name}: ${result.verdict.status}`,
    heading: result.dataset.title, icon: iconAddress(result.verdict.status === 'pass'),
    style: new SafeHtml(style), styleHash: new SafeHtml(contentHash(style)),
    script: new SafeHtml(script), scriptHash: new SafeHtml(contentHash(script)),
    document: new SafeHtml(embeddedDocument(document)),
    navigation: shown.filter(({ section }) => section.name !== 'banner').map(({ section }) => ({ name: section.name, title: section.title })),
    sections: shown.map(({ section, view }) => ({ ...heading(section), body: new SafeHtml(compile(`sections/${section.name}.hbs`)(view)) })),
  });
}

function heading({ name, title }: Section): { name: string; title: string; hasHeading: boolean } {
  return { name, title, hasHeading: name !== 'banner' };
}

/** The icon of the tab: a tick on green or a cross on red. */
function iconAddress(isPass: boolean): string {
  const [colour, sign] = isPass ? ['#14643a', 'M4 8.5l2.7 2.7L12 5'] : ['#ad211a', 'M5 5l6 6M11 5l-6 6'];
  return 'data:image/svg+xml,' + encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
    + `<circle cx="8" cy="8" r="8" fill="${colour}"/><path d="${sign}" fill="none" stroke="#fff" stroke-width="2"/></svg>`);
}

/** As a content security policy names an inline style sheet or script. */
function contentHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function templateText(templates: ReportOptions['templates'], file: string): string {
  const text = templates[file];
  if (text === undefined) throw new TypeError(`no template '${file}'; there are: ${Object.keys(templates).join(', ')}`);
  return text;
}

/** Stands in for metrics that a specification asks for and that nobody defines any more: their verdicts must not vanish. */
function withEveryMetric(result: VerificationResult): VerificationResult {
  const known = new Set(result.metrics.map(metric => metric.name));
  const lost = new Map<string, Unit>(result.verdicts.map(({ specification: s }) => [s.metric, s.unit] as const)
    .filter(([name]) => !known.has(name)));
  if (lost.size === 0) return result;
  const standIns = [...lost].map(([name, unit]): Metric => ({
    name, unit, title: name, description: 'This metric has lost its definition: a specification asks for it, and nothing defines it.',
    reference: '', tags: [], direction: 'neither', formula: 'not defined', version: 0, interval: 'none', minimumN: 0, definitionHash: '',
  }));
  return { ...result, metrics: [...result.metrics, ...standIns] };
}
