import { expect } from 'chai';
import { drawGraph, drawPipeline } from '../../src/cli/graphDrawing.ts';
import { buildQuantumGraph } from '../../src/pipeline/quantumGraph.ts';
import { toyCatalog, toyPipeline, toyRowsOf, toyStore } from '../pipeline/toys.ts';

describe('drawings of pipelines and graphs', () => {
  const pipeline = toyPipeline();
  const rows = toyRowsOf([1, 2], [0]);
  const graph = buildQuantumGraph(pipeline, toyCatalog(rows, toyStore(rows)));

  it('every task and dataset type is a node, and every connection an edge between nodes', () => {
    const connections = pipeline.tasks.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
    const nTypes = new Set(connections.map(({ datasetType }) => datasetType.name)).size;
    const nEdges = connections.length;
    const dot = drawPipeline(pipeline, 'dot').split('\n');
    const nodes = new Set(dot.flatMap(line => /^ {2}(n\d+) \[/.exec(line)?.[1] ?? []));
    const edges = dot.flatMap(line => /^ {2}(n\d+) -> (n\d+)(?: \[style=dashed\])?;$/.exec(line)?.slice(1) ?? []);
    expect(nodes.size).to.equal(pipeline.tasks.length + nTypes);
    expect(edges).to.have.length(2 * nEdges);
    expect(edges.every(node => nodes.has(node))).to.equal(true);
    const mermaid = drawPipeline(pipeline, 'mermaid');
    expect(mermaid.match(/-->|-\.->/g)).to.have.length(nEdges);
    expect(mermaid).to.match(/^flowchart TD\n {2}n0\["clean<br>/);
  });

  it('a dataset that two quanta share is one node', () => {
    const lines = drawGraph(graph, 'dot').split('\n').filter(line => line.includes('label='));
    const labels = lines.map(line => /label="([^"]*)"/.exec(line)![1]!);
    expect(new Set(labels).size).to.equal(labels.length);
    expect(lines.filter(line => line.includes('filled'))).to.have.length(graph.quanta.length);
  });

  it('names cannot break out of their quotes', () => {
    const [task] = pipeline.tasks;
    const hostile = { ...pipeline, tasks: [{ ...task!, label: 'a"];x\\ <script>&' }] };
    expect(drawPipeline(hostile, 'dot')).to.include('label="a\\"];x\\\\ <script>&\\n');
    expect(drawPipeline(hostile, 'mermaid')).to.include('["a&quot;];x\\ &lt;script>&amp;<br>');
  });
});
