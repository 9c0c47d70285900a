/** Horizontal bars with a name and a value text each. */
import { scaleLinear } from 'd3-scale';
import type { SafeHtml } from '../safeHtml.ts';
import { escapeText } from '../safeHtml.ts';
import { px, shortText, svg } from './axes.ts';

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** A mark inside the bar (the median), or null. */
  readonly mark: number | null;
  readonly text: string;
}

const WIDTH = 480;
const ROW = 37;

export function drawBars(name: string, texts: { readonly title: string; readonly description: string }, bars: readonly Bar[]): SafeHtml {
  const height = bars.length * ROW + 4;
  const most = Math.max(...bars.map(b => b.value), 1e-9);
  const x = scaleLinear([0, most], [0, WIDTH - 96]);
  const rows = bars.map((bar, i) => {
    const y = i * ROW;
    const width = px(Math.max(x(bar.value), 1));
    const mark = bar.mark === null ? '' : `<path class="bar-mark" d="M${px(x(bar.mark))} ${y + 19}v11"/>`;
    return `<text class="bar-name" x="0" y="${y + 14}">${escapeText(shortText(bar.name, 60))}</text>`
      + `<rect class="bar" x="0" y="${y + 20}" width="${width}" height="9" rx="2"/>${mark}`
      + `<text class="bar-value" x="${width + 7}" y="${y + 29}">${escapeText(bar.text)}</text>`;
  });
  return svg({ width: WIDTH, height, left: 0, top: 0, right: 0, bottom: 0 }, { name, ...texts }, rows.join(''));
}
