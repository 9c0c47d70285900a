/** The sections of the report in their order on the page. */
import { banner } from './banner.ts';
import { cutouts } from './cutouts.ts';
import { definitions } from './definitions.ts';
import { failures } from './failures.ts';
import { images } from './images.ts';
import { metricTable } from './metricTable.ts';
import { plots } from './plots.ts';
import { provenance } from './provenance.ts';
import { resources } from './resources.ts';

export const sections = [banner, failures, metricTable, plots, cutouts, images, resources, definitions, provenance] as const;
