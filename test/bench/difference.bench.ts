/**
 * Difference imaging on simulated pairs of 2048 x 4096 pixels: what the difference is worth beside the oracle (the science
 * image less its own noise-free static scene), and how long it takes. Seeds: AP_BENCH_SEEDS=1,2,3; method:
 * AP_BENCH_METHOD=al, zogy or score.
 */
import { detectAndMeasureDiaSource } from '../../src/tasks/detectAndMeasureDiaSource.ts';
import { PAIR_CONFIG, differencePair, pairContext, prepareImage } from '../../src/tasks/differencePair.ts';
import type { PairDifference, PreparedImage } from '../../src/tasks/differencePair.ts';
import type { Table } from '../../src/model/table.ts';
import { simulatePair } from '../../src/simulate/pair/imagePair.ts';
import type { ImagePair } from '../../src/simulate/pair/imagePair.ts';
import { numbers } from '../../src/model/table.ts';
import type { Bench } from './bench.ts';
import { fateAt, judge } from './difference/judge.ts';
import type { Verdict } from './difference/judge.ts';
import { exposureOf, oracleDifference } from './difference/pairInput.ts';

const line = (text: string): void => { process.stdout.write(`difference     ${text}\n`); };

const METHOD = process.env.AP_BENCH_METHOD ?? 'al';
const CONFIG = { ...PAIR_CONFIG, subtract: { method: METHOD === 'zogy' ? 'zogy' : 'al' }, detect: { doScoreImage: METHOD === 'score' } };

interface Run {
  readonly pair: ImagePair;
  readonly science: PreparedImage;
  readonly template: PreparedImage;
  readonly result: PairDifference;
}

function runSeed(seed: number): Run {
  const pair = simulatePair(seed);
  const science = prepareImage(exposureOf(pair.science), PAIR_CONFIG);
  const template = prepareImage(exposureOf(pair.template), PAIR_CONFIG);
  const times: string[] = [];
  const timed = <T>(step: string, run: () => T): T => {
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const value = run();
    const used = process.cpuUsage(cpu);
    times.push(`${step} ${((used.user + used.system) / 1e6).toFixed(2)} s CPU (${((performance.now() - start) / 1000).toFixed(2)} s)`);
    return value;
  };
  const result = differencePair(science, template, CONFIG, timed);
  line(`seed ${seed}: ${times.join(', ')}; peak memory ${(process.resourceUsage().maxRSS / 1e6).toFixed(2)} GB with the simulator`);
  return { pair, science, template, result };
}

function oracleSources({ pair, science, result }: Run): { verdict: Verdict; sources: Table } {
  const difference = oracleDifference(pair, science.exposure);
  const config = Object.fromEntries(Object.entries(detectAndMeasureDiaSource.config).map(([name, field]) => [name, field.default]));
  const { diaSources, subtractedMeasuredExposure } = detectAndMeasureDiaSource.run(
    { science: science.exposure, matchedTemplate: result.matchedTemplate, difference, sources: science.stars },
    { ...config, ...CONFIG.detect, doFlagBrightNeighbour: false } as never,
    pairContext(1));
  return { verdict: judge(pair, subtractedMeasuredExposure, diaSources), sources: diaSources };
}

function show(name: string, v: Verdict): void {
  line(`  ${name.padEnd(8)} m50 ${v.m50.toFixed(3)}, found ${v.nFound}/${v.nUsable}, false ${v.nFalse} + ${v.nCosmic} cosmic rays, purity ${v.purity.toFixed(4)}, `
    + `masked beyond ${(100 * v.maskedFraction).toFixed(2)} %, noise ${v.noiseWidth.toFixed(4)}, correlation ${v.correlation.map(c => c.toFixed(3)).join(' ')}, `
    + `star chi2 ${v.starChi2.toFixed(3)}, flux ${v.fluxRatio.toFixed(4)}, flux pull ${v.fluxPullWidth.toFixed(2)} (${v.fluxPulls.map(f => f.toFixed(2)).join(' ')}), position mean ${v.positionMean_px.toFixed(4)} px, pull ${v.positionPullWidth.toFixed(2)}`);
}

function compare(seed: number): void {
  const run = runSeed(seed);
  const ours = judge(run.pair, run.result.difference, run.result.diaSources);
  const oracle = oracleSources(run);
  show('oracle', oracle.verdict);
  show('ours', ours);
  const snr = numbers(oracle.sources, 'snr');
  const strong = [...oracle.verdict.found].filter(([, row]) => snr[row]! >= 5).map(([k]) => k);
  const missed = strong.filter(k => !ours.found.has(k));
  line(`  of the oracle's ${strong.length} transients with S/N >= 5: ${((strong.length - missed.length) / strong.length).toFixed(4)}; m50 ${(ours.m50 - oracle.verdict.m50).toFixed(3)}`);
  for (const f of ours.falsePositives) line(`    false: ${f.x.toFixed(1)} ${f.y.toFixed(1)} S/N ${f.snr.toFixed(1)} ${f.kind}`);
  const transients = run.pair.objects.filter(o => o.kind === 'transient');
  for (const k of missed) {
    const { x, y, mag } = transients[k]!;
    line(`    missed: ${x.toFixed(1)} ${y.toFixed(1)} mag ${mag.toFixed(2)}, oracle S/N ${snr[oracle.verdict.found.get(k)!]!.toFixed(1)}: ${fateAt(run.result.diaSources, x, y)}`);
  }
  line(`  ${Object.entries(run.result.metadata).map(([k, v]) => `${k} ${typeof v === 'number' ? Number(v.toPrecision(4)) : String(v)}`).join(', ')}`);
}

function cases(): readonly never[] {
  const seeds = (process.env.AP_BENCH_SEEDS ?? '1,2,3').split(',').map(Number);
  for (const seed of seeds) compare(seed);
  return [];
}

export default { name: 'difference', cases } satisfies Bench;
