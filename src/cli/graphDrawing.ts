/** Pipelines and quantum graphs as pictures in text: Graphviz DOT and Mermaid. Boxes are tasks and quanta, rounded boxes datasets. */
import { dataIdText } from '../model/dataset.ts';
import { datasetKey } from '../pipeline/quantum.ts';
import type { GraphDataset, QuantumGraph } from '../pipeline/quantum.ts';
import type { ResolvedPipeline } from '../pipeline/resolvePipeline.ts';

export type DrawingFormat = 'dot' | 'mermaid';

interface Node {
  readonly lines: readonly string[];
  readonly isTask: boolean;
}

interface Edge {
  readonly from: string;
  readonly to: string;
  /** Prerequisites are looked up, not waited for: drawn dashed. */
  readonly isDashed: boolean;
}

interface Drawing {
  /** By key; keys are unique texts, not shown. */
  readonly nodes: Map<string, Node>;
  readonly edges: Edge[];
}

/** Tasks and dataset types; configs, logs and metadata are left out. */
export function drawPipeline({ tasks }: ResolvedPipeline, format: DrawingFormat): string {
  const drawing: Drawing = { nodes: new Map(), edges: [] };
  const dataset = ({ name, dimensions }: { readonly name: string; readonly dimensions: readonly string[] }): string => {
    drawing.nodes.set(`d ${name}`, { lines: [name, `{${dimensions.join(', ')}}`], isTask: false });
    return `d ${name}`;
  };
  for (const { label, task, inputs, outputs } of tasks) {
    const key = `t ${label}`;
    drawing.nodes.set(key, { lines: [label, task.name, `{${task.dimensions.join(', ')}}`], isTask: true });
    for (const { datasetType, connection } of inputs) {
      drawing.edges.push({ from: dataset(datasetType), to: key, isDashed: connection.prerequisite === true });
    }
    for (const output of outputs) drawing.edges.push({ from: key, to: dataset(output.datasetType), isDashed: false });
  }
  return textOf(drawing, format);
}

/** Quanta and datasets. Large graphs are for a machine to look at: a thousand quanta make some ten thousand lines. */
export function drawGraph({ quanta }: QuantumGraph, format: DrawingFormat): string {
  const drawing: Drawing = { nodes: new Map(), edges: [] };
  const dataset = ({ datasetType, dataId }: GraphDataset): string => {
    const key = `d ${datasetKey(datasetType.name, dataId)}`;
    drawing.nodes.set(key, { lines: [datasetType.name, dataIdText(dataId)], isTask: false });
    return key;
  };
  for (const { id, label, dataId, inputs, outputs } of quanta) {
    const key = `q ${id}`;
    drawing.nodes.set(key, { lines: [label, dataIdText(dataId)], isTask: true });
    for (const { datasets } of inputs) for (const item of datasets) drawing.edges.push({ from: dataset(item), to: key, isDashed: false });
    for (const { dataset: item } of outputs) drawing.edges.push({ from: key, to: dataset(item), isDashed: false });
  }
  return textOf(drawing, format);
}

function textOf({ nodes, edges }: Drawing, format: DrawingFormat): string {
  const ids = new Map([...nodes.keys()].map((key, i) => [key, `n${i}`]));
  const lines = format === 'dot' ? ['digraph {', '  rankdir=TB; node [fontname="sans-serif"];'] : ['flowchart TD'];
  for (const [key, node] of nodes) lines.push(`  ${format === 'dot' ? dotNode(ids.get(key)!, node) : mermaidNode(ids.get(key)!, node)}`);
  for (const { from, to, isDashed } of edges) {
    const [a, b] = [ids.get(from)!, ids.get(to)!];
    lines.push(format === 'dot' ? `  ${a} -> ${b}${isDashed ? ' [style=dashed]' : ''};` : `  ${a} ${isDashed ? '-.->' : '-->'} ${b}`);
  }
  if (format === 'dot') lines.push('}');
  return `${lines.join('\n')}\n`;
}

function dotNode(id: string, { lines, isTask }: Node): string {
  const label = lines.map(line => line.replaceAll('\\', '\\\\').replaceAll('"', '\\"')).join('\\n');
  return `${id} [label="${label}", shape=box, style="${isTask ? 'filled' : 'rounded'}"];`;
}

function mermaidNode(id: string, { lines, isTask }: Node): string {
  const label = lines.map(line => line.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')).join('<br>');
  return isTask ? `${id}["${label}"]` : `${id}("${label}")`;
}
