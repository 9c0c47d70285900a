import { expect } from 'chai';
import { noiseFromMetadata } from '../../src/astro/template/buildTemplate.ts';
import { NoWorkFound } from '../../src/model/errors.ts';
import type { Exposure } from '../../src/model/image.ts';
import type { DataId } from '../../src/model/dataset.ts';
import { buildTemplate } from '../../src/tasks/buildTemplate.ts';
import { wcs } from '../astro/difference/pair.ts';
import { configOf, contextOf, examplePair } from './differenceFixtures.ts';

const { science, template } = examplePair();
const item = (value: Exposure, visit: number): { dataId: DataId; value: Exposure } =>
  ({ dataId: { instrument: 'toy', visit, detector: 3 }, value: { ...value, visitInfo: { ...value.visitInfo, visit } } });
const shifted = { ...template, wcs: { ...wcs, crpix: [wcs.crpix[0] + 0.4, wcs.crpix[1] - 0.3] as const }, metadata: { apCorr: 1.02 } };
const config = configOf(buildTemplate.config);

describe('buildTemplate task', () => {
  const context = contextOf();
  const output = buildTemplate.run({ science, templates: [item(shifted, 900), item(template, 901)] }, config, context).template;

  it('makes an exposure on the grid of the science image', () => {
    expect([output.width, output.height]).to.deep.equal([science.width, science.height]);
    expect(output.wcs).to.deep.equal(science.wcs);
    expect([output.detector, output.band, output.unit]).to.deep.equal([3, 'r', 'nJy']);
    expect(output.psf!.fwhm_px).to.be.closeTo(3, 0.25);
    expect(output.visitInfo.visit).to.equal(900);
  });

  it('writes down what it did', () => {
    expect(context.metadata).to.include({ nTemplateInputs: 2 });
    expect(context.metadata.templateCoverage).to.be.within(0.95, 1);
    expect(output.metadata).to.include({ templateVisits: '900,901' });
    expect(output.metadata.apCorr).to.be.closeTo(1.01, 1e-9);
    const noise = noiseFromMetadata(output.metadata);
    expect(noise.x[0]!).to.be.within(0.5, 0.95);
  });

  const outcomes: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['no templates', () => buildTemplate.run({ science, templates: [] }, config, contextOf()), /no exposure overlaps/],
    ['templates of another band', () => buildTemplate.run({ science, templates: [item({ ...template, band: 'g' }, 900)] }, config, contextOf()), /no exposure/],
    ['templates in other units', () => buildTemplate.run({ science, templates: [item({ ...template, unit: 'electron' }, 900)] }, config, contextOf()), /no exposure/],
    ['a science image without WCS', () => buildTemplate.run({ science: { ...science, wcs: null }, templates: [item(template, 900)] }, config, contextOf()), /no WCS/],
    ['too little overlap', () => buildTemplate.run({
      science, templates: [item({ ...template, wcs: { ...wcs, crpix: [wcs.crpix[0] + 380, wcs.crpix[1]] } }, 900)],
    }, config, contextOf()), /covers [0-9.]+ %/],
  ];
  for (const [name, run, message] of outcomes) {
    it(`finds no work: ${name}`, () => expect(run).to.throw(NoWorkFound, message));
  }
});
