/**
 * Plots as data: what a measurement puts in its `blobs` so that every report can draw it. Plain JSON;
 * numbers are finite (a value that is not defined is null).
 */
export interface PlotAxis {
  readonly label: string;
  /** Shown after the label in brackets; '' for none. */
  readonly unit: string;
  readonly log?: boolean;
  /** Only whole numbers have a meaning. */
  readonly whole?: boolean;
}

export interface PlotLine {
  readonly value: number;
  readonly label: string;
}

interface PlotCommon {
  readonly title: string;
  /** One sentence: what to look for. */
  readonly description: string;
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  /** Horizontal and vertical guide lines. */
  readonly yLines?: readonly PlotLine[];
  readonly xLines?: readonly PlotLine[];
}

/** A fraction or statistic in bins, with a band. */
export interface CurvePlot extends PlotCommon {
  readonly kind: 'curve';
  readonly series: readonly { readonly name: string; readonly bins: readonly CurveBin[] }[];
}

export interface CurveBin {
  readonly lo: number;
  readonly hi: number;
  readonly n: number;
  readonly value: number | null;
  readonly interval: readonly [number, number] | null;
}

/** Single points; a large sample is thinned evenly and `total` says how many there were. */
export interface ScatterPlot extends PlotCommon {
  readonly kind: 'scatter';
  /** One unit is as long in x as in y. */
  readonly equalAxes?: boolean;
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [number, number])[]; readonly total: number }[];
}

export interface HistogramPlot extends PlotCommon {
  readonly kind: 'histogram';
  readonly series: readonly { readonly name: string; readonly edges: readonly number[]; readonly counts: readonly number[] }[];
  /** A normal distribution of mean 0 and width 1 is drawn beside it. */
  readonly unitNormal?: boolean;
}

export type Plot = CurvePlot | ScatterPlot | HistogramPlot;

/** The plots among the blobs of a measurement, with their keys. */
export function plotsOf(blobs: Readonly<Record<string, unknown>>): [string, Plot][] {
  return Object.entries(blobs).filter((entry): entry is [string, Plot] => isPlot(entry[1]));
}

function isPlot(value: unknown): value is Plot {
  const kind = (value as { kind?: unknown } | null)?.kind;
  return kind === 'curve' || kind === 'scatter' || kind === 'histogram';
}
