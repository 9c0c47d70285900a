import { expect } from 'chai';
import { glyphs, legend, makeScale, px, WIDE } from '../../src/report/charts/axes.ts';
import { drawBars } from '../../src/report/charts/bars.ts';
import { drawBullet } from '../../src/report/charts/bullet.ts';
import { drawCurve } from '../../src/report/charts/curve.ts';
import { drawHistogram } from '../../src/report/charts/histogram.ts';
import { beyondSentence, drawScatter } from '../../src/report/charts/scatter.ts';
import type { CurvePlot, HistogramPlot, PlotAxis, ScatterPlot } from '../../src/model/plots.ts';
import type { Verdict } from '../../src/model/verification.ts';
import { astrometryPlot, completenessBlobs, pullPlots } from './fixtureImages.ts';

const axis = (label: string, unit = ''): PlotAxis => ({ label, unit });
/** All numbers of the attribute in the markup. */
const numbersOf = (markup: string, attribute: string): number[] => [...markup.matchAll(new RegExp(` ${attribute}="(-?[0-9.]+)"`, 'g'))].map(m => Number(m[1]));
/** Coordinates after M in the paths of a class. */
function starts(markup: string, className: string): [number, number][] {
  return [...markup.matchAll(new RegExp(`<path class="${className}[^"]*" d="([^"]*)"`, 'g'))]
    .flatMap(m => [...m[1]!.matchAll(/M(-?[0-9.]+)[ ,](-?[0-9.]+)/g)].map(([, x, y]): [number, number] => [Number(x), Number(y)]));
}

