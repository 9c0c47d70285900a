/**
 * A pipeline file in the structure of Rubin's ApPipe.yaml loads, with its own classes, fields, contracts and subsets. The file below
 * is written from the published description of that structure (labels, overrides, subsets, kinds of contracts), not copied.
 */
import { expect } from 'chai';
import { applyOverrides, loadPipeline } from '../../src/pipeline/pipelineYaml.ts';
import { resolvePipeline } from '../../src/pipeline/resolvePipeline.ts';
import type { ResolvedPipeline } from '../../src/pipeline/resolvePipeline.ts';
import { nearestName } from '../../src/pipeline/badPipeline.ts';
import { taskAliases } from '../../src/tasks/aliases.ts';
import { tasks } from '../../src/tasks/index.ts';

const RUBIN = `
description: End to end alert production, in Rubin's words
imports:
  - location: $ANALYSIS_DIR/apDetectorVisitQualityCore.yaml
    exclude: [analyzeNothing]
parameters:
  coaddName: goodSeeing
  apdb_config: null
  release_id: 0
tasks:
  getRegionTimeFromVisit: lsst.pipe.tasks.getRegionTimeFromVisit.GetRegionTimeFromVisitTask
  loadDiaCatalogs:
    class: lsst.ap.association.LoadDiaCatalogsTask
    config:
      apdb_config_url: parameters.apdb_config
  mpSkyEphemerisQuery: lsst.ap.association.MPSkyEphemerisQueryTask
  isr:
    class: lsst.ip.isr.IsrTaskLSST
    config:
      doBrighterFatter: false
      connections.outputExposure: post_isr_image
  calibrateImage:
    class: lsst.pipe.tasks.calibrateImage.CalibrateImageTask
    config:
      do_downsample_footprints: true
      downsample_max_footprints: 1000
      do_adaptive_threshold_detection: true
      do_remeasure_star_background: false
      optional_outputs: [psf_stars, psf_stars_footprints, astrometry_matches, photometry_matches]
      id_generator.release_id: parameters.release_id
      connections.exposures: post_isr_image
      connections.exposure: preliminary_visit_image
      connections.psf_stars: single_visit_psf_star
      star_detection.thresholdValue: 6.0
  buildTemplate:
    class: lsst.ip.diffim.getTemplate.GetTemplateTask
    config:
      connections.coaddExposures: template_exposure
      connections.template: template_detector
      connections.coaddName: parameters.coaddName
  subtractImages:
    class: lsst.ip.diffim.subtractImages.AlardLuptonSubtractTask
    config:
      doApplyExternalCalibrations: false
      connections.science: preliminary_visit_image
      connections.difference: difference_image_predetection
      connections.coaddName: parameters.coaddName
  detectAndMeasureDiaSource:
    class: lsst.ip.diffim.detectAndMeasure.DetectAndMeasureTask
    config:
      doSkySources: true
      idGenerator.release_id: parameters.release_id
      connections.coaddName: parameters.coaddName
  filterDiaSource:
    class: lsst.ap.association.FilterDiaSourceCatalogTask
    config:
      doRemoveSkySources: true
  computeReliability:
    class: lsst.meas.transiNet.RBTransiNetTask
    config:
      modelPackageStorageMode: butler
  filterDiaSourcePostReliability:
    class: lsst.ap.association.FilterDiaSourceReliabilityTask
    config:
      minReliability: 0.5
  standardizeDiaSource:
    class: lsst.ap.association.TransformDiaSourceCatalogTask
    config:
      doRemoveSkySources: true
      doUseSchema: true
      schemaFile: apdb.yaml
      idGenerator.release_id: parameters.release_id
  associateApdb:
    class: lsst.ap.association.DiaPipelineTask
    config:
      apdb_config_url: parameters.apdb_config
      maxNewDiaObjects: 1000
      doPackageAlerts: true
      alertPackager.useAveragePsf: true
      connections.coaddName: parameters.coaddName
  makeSampledImageSubtractionMetrics: lsst.ip.diffim.utils.SpatiallySampledMetricsTask
subsets:
  apPipeSingleFrame:
    description: until calibration
    subset: [isr, calibrateImage]
  preload:
    description: before the exposure
    subset: [loadDiaCatalogs, mpSkyEphemerisQuery]
  prompt:
    description: with the exposure
    subset: [isr, calibrateImage, buildTemplate, subtractImages, detectAndMeasureDiaSource, filterDiaSource, computeReliability,
             filterDiaSourcePostReliability, standardizeDiaSource, associateApdb]
  afterburner:
    subset: [makeSampledImageSubtractionMetrics]
contracts:
  - contract: detectAndMeasureDiaSource.doSkySources == filterDiaSource.doRemoveSkySources
    msg: sky sources added must be removed
  - contract: loadDiaCatalogs.apdb_config_url == associateApdb.apdb_config_url
    msg: one database
  - contract: calibrateImage.run_sattle == detectAndMeasureDiaSource.run_sattle
    msg: one setting of the satellite service
  - contract: subtractImages.connections.coaddName == detectAndMeasureDiaSource.connections.coaddName
    msg: one template name
  - contract: isr.connections.ConnectionsClass(config=isr).outputExposure.name ==
      calibrateImage.connections.ConnectionsClass(config=calibrateImage).exposures.name
    msg: isr.outputExposure != calibrateImage.exposures
  - contract: subtractImages.connections.ConnectionsClass(config=subtractImages).difference.name ==
      detectAndMeasureDiaSource.connections.ConnectionsClass(config=detectAndMeasureDiaSource).difference.name
    msg: subtractImages.difference != detectAndMeasureDiaSource.difference
`;
const CORE = 'description: quality\ntasks:\n  analyzeNothing: lsst.analysis.tools.tasks.Nothing\n  consolidateVisitSummary: lsst.pipe.tasks.ConsolidateVisitSummaryTask\n';

