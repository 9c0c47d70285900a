import { expect } from 'chai';
import { dataIdTest, overridesOf, reusedSteps, stepOf } from '../../src/cli/gen2Arguments.ts';
import { ApError } from '../../src/model/errors.ts';
import { tasks } from '../../src/tasks/index.ts';

describe('arguments of ap-pipe', () => {
  const id = (visit: number, detector = 0): Readonly<Record<string, string | number>> =>
    ({ instrument: 'sim', visit, detector, band: 'g', physical_filter: 'sim-g' });
  const selections: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
    ['visit=1 detector=0', [[1, 0]]],
    ['visit=1', [[1, 0], [1, 1]]],
    ['visit=1^3 ccdnum=1', [[1, 1], [3, 1]]],
    ['visit=1..3:2 ccd=0', [[1, 0], [3, 0]]],
    ['visit=1..2^4 detector=0 hdu=7', [[1, 0], [2, 0], [4, 0]]],
    ['visit=1 detector=0 visit=2 detector=1', [[1, 0], [2, 1]]],
    ['filter=g visit=2 detector=0', [[2, 0]]],
    ['filter=sim-g visit=2 detector=0', [[2, 0]]],
    ['filter=r visit=2', []],
  ];
  for (const [text, expected] of selections) {
    it(`--id ${text}`, () => {
      const test = dataIdTest(text.split(' '));
      const found = [1, 2, 3, 4].flatMap(visit => [0, 1].map(detector => [visit, detector] as const)).filter(([v, d]) => test(id(v, d)));
      expect(found).to.deep.equal(expected);
    });
  }
  for (const text of ['visit', 'visit=', 'raft=3', '=1']) {
    it(`refuses --id ${text}`, () => expect(() => dataIdTest([text])).to.throw(ApError, /key=value/));
  }

  it('overrides as they were and as they are', () => {
    expect(overridesOf([
      'ccdProcessor.isr.doBias=False', 'ccdProcessor.charImage.psfMinStars=4', 'ccdProcessor.calibrate.aperture_px=9',
      'differencer.doDecorrelation=True', 'diaPipe:maxNewDiaObjects=3', 'diaPipe.apdb.isolation_level=READ_UNCOMMITTED',
      'diaPipe.apdb.db_url="sqlite:////data/association.db"',
    ])).to.deep.equal({
      config: ['isr:doBias=False', 'characterizeImage:psfMinStars=4', 'calibrate:aperture_px=9', 'imageDifference:doDecorrelation=True',
        'diaPipe:maxNewDiaObjects=3'],
      apdb: '/data/association.db',
    });
    expect(overridesOf(["isr:interpolatePlanes='SAT,BAD'"]).apdb).to.equal(null);
    expect(() => overridesOf(['nothing.x=1'])).to.throw(ApError, /differencer/);
  });

  it('reuse takes the named step and those before it', () => {
    expect([...reusedSteps(undefined)]).to.deep.equal([]);
    expect([...reusedSteps('ccdProcessor')]).to.deep.equal(['ccdProcessor']);
    expect([...reusedSteps('differencer')]).to.deep.equal(['ccdProcessor', 'differencer']);
    expect([...reusedSteps('all')]).to.deep.equal(['ccdProcessor', 'differencer', 'diaPipe']);
    expect(() => reusedSteps('isr')).to.throw(ApError, /ccdProcessor, differencer, diaPipe or all/);
  });

  it('every task belongs to a step', () => {
    const steps = Object.groupBy(Object.keys(tasks), stepOf);
    expect(steps.ccdProcessor).to.have.members(['IsrTask', 'CalibrateImageTask', 'CharacterizeImageTask', 'CalibrateTask']);
    expect(steps.diaPipe).to.deep.equal(['DiaPipelineTask']);
    expect(steps.differencer).to.include.members(['ImageDifferenceTask', 'AlardLuptonSubtractTask']);
  });
});
