/** Whole runs under stress: workers, reuse, kill, damage. Each on its own workspace. */
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRepository } from '../../src/butler/repository.ts';
import type { Repository } from '../../src/butler/repository.ts';
import { diaSourceApdb } from '../../src/model/datasetTypes.ts';
import { column, numbers } from '../../src/model/table.ts';
import { separation_arcsec } from '../../src/sky/sphere.ts';
import { apVerify, comparableOf, differences, resultOf, startApVerify, temporaryFolder } from '../e2e/apVerify.ts';

describe('whole runs', () => {
  const folder = temporaryFolder();
  const at = (...parts: string[]): string => path.join(folder(), ...parts);

  let sources: string;
  before(async () => {
    sources = sourcesDigest();
    const first = await apVerify(['run', 'sim-small', '-o', at('one'), '-j', '1']);
    expect(first.code, first.stderr).to.equal(0);
  });

  it('the result does not depend on the number of workers', async () => {
    const two = await apVerify(['run', 'sim-small', '-o', at('two'), '-j', '2']);
    expect(two.code, two.stderr).to.equal(0);
    expect(differences(comparableOf(at('two')), comparableOf(at('one')))).to.deep.equal([]);
  });

  it('a second run reuses everything and gives the same result', async () => {
    const before = comparableOf(at('one'));
    const again = await apVerify(['run', 'sim-small', '-o', at('one'), '-j', '2']);
    expect(again.code, again.stderr).to.equal(0);
    expect(resultOf(at('one')).run.quanta.map(q => q.status)).to.satisfy((all: string[]) => all.every(status => status === 'reused'));
    expect(differences(comparableOf(at('one')), before)).to.deep.equal([]);
  });

  for (const [name, delay_ms] of [['early', 200], ['in the middle', 8000]] as const) {
    it(`SIGKILL ${name} and the same command again: the same result, no orphan files`, async () => {
      const workspace = at(`killed-${delay_ms}`);
      const { child, ended, said } = startApVerify(['run', 'sim-small', '-o', workspace, '-j', '2']);
      const deadline = performance.now() + 120_000;
      while (!/\[ *\d+\/64\]/.test(said()) && performance.now() < deadline) await sleep(50);
      await sleep(delay_ms);
      child.kill('SIGKILL');
      await ended;
      await sleep(1500);
      const again = await apVerify(['run', 'sim-small', '-o', workspace, '-j', '2']);
      expect(again.code, again.stderr).to.equal(0);
      expect(resultOf(workspace).run.quanta.some(q => q.status === 'reused'), 'something was kept').to.equal(true);
      expect(sourcesDigest(), 'sources changed while the test ran: its runs cannot be compared').to.equal(sources);
      expect(differences(comparableOf(workspace), comparableOf(at('one')))).to.deep.equal([]);
      const repository = openRepository(path.join(workspace, 'repo'), { readonly: true });
      try {
        expect(repository.orphans()).to.deep.equal([]);
      } finally {
        repository.close();
      }
    });
  }

  it('Ctrl-C: exit code 130, what is running is kept, and the same command goes on', async () => {
    const workspace = at('interrupted');
    const { child, ended, said } = startApVerify(['run', 'sim-small', '-o', workspace, '-j', '2', '-d', 'visit=2']);
    const deadline = performance.now() + 120_000;
    while (!/\[ *\d+\/16\]/.test(said()) && performance.now() < deadline) await sleep(50);
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).to.equal(130);
    expect(stderr).to.match(/interrupted after \d+ of 16 quanta/);
    const again = await apVerify(['run', 'sim-small', '-o', workspace, '-j', '2', '-d', 'visit=2']);
    expect(again.code, again.stderr).to.be.oneOf([0, 1, 2]);
    expect(resultOf(workspace).run.quanta.some(q => q.status === 'reused')).to.equal(true);
  });

  it('a truncated raw file: exit code 4, with the file and both sizes', async () => {
    const workspace = at('damaged');
    cpSync(at('one', 'package'), path.join(workspace, 'package'), { recursive: true });
    const file = path.join(workspace, 'package', 'raw', 'sim-1-D0.fits');
    const { size } = statSync(file);
    truncateSync(file, 100_000);
    const ended = await apVerify(['run', 'sim-small', '-o', workspace]);
    expect(ended.code).to.equal(4);
    expect(ended.stderr).to.include(file).and.to.include('100000 bytes').and.to.include(`${size} bytes`);
  });

  it('a metric that is gone: exit code 2', async () => {
    const result = resultOf(at('one'));
    const file = path.join(at('one'), 'result.json');
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, JSON.stringify({ ...result, measurements: result.measurements.filter(m => m.metric !== 'ap_verify.Purity') }));
    const judged = await apVerify(['report', at('one')]);
    writeFileSync(file, whole);
    expect(judged.code, judged.stderr).to.equal(2);
    expect(judged.stderr).to.match(/incomplete: .*Purity/i);
  });

  it('a pipeline that fails: exit code 3, and the rest has gone on', async () => {
    const ended = await apVerify(['run', 'sim-small', '-o', at('failing'), '-c', 'calibrateImage:astrometryMinMatches=100000', '-d', 'visit=1']);
    expect(ended.code, ended.stderr).to.equal(3);
    expect(ended.stderr).to.match(/calibrateImage .*failed/);
    expect(resultOf(at('failing')).run.quanta.filter(q => q.task === 'isr').map(q => q.status)).to.deep.equal(['succeeded', 'succeeded']);
  });
});

