/** The sections of the report in their order on the page. */
import { banner } from './banner.ts';
import { catalogDifference } from './catalogDifference.ts';
import { cutouts } from './cutouts.ts';
import { definitions } from './definitions.ts';
import { detectors } from './detectors.ts';
import { failures } from './failures.ts';
import { images } from './images.ts';
import { lightCurves } from './lightCurves.ts';
import { metricTable } from './metricTable.ts';
import { plots } from './plots.ts';
import { provenance } from './provenance.ts';
import { resources } from './resources.ts';
import { sky } from './sky.ts';

export const sections = [
  banner, failures, metricTable, catalogDifference, plots, detectors, sky, lightCurves, cutouts, images, resources, definitions, provenance,
] as const;
