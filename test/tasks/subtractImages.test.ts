import { expect } from 'chai';
import { AlgorithmError, ApError, NoWorkFound } from '../../src/model/errors.ts';
import type { Exposure } from '../../src/model/image.ts';
import { MASK } from '../../src/model/mask.ts';
import { selectRows } from '../../src/model/table.ts';
import { subtractImages } from '../../src/tasks/subtractImages.ts';
import { copied, wcs } from '../astro/difference/pair.ts';
import { configOf, contextOf, examplePair, SIZE } from './differenceFixtures.ts';

const pair = examplePair();
const config = configOf(subtractImages.config);

/** The template with data only on the first columns. */
function covering(columns: number): Exposure {
  const template = copied(pair.template);
  for (let p = 0; p < template.mask.length; p++) {
    if (p % SIZE >= columns) {
      template.image[p] = NaN;
      template.variance[p] = Infinity;
      template.mask[p] = MASK.NO_DATA;
    }
  }
  return template;
}

describe('subtractImages task', () => {
  const context = contextOf();
  const science = { ...pair.science, metadata: { apCorr: 1.03 } };
  const output = subtractImages.run({ science, template: pair.template, sources: pair.stars }, config, context);

  it('gives difference, matched template, kernel and its sources', () => {
    expect(output.psfMatchingKernel.convolved).to.equal('template');
    expect(output.difference.psf!.fwhm_px).to.be.closeTo(3.8, 0.4);
    expect(output.matchedTemplate.psf).to.equal(science.psf);
    expect(output.difference.visitInfo.visit).to.equal(7);
    expect(output.kernelSources.nRows).to.be.above(20);
    for (const image of [output.difference, output.matchedTemplate]) {
      expect([image.width, image.height, image.unit, image.band]).to.deep.equal([SIZE, SIZE, 'nJy', 'r']);
    }
  });

  it('subtracts the matched template from the science image', () => {
    const raw = subtractImages.run(
      { science, template: pair.template, sources: pair.stars }, configOf(subtractImages.config, { doDecorrelation: false }), contextOf());
    for (let p = 40 * SIZE + 40; p < 360 * SIZE; p += 977) {
      const expected = science.image[p]! - raw.matchedTemplate.image[p]!;
      expect(raw.difference.image[p]!).to.be.closeTo(expected, 1e-3 * Math.max(1, Math.abs(expected)));
    }
  });

  it('writes down the numbers of the match and the aperture correction of the image it left alone', () => {
    expect(context.metadata).to.include({ convolvedExposure: 'template', templateCoverage: 1 });
    expect(context.metadata.kernelSum).to.be.closeTo(1, 0.01);
    expect(context.metadata.residualWidth).to.be.within(0.95, 1.05);
    expect(output.difference.metadata.apCorr).to.equal(1.03);
  });

  it('convolves what it is told to', () => {
    const other = subtractImages.run(
      { science, template: pair.template, sources: pair.stars }, configOf(subtractImages.config, { mode: 'convolveScience' }), contextOf());
    expect(other.psfMatchingKernel.convolved).to.equal('science');
    expect(other.difference.metadata.apCorr).to.equal(1);
  });

  const few = selectRows(pair.stars, [8, 9]);
  type Outcome = typeof NoWorkFound | typeof AlgorithmError | typeof ApError;
  const outcomes: readonly (readonly [string, Exposure, Exposure, typeof few, Outcome, RegExp])[] = [
    ['template that covers next to nothing', pair.science, covering(30), pair.stars, NoWorkFound, /have data on 7.5 %/],
    ['template that covers little, and no kernel', pair.science, covering(60), few, NoWorkFound, /covers only 15/],
    ['template of NaN', pair.science, covering(0), pair.stars, NoWorkFound, /0.0 %/],
    ['too few kernel sources', pair.science, pair.template, few, AlgorithmError, /2 kernel sources/],
    ['science image without WCS', { ...pair.science, wcs: null }, pair.template, pair.stars, AlgorithmError, /without a WCS/],
    ['template without PSF', pair.science, { ...pair.template, psf: null }, pair.stars, AlgorithmError, /without a PSF/],
    ['template of another band', pair.science, { ...pair.template, band: 'g' }, pair.stars, ApError, /band g/],
    ['template of another shape', pair.science, { ...pair.template, width: 10 }, pair.stars, ApError, /10 x 400/],
    ['template on another grid', pair.science, { ...pair.template, wcs: { ...wcs, crpix: [201, 200] } }, pair.stars, ApError, /1.000 pixels off/],
  ];
  for (const [name, scienceImage, template, sources, type, message] of outcomes) {
    it(`ends as documented: ${name}`, () => {
      expect(() => subtractImages.run({ science: scienceImage, template, sources }, config, contextOf())).to.throw(type, message);
    });
  }

  it('uses half a template', () => {
    const { difference } = subtractImages.run({ science, template: covering(220), sources: pair.stars }, config, contextOf());
    expect(difference.image[200 * SIZE + 300]).to.be.NaN;
    expect(difference.image[200 * SIZE + 100]).to.be.finite;
    expect(difference.mask[200 * SIZE + 300]! & MASK.NO_DATA).to.equal(MASK.NO_DATA);
  });
});
