import { expect } from 'chai';
import path from 'node:path';
import type { Repository } from '../../src/butler/repository.ts';
import type { DatasetRef, TimeSpan } from '../../src/model/dataset.ts';
import { expectError, gain, note, put, simRepository, temporaryFolder } from './fixtures.ts';

const dataId = { instrument: 'sim', detector: 0 };
const T = 1_767_323_045_123_456_789n;
const span = (begin_ns: bigint | null, end_ns: bigint | null): TimeSpan => ({ begin_ns, end_ns });

describe('butler calibrations', () => {
  let repository: Repository;
  let early: DatasetRef;
  let late: DatasetRef;
  beforeEach(() => {
    repository = simRepository(path.join(temporaryFolder(), 'r'));
    repository.registerCalibrationCollection('calib');
    early = put(repository, gain, dataId, 'early', 'a');
    late = put(repository, gain, dataId, 'late', 'b');
    repository.certify('calib', [early], span(null, T));
    repository.certify('calib', [late], span(T, T + 100n));
  });
  afterEach(() => { repository.close(); });

  const lookups: readonly [string, TimeSpan, 'early' | 'late' | null][] = [
    ['before the change', span(T - 10n, T - 5n), 'early'],
    ['up to the change, which is not included', span(T - 10n, T), 'early'],
    ['from the change on', span(T, T + 1n), 'late'],
    ['an instant at the change', span(T, T), 'late'],
    ['the last nanosecond', span(T + 99n, T + 500n), 'late'],
    ['after the end', span(T + 100n, T + 101n), null],
    ['without an end after it', span(T + 100n, null), null],
  ];
  for (const [name, timespan, expected] of lookups) {
    it(`finds ${name}`, () => {
      const found = repository.find(gain, dataId, ['calib'], timespan);
      expect(found).to.deep.equal(expected === null ? null : expected === 'early' ? early : late);
    });
  }

  it('an ambiguous time is an error, without time as well', () => {
    expectError(() => repository.find(gain, dataId, ['calib'], span(T - 1n, T + 1n)), 'CALIBRATION_OVERLAP', /2 calibrations valid in \[2026-01-02T03:04:05\.123456788/);
    expectError(() => repository.find(gain, dataId, ['calib']), 'CALIBRATION_OVERLAP', /exactly one/);
  });

  it('the order of collections decides before validity', () => {
    repository.registerCalibrationCollection('better');
    const best = put(repository, gain, dataId, 'best', 'c');
    repository.certify('better', [best], span(T + 50n, null));
    repository.registerChain('both', ['better', 'calib']);
    expect(repository.find(gain, dataId, ['both'], span(T + 60n, T + 61n))).to.deep.equal(best);
    expect(repository.find(gain, dataId, ['both'], span(T + 10n, T + 11n))).to.deep.equal(late);
    expect(repository.query(gain, ['calib'])).to.deep.equal([early, late]);
    expect(repository.query(note, ['both'])).to.deep.equal([]);
    expect(repository.find(note, dataId, ['both'])).to.equal(null);
  });

  it('the same certification again changes nothing', () => {
    repository.certify('calib', [early], span(null, T));
    expect(repository.find(gain, dataId, ['calib'], span(0n, 1n))).to.deep.equal(early);
  });

  const overlaps: readonly [string, TimeSpan][] = [
    ['the same time for another dataset', span(T, T + 100n)], ['one nanosecond', span(T + 99n, null)], ['everything', span(null, null)],
  ];
  for (const [name, timespan] of overlaps) {
    it(`refuses an overlap: ${name}`, () => {
      const other = put(repository, gain, dataId, 'other', 'd');
      expectError(() => { repository.certify('calib', [other], timespan); }, 'CALIBRATION_OVERLAP', /no overlap with \[/);
      expect(repository.find(gain, dataId, ['calib'], span(T, T + 100n))).to.deep.equal(late);
    });
  }
  it('a longer time for the same dataset is an overlap too; the rest after it is not', () => {
    expectError(() => { repository.certify('calib', [late], span(T, T + 200n)); }, 'CALIBRATION_OVERLAP', /gain/);
    repository.certify('calib', [late], span(T + 100n, T + 200n));
    expect(repository.find(gain, dataId, ['calib'], span(T + 50n, T + 150n)), 'one dataset in two ranges').to.deep.equal(late);
  });
  it('only calibrations, in calibration collections, that exist', () => {
    const plain = put(repository, note, dataId, 1);
    expectError(() => { repository.certify('calib', [plain], span(null, null)); }, 'COLLECTION', /calibration dataset type/);
    expectError(() => { repository.certify('a', [early], span(null, null)); }, 'COLLECTION', /CALIBRATION/);
    expectError(() => { repository.certify('none', [early], span(null, null)); }, 'COLLECTION', /none/);
    expectError(() => { repository.certify('calib', [early], span(5n, 4n)); }, 'BAD_FORMAT', /after the begin/);
    const lost = { ...early, id: '97177534-e8af-558d-9103-e01c987989e1', dataId: { ...dataId, detector: 1 } };
    expectError(() => { repository.certify('calib', [lost], span(null, null)); }, 'DATASET_NOT_FOUND', /detector: 1/);
  });
});
