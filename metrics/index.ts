/** All measures; a metric that is defined in metrics/*.yaml has exactly one, and the tests check that. */
import type { Measure } from '../src/harness/measure.ts';
import ad1 from './measures/ad1.ts';
import af1 from './measures/af1.ts';
import am1 from './measures/am1.ts';
import associationCompleteness from './measures/associationCompleteness.ts';
import associationPurity from './measures/associationPurity.ts';
import astrometricOffset from './measures/astrometricOffset.ts';
import astrometricRepeatability from './measures/astrometricRepeatability.ts';
import astrometricScatter from './measures/astrometricScatter.ts';
import completenessBeforeCutsSnr10 from './measures/completenessBeforeCutsSnr10.ts';
import completenessSnr10 from './measures/completenessSnr10.ts';
import completenessSnr5 from './measures/completenessSnr5.ts';
import depth50 from './measures/depth50.ts';
import depth90 from './measures/depth90.ts';
import diaSourceDensity from './measures/diaSourceDensity.ts';
import diaSourceDensityBeforeCuts from './measures/diaSourceDensityBeforeCuts.ts';
import differenceWidth from './measures/differenceWidth.ts';
import dipoleFraction from './measures/dipoleFraction.ts';
import fracDiaSourcesToSciSources from './measures/fracDiaSourcesToSciSources.ts';
import mergeRate from './measures/mergeRate.ts';
import negativeFraction from './measures/negativeFraction.ts';
import numFailedQuanta from './measures/numFailedQuanta.ts';
import numNewDiaObjects from './measures/numNewDiaObjects.ts';
import numSciSources from './measures/numSciSources.ts';
import pa1 from './measures/pa1.ts';
import pa2 from './measures/pa2.ts';
import pf1 from './measures/pf1.ts';
import photometricRepeatability from './measures/photometricRepeatability.ts';
import photometricScatter from './measures/photometricScatter.ts';
import psfFwhm from './measures/psfFwhm.ts';
import purity from './measures/purity.ts';
import scienceDepth from './measures/scienceDepth.ts';
import splitRate from './measures/splitRate.ts';
import taskMemory from './measures/taskMemory.ts';
import taskTime from './measures/taskTime.ts';
import totalUnassociatedDiaObjects from './measures/totalUnassociatedDiaObjects.ts';
import transientAstrometricOffset from './measures/transientAstrometricOffset.ts';
import transientAstrometricScatter from './measures/transientAstrometricScatter.ts';
import transientFluxBias from './measures/transientFluxBias.ts';
import transientFluxPull from './measures/transientFluxPull.ts';
import { taskResources } from './taskResources.ts';

export const measures = [
  ad1, af1, am1, associationCompleteness, associationPurity, astrometricOffset, astrometricRepeatability,
  astrometricScatter, completenessBeforeCutsSnr10, completenessSnr10, completenessSnr5, depth50, depth90,
  diaSourceDensity, diaSourceDensityBeforeCuts, differenceWidth, dipoleFraction, fracDiaSourcesToSciSources,
  mergeRate, negativeFraction, numFailedQuanta, numNewDiaObjects, numSciSources, pa1, pa2, pf1,
  photometricRepeatability, photometricScatter, psfFwhm, purity, scienceDepth, splitRate, taskMemory, taskTime,
  totalUnassociatedDiaObjects, transientAstrometricOffset, transientAstrometricScatter, transientFluxBias,
  transientFluxPull, ...taskResources,
] as unknown as readonly Measure<never>[];
