import { expect } from 'chai';
import { Ajv2020 } from 'ajv/dist/2020.js';
import schema from '../../src/harness/schemas/dataset.schema.json' with { type: 'json' };

const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
const SHA = 'a'.repeat(64);
const RAW = { path: 'raw/a.fits', role: 'raw', bytes: 10, sha256: SHA };
const GOOD = {
  format: 'ap-verify-dataset/1', name: 'a-set', title: 'A set', version: '1', licence: 'CC0-1.0', description: 'x', instrument: 'sim',
  bands: ['g'], pipeline: 'ApPipe', templates: { source: 'visits' }, hasTruth: false, files: [RAW] as object[],
};
const withFile = (file: object): object => ({ ...GOOD, hasTruth: true, files: [RAW, { bytes: 1, sha256: SHA, path: 'x', ...file }] });

describe('dataset manifest schema', () => {
  const rows: readonly [string, object, RegExp | null][] = [
    ['smallest manifest', GOOD, null],
    ['generated: no files', { ...GOOD, files: [], generator: { name: 'sim-small', seed: 1 } }, null],
    ['no files and no generator', { ...GOOD, files: [] }, /files/],
    ['no raw file', { ...GOOD, files: [{ ...RAW, role: 'doc' }] }, /files/],
    ['missing licence', { ...GOOD, licence: undefined }, /licence/],
    ['unknown key', { ...GOOD, colour: 'red' }, /additional/],
    ['another format', { ...GOOD, format: 'ap-verify-dataset/2' }, /format/],
    ['name with a slash', { ...GOOD, name: 'a/b' }, /name/],
    ['absolute path', withFile({ role: 'doc', path: '/etc/passwd' }), /path/],
    ['path that leaves the package', withFile({ role: 'doc', path: 'raw/../../x' }), /path/],
    ['two dots in a name are fine', withFile({ role: 'doc', path: 'raw/a..b' }), null],
    ['unknown role', withFile({ role: 'sky' }), /role/],
    ['short sha256', withFile({ role: 'doc', sha256: 'abc' }), /sha256/],
    ['empty file', withFile({ role: 'doc', bytes: 0 }), /bytes/],
    ['raw_mask without a data ID', withFile({ role: 'raw_mask' }), /dataId/],
    ['raw_mask', withFile({ role: 'raw_mask', dataId: { exposure: 1, detector: 0 } }), null],
    ['flat without a filter', withFile({ role: 'flat', dataId: { detector: 0 } }), /physical_filter/],
    ['bias with validity', withFile({ role: 'bias', dataId: { detector: 0 }, validity: { begin: '2026-01-01T00:00:00' } }), null],
    ['validity that is no time', withFile({ role: 'bias', dataId: { detector: 0 }, validity: { begin: 'yesterday' } }), /begin/],
    ['refcat', withFile({ role: 'refcat', dataId: { htm7: 147049 } }), null],
    ['refcat of another level', withFile({ role: 'refcat', dataId: { htm7: 12 } }), /htm7/],
    ['truth without a visit', withFile({ role: 'truth', dataId: {} }), /visit/],
    ['truth though hasTruth is false', { ...GOOD, files: [RAW, { ...RAW, role: 'truth', dataId: { visit: 1 } }] }, /role/],
    ['seed that is no integer', { ...GOOD, generator: { name: 'x', seed: 1.5 } }, /seed/],
  ];
  for (const [name, manifest, expected] of rows) {
    it(name, () => {
      const isValid = validate(JSON.parse(JSON.stringify(manifest)));
      const errors = (validate.errors ?? []).map(e => `${e.instancePath} ${e.message ?? ''}`).join('\n');
      expect(isValid, errors).to.equal(expected === null);
      if (expected !== null) expect(errors).to.match(expected);
    });
  }
});
