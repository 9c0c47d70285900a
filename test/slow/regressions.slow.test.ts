/** Deliberate regressions on sim-ci: the gate closes, and the first sentence names the metric that the fault is about. */
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { readExposure, writeExposure } from '../../src/formats/exposureFits.ts';
import type { Manifest } from '../../src/harness/datasetPackage.ts';
import type { Exposure } from '../../src/model/image.ts';
import type { VerificationResult } from '../../src/model/verification.ts';

const directory = process.env.AP_VERIFY_KEEP ?? mkdtempSync(path.join(tmpdir(), 'regressions-'));
const inside = (...parts: string[]): string => path.join(directory, ...parts);

function apVerify(...words: string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, ['src/cli/ap-verify.js', ...words], { encoding: 'utf8', env: { ...process.env, AP_VERIFY_DATASETS: inside('datasets') } });
}

function resultOf(name: string): VerificationResult {
  return JSON.parse(readFileSync(inside(name, 'result.json'), 'utf8')) as VerificationResult;
}

/** The package of the good run with some exposures changed, under its own name: the same dataset to everybody else. */
function tampered(folder: string, role: string, change: (exposure: Exposure) => Exposure): string {
  const root = inside('datasets', folder);
  cpSync(inside('good', 'package'), root, { recursive: true });
  const { generator: _, ...manifest } = parse(readFileSync(path.join(root, 'dataset.yaml'), 'utf8')) as Manifest;
  const files = manifest.files.map(file => {
    if (file.role !== role) return file;
    const bytes = writeExposure(change(readExposure(readFileSync(path.join(root, file.path)))));
    writeFileSync(path.join(root, file.path), bytes);
    return { ...file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  writeFileSync(path.join(root, 'dataset.yaml'), stringify({ ...manifest, files }));
  cpSync('datasets/sim-ci/specs.yaml', path.join(root, 'specs.yaml'));
  return root;
}

describe('deliberate regressions on sim-ci', function () {
  this.timeout(1_800_000);
  before(() => {
    mkdirSync(inside('datasets'), { recursive: true });
    expect(apVerify('run', 'sim-ci', '-o', inside('good'), '-j', '2').status).to.equal(0);
    expect(apVerify('accept', inside('good'), '--owner', 'test', '--reason', 'the unchanged pipeline', '-o', inside('baseline.json')).status).to.equal(0);
  });
  after(() => { if (process.env.AP_VERIFY_KEEP === undefined) rmSync(directory, { recursive: true }); });

  const cases: readonly [string, () => string[], readonly string[]][] = [
    ['unchanged', () => ['sim-ci'], []],
    ['kernel order 0', () => ['sim-ci', '-c', 'subtractImages:spatialKernelOrder=0'], ['ip_diffim.DiaSourceDensityBeforeCuts', 'ip_diffim.DipoleFraction']],
    ['association radius 0.1 arcsec', () => ['sim-ci', '-c', 'associateApdb:maxDistArcSeconds=0.1'], ['ap_association.AssociationCompleteness']],
    ['a template WCS off by 0.3 px', () => [tampered('shifted', 'template', e => ({ ...e, wcs: { ...e.wcs!, crpix: [e.wcs!.crpix[0] + 0.3, e.wcs!.crpix[1]] } }))],
      ['ap_verify.TransientAstrometricOffset']],
    ['a gain wrong by 10 % in one amplifier', () => [tampered('gain', 'flat', e => ({ ...e, image: e.image.map((v, i) => (i % e.width < e.width / 2 ? v * 1.1 : v)) }))],
      ['pipe_tasks.PhotometricScatter', 'ap_verify.TransientFluxBias']],
  ];
  for (const [name, make, expected] of cases) {
    it(`${name}: ${expected.join(' or ') || 'passes'}`, () => {
      const workspace = name.replace(/\W+/g, '-');
      const { status, stderr } = apVerify('run', ...make(), '-o', inside(workspace), '-j', '2', '--baseline', inside('baseline.json'));
      const { verdict, verdicts } = resultOf(workspace);
      if (process.env.SHOW) process.stdout.write(`${name}: exit ${status}: ${verdict.sentence}\n`);
      expect(status, stderr.split('\n').at(-2)).to.equal(expected.length === 0 ? 0 : 1);
      if (expected.length > 0) expect(verdicts[0]!.specification.metric, verdict.sentence).to.be.oneOf([...expected]);
    });
  }
});