function resolve(overrides: readonly string[] = [], text = RUBIN, selection: string | null = null): ResolvedPipeline {
  const { ir } = loadPipeline('/p/ApPipe.yaml', { readText: location => (location.includes('Core') ? CORE : text), variables: { ANALYSIS_DIR: '/a' } });
  return resolvePipeline(applyOverrides(ir, overrides), tasks, { aliases: taskAliases, selection });
}

describe("Rubin's task classes", () => {
  it("a pipeline in the structure of Rubin's ApPipe.yaml loads", () => {
    const pipeline = resolve();
    expect(pipeline.tasks.map(({ label }) => label)).to.deep.equal([
      'isr', 'calibrateImage', 'buildTemplate', 'subtractImages', 'detectAndMeasureDiaSource', 'filterDiaSource', 'standardizeDiaSource', 'associateApdb',
    ]);
    const configOf = (label: string) => pipeline.tasks.find(task => task.label === label)!.config;
    expect(configOf('calibrateImage').starThreshold_sigma).to.equal(6);
    expect(configOf('associateApdb').maxNewDiaObjects).to.equal(1000);
    expect(pipeline.tasks[0]).to.include({ className: 'IsrTask' });
    expect(pipeline.tasks[1]).to.include({ className: 'lsst.pipe.tasks.calibrateImage.CalibrateImageTask' });
  });

  it('what is left out is said, and subsets and contracts follow', () => {
    const { warnings, subsets } = resolve();
    const left = warnings.filter(text => text.includes('is left out'));
    for (const label of ['loadDiaCatalogs', 'mpSkyEphemerisQuery', 'computeReliability', 'consolidateVisitSummary']) {
      expect(left.filter(text => text.includes(`'${label}'`)), label).to.have.length(1);
    }
    expect(left).to.have.length(7);
    expect(warnings.some(text => text.includes('schemaFile has no effect'))).to.equal(true);
    expect([...subsets.keys()]).to.deep.equal(['apPipeSingleFrame', 'prompt']);
    expect(subsets.get('prompt')!.members).to.not.include('computeReliability');
  });

  const refused: readonly (readonly [string, string[], RegExp])[] = [
    ['streaks, which we do not mask', ['detectAndMeasureDiaSource:doMaskStreaks=True'], /doMaskStreaks = true; expected: false; todo: streaks are not masked/],
    ['the satellite service', ['calibrateImage:run_sattle=True'], /run_sattle/],
    ['a field that nobody has', ['isr:doBrighterFater=False'], /unknown config field of IsrTask 'doBrighterFater'/],
    ['template names that differ', ['subtractImages:connections.coaddName=deep'], /one template name/],
    ['datasets that do not meet', ['calibrateImage:connections.exposures=other'], /other/],
    ['sky sources that stay', ['filterDiaSource:doRemoveSkySources=False'], /sky sources added must be removed/],
  ];
  for (const [name, overrides, message] of refused) {
    it(`refuses ${name}`, () => expect(() => resolve(overrides)).to.throw(message));
  }

  it('labels may still be chosen by name, subset and range', () => {
    expect(resolve([], RUBIN, 'apPipeSingleFrame').tasks.map(({ label }) => label)).to.deep.equal(['isr', 'calibrateImage']);
    expect(resolve([], RUBIN, 'filterDiaSource..').tasks).to.have.length(3);
  });

  it('the table names only what exists, and hides nothing of ours', () => {
    for (const [name, alias] of Object.entries(taskAliases)) {
      if (alias.task === null) {
        expect(alias.reason, name).to.match(/\w/);
        expect(Object.keys(tasks), `${name} exists here`).to.not.include(name);
        continue;
      }
      const task = tasks[alias.task]!;
      expect(task, `${name} -> ${alias.task}`).to.not.equal(undefined);
      const connections = [...Object.keys(task.inputs), ...Object.keys(task.outputs)];
      for (const [field, target] of Object.entries(alias.fields ?? {})) {
        if (typeof target === 'string') expect(Object.keys(task.config), `${name}.${field}`).to.include(target);
        else expect(Object.keys(task.config), `${name}.${field} is a field of ours`).to.not.include(field);
      }
      for (const [foreign, ours] of Object.entries(alias.connections ?? {})) expect(connections, `${name}.${foreign}`).to.include(ours);
      for (const foreign of alias.ignoredConnections ?? []) expect(connections, `${name}.${foreign}`).to.not.include(foreign);
    }
    expect(nearestName('IsrTask', Object.keys(taskAliases))).to.equal('IsrTask');
  });
});