/** Sources that decide what a run gives, measures included: a run is named by less than this. */
function sourcesDigest(): string {
  const hash = createHash('sha256');
  for (const room of ['src', 'metrics', 'datasets']) {
    for (const name of readdirSync(room, { recursive: true, encoding: 'utf8' }).filter(file => /\.(ts|js|json|yaml)$/.test(file)).sort()) {
      hash.update(name).update(readFileSync(path.join(room, name)));
    }
  }
  return hash.digest('hex');
}

describe('ap-verify run sdss-stripe82', () => {
  const folder = temporaryFolder();
  const workspace = (): string => path.join(folder(), 'work');
  before(async () => {
    const ended = await apVerify(['run', 'sdss-stripe82', '-o', workspace(), '-j', '2']);
    expect(ended.code, ended.stderr).to.equal(0);
  });

  it('passes its gate on real pixels with four difference images, and static stars do not flood the catalog', () => {
    const { images } = resultOf(workspace());
    expect(images.map(image => image.band)).to.deep.equal(['g', 'i', 'g', 'i']);
    for (const { numbers } of images) {
      expect(numbers.processed).to.equal(true);
      expect(numbers.nDiaSources).to.be.within(3, 25);
      expect(numbers.differenceWidth).to.be.within(0.95, 1.05);
    }
  });

  it('finds the asteroids of each epoch in both bands, moved between i and g, with nothing at their place in the template', async () => {
    const repository = openRepository(path.join(workspace(), 'repo'), { readonly: true });
    try {
      const moving = await movingObjects(repository, [resultOf(workspace()).run.collection]);
      expect(moving.filter(m => m.run === 4192).length, '2003').to.be.at.least(1);
      expect(moving.filter(m => m.run === 6377).length, '2006').to.be.at.least(2);
      for (const { snr } of moving) expect(Math.min(...snr)).to.be.greaterThan(10);
    } finally {
      repository.close();
    }
  });
});

interface Moving {
  readonly run: number;
  readonly snr: readonly number[];
}

/** Positive sources of S/N > 10 in g and i of one run, 0.5 to 4 arcsec apart (216 s of motion), absent from the template. */
async function movingObjects(repository: Repository, collections: readonly string[]): Promise<Moving[]> {
  const sources = await Promise.all(repository.query(diaSourceApdb, collections).map(async ref => ({
    run: Math.floor(Number(ref.dataId.visit) / 100_000), table: await repository.get(diaSourceApdb, ref),
  })));
  const appeared = sources.flatMap(({ run, table }) => {
    const [ra, dec, snr, template, templateErr] = ['ra', 'dec', 'snr', 'templateFlux', 'templateFluxErr'].map(name =>
      numbers(table, name));
    const [band, isNegative] = [column(table, 'band', 'string'), column(table, 'isNegative', 'bool')];
    return band.map((name, i) => ({
      run, band: name, ra: ra![i]!, dec: dec![i]!, snr: snr![i]!, template: template![i]! / templateErr![i]!, isNegative: isNegative[i],
    }))
      .filter(source => source.isNegative === 0 && source.snr > 10 && source.template < 3);
  });
  return appeared.filter(s => s.band === 'g').flatMap(g => appeared
    .filter(i => i.band === 'i' && i.run === g.run)
    .filter(i => ((distance: number) => distance > 0.5 && distance < 4)(separation_arcsec(g.ra, g.dec, i.ra, i.dec)))
    .map(i => ({ run: g.run, snr: [g.snr, i.snr] })));
}