describe('charts', () => {
  describe('scales', () => {
    const cases: readonly [string, boolean, [number, number], string[]][] = [
      ['linear', false, [0, 100], ['0', '20', '40', '60', '80', '100']],
      ['negative, with a real minus', false, [-2, 2], ['−2', '−1', '0', '1', '2']],
      ['three decades', true, [3, 1000], ['3', '10', '30', '100', '300', '1000']],
      ['many decades', true, [1, 1e5], ['1', '10', '100', '1000', '10000', '100000']],
      ['one decade', true, [1, 10], ['1', '2', '5', '10']],
      ['a narrow logarithmic domain', true, [11, 15], ['11', '12', '13', '14', '15']],
    ];
    for (const [name, log, domain, expected] of cases) {
      it(`${name}: ticks`, () => {
        const scale = makeScale({ ...axis('x'), log }, domain, [0, 100], 5);
        expect(scale.ticks.map(scale.format)).to.deep.equal(expected);
      });
    }
    it('keeps values outside of the domain on the rim', () => {
      const scale = makeScale(axis('x'), [0, 10], [50, 150], 5);
      expect([-1e9, 0, 5, 10, 1e9].map(scale)).to.deep.equal([50, 50, 100, 150, 150]);
    });
    it('a logarithmic domain that touches zero is cut', () => {
      const scale = makeScale({ ...axis('x'), log: true }, [0, 1000], [0, 90], 5);
      expect(scale.domain).to.deep.equal([0.001, 1000]);
      expect(scale(0)).to.equal(0);
      expect(scale(1)).to.be.closeTo(45, 1e-9);
    });
    it('a logarithmic axis without positive values is linear', () => {
      expect(makeScale({ ...axis('x'), log: true }, [-5, 0], [0, 10], 5)(-2.5)).to.equal(5);
    });
    it('a tenth of a pixel', () => expect([1.04, 1.06, -0.04].map(v => px(v) + 0)).to.deep.equal([1, 1.1, 0]));
  });

  describe('bullet', () => {
    const verdict = (change: Partial<Verdict>, specification: Partial<Verdict['specification']> = {}): Verdict => ({
      specification: {
        name: 'a.b.c', metric: 'a.b', type: 'threshold', operator: '>=', bound: 90, unit: 'mas', severity: 'fail', decision: 'point', keys: {}, tags: [],
        source: '', ...specification,
      },
      status: 'pass', value: 95, interval: [94, 96], n: 10, margin: 5, reason: '', ...change,
    });
    const markup = (v: Verdict): string => drawBullet(v)?.toHTML() ?? '';
    const dotAt = (v: Verdict): number => numbersOf(markup(v), 'cx')[0]!;
    const boundsAt = (v: Verdict): number[] => starts(markup(v), 'bound').map(([x]) => x);

    it('the dot lies right of the bound when the value is larger, left when smaller', () => {
      expect(dotAt(verdict({}))).to.be.greaterThan(boundsAt(verdict({}))[0]!);
      const low = verdict({ value: 80, interval: [79, 81], status: 'fail' });
      expect(dotAt(low)).to.be.lessThan(boundsAt(low)[0]!);
    });
    it('the allowed side is shaded', () => {
      const good = (v: Verdict): [number, number] => {
        const [x, width] = /class="good" x="([0-9.]+)" y="7" width="([0-9.]+)"/.exec(markup(v))!.slice(1).map(Number) as [number, number];
        return [x, px(x + width)];
      };
      const above = verdict({});
      expect(good(above)).to.deep.equal([boundsAt(above)[0], 132]);
      const below = verdict({}, { operator: '<' });
      expect(good(below)).to.deep.equal([0, boundsAt(below)[0]]);
      const inside = verdict({ value: 1, interval: null }, { type: 'range', range: [0.5, 2] });
      good(inside).forEach((x, k) => expect(x).to.be.closeTo(boundsAt(inside)[k]!, 0.11));
    });
    it('the whisker spans the interval and holds the dot', () => {
      const [, from, to] = /class="whisker" d="M([0-9.]+) 11H([0-9.]+)"/.exec(markup(verdict({})))!.map(Number);
      expect(from).to.be.lessThan(dotAt(verdict({})));
      expect(to).to.be.greaterThan(dotAt(verdict({})));
    });
    it('a failing warning looks like a warning', () => {
      expect(markup(verdict({ status: 'fail' }))).to.contain('class="bullet fail"');
      expect(markup(verdict({ status: 'fail' }, { severity: 'warn' }))).to.contain('class="bullet warn"');
    });
    it('nothing to draw: no value, or only that there be one', () => {
      expect(drawBullet(verdict({ value: null }))).to.equal(null);
      expect(drawBullet(verdict({}, { type: 'exists' }))).to.equal(null);
    });
    it('stays inside its picture for extreme numbers', () => {
      for (const value of [0, 90, -1e300, 1e300, 1e-300]) {
        const at = dotAt(verdict({ value, interval: null }));
        expect(at).to.be.within(0, 132);
      }
    });
  });

  describe('pictures', () => {
    const curve = completenessBlobs(0.1).byMagnitude as CurvePlot;
    const pictures: Readonly<Record<string, string>> = {
      curve: drawCurve('c', curve).toHTML(), scatter: drawScatter('s', astrometryPlot(100)).toHTML(),
      histogram: drawHistogram('h', pullPlots(300).histogram).toHTML(),
      bars: drawBars('b', { title: 'time', description: 'by task' }, [{ name: 'isr', value: 2, mark: 1, text: '2 s' }]).toHTML(),
    };
    for (const [name, markup] of Object.entries(pictures)) {
      it(`${name}: has a name and a description, numbers only, no colour and no style of its own`, () => {
        expect(markup).to.match(/role="img" aria-labelledby="([a-z])-t \1-d"><title id="\1-t">[^<]+<\/title><desc id="\1-d">[^<]+<\/desc>/);
        expect(markup).not.to.match(/NaN|undefined|Infinity|style=|fill=|stroke=/);
      });
    }
    it('the curve: one dot for every bin with a value, inside the frame', () => {
      const nBins = curve.series.flatMap(s => s.bins).filter(b => b.value !== null).length;
      const dots = starts(pictures.curve!, 'dots');
      expect(dots.length).to.equal(nBins + curve.series.length);
      for (const [x, y] of dots) {
        expect(x).to.be.within(WIDE.left, WIDE.width - WIDE.right);
        expect(y).to.be.within(0, WIDE.height - WIDE.bottom);
      }
    });
    it('the scatter draws every point, outliers as triangles on the rim that a sentence counts', () => {
      const points: [number, number][] = [...Array.from({ length: 300 }, (_, k): [number, number] => [k, k % 7]), [150, 1e6]];
      const plot: ScatterPlot = { kind: 'scatter', title: 't', description: 'd', x: axis('x'), y: axis('y'), series: [{ name: 'a', points, total: 301 }] };
      const markup = drawScatter('s', plot).toHTML();
      expect(starts(markup, 'points')).to.have.length(300);
      expect(/<path class="outliers s0" d="M[\d.]+ ([\d.]+)l3.5 -5l3.5 5z"\/>/.exec(markup)).not.to.equal(null);
      expect(beyondSentence(plot)).to.match(/^1 of 301 points lie beyond the frame .* at y /);
      expect(beyondSentence({ ...plot, series: [{ name: 'a', points: points.slice(0, 300), total: 300 }] })).to.equal('');
    });
    it('equal axes are equally long', () => {
      const [top, right] = [[0, 10], [10, 0]] as const;
      const plot: ScatterPlot = {
        kind: 'scatter', title: 't', description: 'd', x: axis('x'), y: axis('y'), equalAxes: true,
        series: [{ name: 'a', points: [[0, 0], [...top], [...right]], total: 3 }],
      };
      const [centre, up, aside] = starts(drawScatter('s', plot).toHTML(), 'points') as [[number, number], [number, number], [number, number]];
      expect(centre[1] - up[1]).to.be.closeTo(aside[0] - centre[0], 6);
      expect(up[0]).to.equal(centre[0]);
    });
    it('the heights of a histogram follow the counts', () => {
      const plot: HistogramPlot = {
        kind: 'histogram', title: 't', description: 'd', x: axis('x'), y: axis('n'), series: [{ name: 'a', edges: [0, 1, 2, 3], counts: [2, 0, 4] }],
      };
      const bars = [...drawHistogram('h', plot).toHTML().matchAll(/M[0-9.]+ 256V([0-9.]+)H/g)].map(m => 256 - Number(m[1]));
      expect(bars).to.have.length(2);
      expect(bars[1]! / bars[0]!).to.be.closeTo(2, 0.01);
    });
    it('series differ in shape, not in colour alone', () => {
      const shapes = [0, 1, 2, 3, 4, 5].map(series => glyphs([[0, 0]], series));
      expect(new Set(shapes.slice(1)).size).to.equal(5);
    });
    it('a legend with long names stays in its frame and is escaped', () => {
      const markup = legend(WIDE, ['<b>', 'y'.repeat(1e5), 'z'.repeat(50)]);
      expect(markup).to.contain('&#60;b&#62;').and.to.have.length.below(700);
      expect(Math.max(...numbersOf(markup, 'x'))).to.be.below(WIDE.width);
    });
  });
});
