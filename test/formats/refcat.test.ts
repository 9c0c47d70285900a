import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { refcatKindOf, referenceCatalogOf, type RefcatKind } from '../../src/formats/refcat.ts';
import { readTableFile } from '../../src/formats/tableFile.ts';
import { readCsv } from '../../src/formats/csvTable.ts';
import { abMag, nJyOfAbMag } from '../../src/model/photoCalib.ts';
import { column, tableFromRows, type ColumnSpec, type Table } from '../../src/model/table.ts';
import { htmIndex } from '../../src/sky/htm.ts';
import { bytesOf, refusal } from './tables.ts';

const DATA = path.resolve('../shared/data');
const f64 = (name: string, unit = ''): ColumnSpec => ({ name, type: 'f64', unit, doc: '' });
const csv = (text: string): Table => readCsv(bytesOf(text));
const number = (table: Table, name: string, row = 0): number => column(table, name, 'f64')[row]!;

describe('formats/refcat', () => {
  const kinds: readonly (readonly [string, RefcatKind | null])[] = [
    ['coord_ra,coord_dec,g_flux', 'afw'], ['X_WORLD,Y_WORLD,MAG_G,MAG_BP,MAG_RP', 'gaiaLdac'], ['source_id,ra,dec,phot_g_mean_mag', 'gaia'],
    ['objID,raMean,decMean,gMeanPSFMag', 'ps1'], ['objID,ra,dec,psfMag_g', 'sdss'], ['ra,dec,u,g,r,i,z', 'sdss'], ['id,ra,dec,r_flux', 'native'],
    ['ra_deg,dec_deg,VT_mag', 'positions'], ['x,y', null],
  ];
  for (const [header, kind] of kinds) {
    it(`columns ${header}: ${kind ?? 'unknown'}`, () => expect(refcatKindOf(csv(`${header}\n${header.split(',').map((_, k) => k + 0.5).join(',')}\n`))).to.equal(kind));
  }
  it('a Rubin shard: radians, nJy, missing motions', () => {
    const specs = [f64('coord_ra', 'rad'), f64('coord_dec', 'rad'), f64('phot_g_mean_flux', 'nJy'), f64('phot_g_mean_fluxErr', 'nJy'),
      f64('pm_ra', 'rad'), f64('pm_raErr', 'rad/year'), f64('pm_dec', 'rad'), f64('pm_decErr', 'rad/year'), f64('epoch', 'day'),
      { name: 'pm_flag', type: 'bool', unit: '', doc: '' } as const];
    const row = {
      coord_ra: Math.PI, coord_dec: -0.5, phot_g_mean_flux: 100, phot_g_mean_fluxErr: 2, pm_ra: 1e-8, pm_raErr: 1e-9,
      pm_dec: -1e-8, pm_decErr: 1e-9, epoch: 57205.5,
    };
    const catalog = referenceCatalogOf(tableFromRows(specs, [
      { ...row, pm_flag: false }, { ...row, pm_flag: true }, { ...row, pm_flag: false, pm_ra: 0, pm_raErr: 0 },
    ]));
    expect([number(catalog, 'ra'), number(catalog, 'phot_g_mean_flux'), number(catalog, 'epoch')]).to.deep.equal([180, 100, 57205.5]);
    expect(number(catalog, 'dec')).to.be.closeTo((-0.5 * 180) / Math.PI, 1e-13);
    expect(number(catalog, 'pm_ra')).to.be.closeTo(2.06264806, 1e-7);
    expect([1, 2].map(k => number(catalog, 'pm_ra', k))).to.deep.equal([NaN, NaN]);
    expect(number(catalog, 'pm_dec', 2)).to.be.closeTo(-2.06264806, 1e-7);
    expect(column(catalog, 'id', 'i64')).to.deep.equal(BigInt64Array.of(1n, 2n, 3n));
  });
  it('a Rubin shard of format 0: Jy, Sigma, seconds, motions of no known unit', () => {
    const catalog = referenceCatalogOf(csv('id,coord_ra,coord_dec,g_flux,g_fluxSigma,pm_ra,epoch\n12345678901234567,0.5,-0.25,1.5e-6,2.5e-7,-0.07,1335507072\n'));
    expect(column(catalog, 'id', 'i64')[0]).to.equal(12345678901234567n);
    expect(number(catalog, 'g_flux')).to.be.closeTo(1500, 1e-9);
    expect(number(catalog, 'g_fluxErr')).to.be.closeTo(250, 1e-9);
    expect(number(catalog, 'epoch')).to.be.closeTo(56044.2577778, 1e-6);
    expect(catalog.columns).to.not.have.property('pm_ra');
  });
  it('Gaia: AB zero points of the release, errors by signal to noise', () => {
    const header = 'source_id,ra,dec,ref_epoch,pmra,pmdec,parallax,phot_g_mean_mag,phot_g_mean_flux_over_error,phot_bp_mean_flux,phot_bp_mean_flux_error';
    const dr3 = referenceCatalogOf(csv(`${header}\n5853498713190525696,217.39,-62.68,2016.0,-3781.7,769.5,768.07,8.98,100,1000,10\n1,2,3,2016.0,,,null,20,,5,1\n`));
    expect(column(dr3, 'id', 'i64')[0]).to.equal(5853498713190525696n);
    expect(abMag(number(dr3, 'phot_g_mean_flux'))).to.be.closeTo(8.98 + 0.1136778, 1e-6);
    expect(number(dr3, 'phot_g_mean_flux') / number(dr3, 'phot_g_mean_fluxErr')).to.be.closeTo(100, 1e-9);
    expect(abMag(number(dr3, 'phot_bp_mean_flux'))).to.be.closeTo(25.3539555559 - 7.5, 1e-9);
    expect(number(dr3, 'phot_bp_mean_flux') / number(dr3, 'phot_bp_mean_fluxErr')).to.be.closeTo(100, 1e-9);
    expect(number(dr3, 'epoch')).to.equal(51544.5 + 16 * 365.25);
    expect(['pm_ra', 'pm_dec', 'parallax'].map(name => number(dr3, name))).to.deep.equal([-3781.7, 769.5, 768.07]);
    expect(['pm_ra', 'parallax', 'phot_g_mean_fluxErr'].map(name => number(dr3, name, 1))).to.deep.equal([NaN, NaN, NaN]);
    const dr2 = referenceCatalogOf(csv(`${header}\n1,217.39,-62.68,2015.5,1,2,3,8.98,100,1000,10\n`));
    expect(abMag(number(dr2, 'phot_g_mean_flux'))).to.be.closeTo(8.98 + 0.1050312, 1e-6);
  });
  it('PS1 and SDSS: magnitudes to nJy, marks to NaN, right ascension into the circle', () => {
    const ps1 = referenceCatalogOf(csv('objID,raMean,decMean,epochMean,gMeanPSFMag,gMeanPSFMagErr,yMeanPSFMag,yMeanPSFMagErr\n9,10,20,56000.5,20.1,0.02,-999,-999\n'));
    expect(number(ps1, 'g_flux')).to.be.closeTo(nJyOfAbMag(20.1), 1e-9);
    expect(number(ps1, 'g_fluxErr')).to.be.closeTo(nJyOfAbMag(20.1) * 0.02 * 0.921034, 1e-3);
    expect([number(ps1, 'y_flux'), number(ps1, 'y_fluxErr'), number(ps1, 'epoch')]).to.deep.equal([NaN, NaN, 56000.5]);
    const sdss = referenceCatalogOf(csv('objID,ra,dec,psfMag_g,psfMagErr_g,u,err_u\n1237661387068670119,-9.5,1,18.5,0.01,-9999,-9999\n'));
    expect([number(sdss, 'ra'), number(sdss, 'u_flux')]).to.deep.equal([350.5, NaN]);
    expect(number(sdss, 'g_flux')).to.be.closeTo(nJyOfAbMag(18.5), 1e-9);
    expect(number(sdss, 'g_fluxErr') / number(sdss, 'g_flux')).to.be.closeTo(0.01 * 0.921034, 1e-7);
  });
  it('its own type stays as it is, other columns are dropped', () => {
    const own = referenceCatalogOf(csv('id,ra [deg],dec [deg],r_flux [nJy],r_fluxErr [nJy],note\n7,1.5,2.5,100.5,1.5,x\n'));
    expect(Object.keys(own.columns)).to.deep.equal(['id', 'ra', 'dec', 'r_flux', 'r_fluxErr']);
    expect(referenceCatalogOf(own)).to.deep.equal(own);
  });
  it('refuses what it does not know, and a kind whose columns are missing', () => {
    expect(refusal(() => referenceCatalogOf(csv('x,y\n1,2\n')))).to.include('afw, Gaia');
    expect(refusal(() => referenceCatalogOf(csv('x,y\n1,2\n'), 'sdss'))).to.include('numbers ra');
    expect(refusal(() => referenceCatalogOf(csv('x,y\n1,2\n'), 'afw'))).to.include('numbers coord_ra');
    expect(refusal(() => referenceCatalogOf(csv('x,y\n1,2\n'), 'gaiaLdac'))).to.include('numbers');
  });

  describe('real catalogs', () => {
    const load = async (file: string): Promise<Table> => {
      const full = path.join(DATA, file);
      return referenceCatalogOf(await readTableFile(path.basename(full), readFileSync(full)));
    };
    before(function () {
      if (!existsSync(path.join(DATA, 'refcats'))) {
        this.test!.title += ' (skipped: ../shared/data is not there)';
        this.skip();
      }
    });
    it('SDSS Stripe 82: the list and the shards made of it say the same, and shards lie in their trixels', async function () {
      this.timeout(20_000);
      const list = await load('refcats/sdss_s82/stars.fits.gz');
      expect(list.nRows).to.equal(28196);
      const raw = await readTableFile('stars.fits.gz', readFileSync(path.join(DATA, 'refcats/sdss_s82/stars.fits.gz')));
      const rowOf = new Map(Array.from(column(raw, 'sdssid', 'i64'), (id, row) => [id, row]));
      let nCompared = 0;
      for (const file of readdirSync(path.join(DATA, 'refcats/sdss_s82/htm_sharded'))) {
        const shard = await load(`refcats/sdss_s82/htm_sharded/${file}`);
        const trixel = Number(file.split('.')[0]);
        column(shard, 'id', 'i64').forEach((id, k) => {
          expect(htmIndex(7, number(shard, 'ra', k), number(shard, 'dec', k))).to.equal(trixel);
          const row = rowOf.get(id);
          if (row === undefined) return;
          expect(number(list, 'ra', row)).to.be.closeTo(number(shard, 'ra', k), 1e-9);
          for (const band of ['u', 'g', 'r', 'i', 'z']) {
            expect(number(list, `${band}_flux`, row) / number(shard, `${band}_flux`, k)).to.be.closeTo(1, 1e-12);
            const ratio = number(list, `${band}_fluxErr`, row) / number(shard, `${band}_fluxErr`, k);
            // The shards were made with a factor that is larger in the fifth digit; an error of 0 is one that is not known.
            if (!Number.isNaN(ratio)) expect(ratio).to.be.closeTo(1, 1e-4);
          }
          nCompared++;
        });
      }
      expect(nCompared).to.be.greaterThan(5000);
    });
    const files: readonly (readonly [string, number, readonly string[]])[] = [
      ['refcats/cfht_d3/225822.fits.gz', 2628, ['u_flux', 'z_fluxErr']], ['refcats/hits2015/ps1_HiTS_2015/157216.fits.gz', 14781, ['y_flux', 'epoch']],
      ['refcats/hits2015/gaia_HiTS_2015/628864.fits.gz', 181, ['phot_g_mean_flux']],
      ['refcats/hsc_903342/gaia_dr2_20200414_189648.fits.gz', 2977, ['phot_rp_mean_fluxErr', 'pm_ra', 'parallax', 'raErr', 'epoch']],
      ['refcats/gaia_dr3/Gaia_DR3_151.0926_1.8312_17.0_19.0.fits', 59, ['phot_bp_mean_flux', 'pm_dec']],
      ['refcats/sdss_cfht/903281.fits.gz', 899, ['g_flux']], ['decam_legacypipe/testcase6/gaia__chunk-03687.fits.gz', 897, ['phot_g_mean_flux', 'parallaxErr']],
      ['refcats/tycho2/sdss_s82.tsv', 5, ['dec']], ['refcats/lowell42/static_sources.tsv', 1467, ['ra']],
    ];
    for (const [file, nRows, columns] of files) {
      it(`${file}: ${nRows} rows on the sky, fluxes of stars`, async () => {
        const catalog = await load(file);
        expect(catalog.nRows).to.equal(nRows);
        expect(catalog.columns).to.include.keys('id', ...columns);
        expect(column(catalog, 'ra', 'f64').every(ra => ra >= 0 && ra < 360)).to.equal(true);
        expect(column(catalog, 'dec', 'f64').every(dec => Math.abs(dec) <= 90)).to.equal(true);
        for (const [name, c] of Object.entries(catalog.columns)) {
          if (!name.endsWith('_flux') || c.type !== 'f64') continue;
          const known = c.values.filter(v => v > 0).sort();
          expect(known.length, name).to.be.greaterThan(nRows / 2);
          expect(abMag(known[known.length >> 1]!), name).to.be.within(10, 26);
        }
      });
    }
    it('Gaia DR2 of the archive and the shard of the Rubin pipelines are on one scale of motions', async () => {
      const shard = await load('refcats/hsc_903342/gaia_dr2_20200414_189648.fits.gz');
      const chunk = await load('decam_legacypipe/testcase6/gaia__chunk-03687.fits.gz');
      for (const catalog of [shard, chunk]) {
        const known = column(catalog, 'pm_dec', 'f64').filter(v => !Number.isNaN(v)).map(Math.abs).sort();
        expect(known.length).to.be.within(catalog.nRows / 2, catalog.nRows - 1);
        expect(known[known.length >> 1]).to.be.within(1, 10);
      }
    });
  });
});
