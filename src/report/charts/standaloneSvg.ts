/** A chart as an SVG file of its own: in a page the colours come from the style sheet, here they have to come along. */
import type { SafeHtml } from '../safeHtml.ts';

/** Colours for light and dark; the series are those of Okabe & Ito (2008), which colour-blind readers can tell apart. */
const STYLE = `
svg { color-scheme: light dark; --ink: #1f2328; --faint: #d7dce2; --ground: #ffffff; --last: #555c66;
  font: 11px system-ui, sans-serif; background: var(--ground) }
@media (prefers-color-scheme: dark) { svg { --ink: #e6e9ed; --faint: #3a4048; --ground: #15181c; --last: #b0b7c0 } }
text { fill: var(--ink) } .legend { font-size: 12px }
path, circle { fill: none } .grid { stroke: var(--faint) } .axis, .guide, .this-alert { stroke: var(--ink) }
.dots { stroke-width: 5; stroke-linecap: round } .dots.s1 { stroke-linecap: square } .dots:not(.s0, .s1) { stroke-width: 1.6 }
.error-bars, .ring-point { stroke-width: 1.2 } .ring-point { fill: var(--ground) }
.s0 { stroke: #0072b2 } .s1 { stroke: #d55e00 } .s2 { stroke: #009e73 } .s3 { stroke: #cc79a7 } .s4 { stroke: #e69f00 } .s5 { stroke: var(--last) }
`;

/** The text of a file, with its size and style. The chart is one that this room has drawn. */
export function standaloneSvg(chart: SafeHtml): string {
  const text = chart.toHTML();
  const end = text.indexOf('>');
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(text)!;
  const root = `${text.slice(0, end)} xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}<style>${STYLE}</style>${text.slice(end + 1)}\n`;
}
