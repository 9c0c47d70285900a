/** The shipped dataset packages: complete, as recorded, and what their data IDs say. */
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readTable } from '../../src/formats/parquet.ts';
import { readRawFrame } from '../../src/formats/rawFits.ts';
import { instruments } from '../../src/instruments/index.ts';
import type { DataId } from '../../src/model/dataset.ts';
import { numbers } from '../../src/model/table.ts';
import { GENERATORS } from '../../src/simulate/index.ts';
import { htmIndex } from '../../src/sky/htm.ts';
import { skyToPixel } from '../../src/sky/wcs.ts';
import schema from '../../src/harness/schemas/dataset.schema.json' with { type: 'json' };

interface FileEntry {
  readonly path: string; readonly role: string; readonly bytes: number; readonly sha256: string; readonly dataId?: DataId;
}
interface Manifest {
  readonly name: string; readonly instrument: string; readonly files: readonly FileEntry[]; readonly version: string;
  readonly generator?: { readonly name: string };
}

const names = readdirSync('datasets', { withFileTypes: true }).filter(d => d.isDirectory()).map(d => d.name);
const manifestOf = (name: string): Manifest => parse(readFileSync(path.join('datasets', name, 'dataset.yaml'), 'utf8')) as Manifest;
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(schema);

it('there are the two packages', () => expect(names).to.include.members(['sdss-stripe82', 'sim-small']));

for (const name of names) {
  describe(`dataset package ${name}`, () => {
    const manifest = manifestOf(name);
    it('manifest is valid and its name is that of the folder', () => {
      expect(validate(manifest), JSON.stringify(validate.errors)).to.equal(true);
      expect(manifest.name).to.equal(name);
      expect(Object.keys(instruments)).to.include(manifest.instrument);
    });
    it('has a README that names every kind of file', () => {
      const readme = readFileSync(path.join('datasets', name, 'README.md'), 'utf8');
      for (const dir of new Set(manifest.files.map(f => f.path.split('/')[0]!))) expect(readme).to.include(`\`${dir}/`);
    });
    it('files have the recorded size and sha256, and no other file lies there', () => {
      const found = readdirSync(path.join('datasets', name), { recursive: true, withFileTypes: true })
        .filter(f => f.isFile()).map(f => path.relative(path.join('datasets', name), path.join(f.parentPath, f.name)))
        .filter(f => !['dataset.yaml', 'README.md', 'specs.yaml'].includes(f)).sort();
      expect(found).to.deep.equal(manifest.files.map(f => f.path).sort());
      for (const file of manifest.files) {
        const bytes = readFileSync(path.join('datasets', name, file.path));
        expect(bytes.length, file.path).to.equal(file.bytes);
        expect(createHash('sha256').update(bytes).digest('hex'), file.path).to.equal(file.sha256);
      }
    });
    const { generator } = manifest;
    if (generator !== undefined) {
      it('the generator exists and makes this version', () => expect(GENERATORS[generator.name]!.version).to.equal(manifest.version));
    }
  });
}

describe('sdss-stripe82', () => {
  const manifest = manifestOf('sdss-stripe82');
  const read = (file: FileEntry): Buffer => readFileSync(path.join('datasets/sdss-stripe82', file.path));
  const raws = manifest.files.filter(f => f.role === 'raw').map(file => ({ file, raw: readRawFrame(read(file)) }));

  it('headers translate to the data IDs of the manifest; each frame has a mask', () => {
    expect(raws.map(r => r.file.dataId!.exposure)).to.deep.equal([419203001, 419203003, 637703991, 637703993]);
    for (const { file, raw } of raws) {
      const facts = instruments.sdss!.translate(raw.header);
      const { exposure, detector } = file.dataId!;
      expect({ exposure: facts.exposure, detector: facts.detector }).to.deep.equal({ exposure, detector });
      expect(manifest.files.filter(f => f.role === 'raw_mask' && f.dataId!.exposure === facts.exposure).length).to.equal(1);
    }
  });

  it('the reference catalog covers the field with plausible fluxes, each shard its trixel', async () => {
    let nInside = 0;
    const { wcs } = instruments.sdss!.translate(raws[0]!.raw.header);
    for (const file of manifest.files.filter(f => f.role === 'refcat')) {
      const table = await readTable(read(file));
      const [ra, dec, flux, error] = ['ra', 'dec', 'g_flux', 'g_fluxErr'].map(column => numbers(table, column)) as
        [Float64Array, Float64Array, Float64Array, Float64Array];
      for (let i = 0; i < table.nRows; i++) {
        expect(htmIndex(7, ra[i]!, dec[i]!)).to.equal(file.dataId!.htm7);
        expect(flux[i]).to.be.within(500, 1e8);
        expect(error[i]! / flux[i]!).to.be.within(0.005, 2);
        const [x, y] = skyToPixel(wcs!, ra[i]!, dec[i]!);
        if (x > 0 && x < 2048 && y > 0 && y < 1489) nInside++;
      }
    }
    expect(nInside).to.be.greaterThan(60);
  });
});
