/** The files that `ap-verify diff` leaves behind. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { kernelAt } from '../astro/difference/applyKernel.ts';
import { writeExposure } from '../formats/exposureFits.ts';
import { writeKernelFits } from '../formats/kernelFits.ts';
import { encodePng } from '../formats/png.ts';
import { writeTableFile } from '../formats/tableFile.ts';
import { writeFileAtomic } from '../harness/workspace.ts';
import type { MatchingKernel } from '../model/kernel.ts';
import { DIFFERENCE_TEMPLATE, renderDifferencePage } from '../report/differencePage.ts';
import type { DifferencePageFacts } from '../report/differencePage.ts';
import type { PairDifference } from '../tasks/differencePair.ts';
import { HOME } from './installation.ts';

/** difference.fits, matched-template.fits, kernel.fits, dia-sources.parquet and .fits, diff.json, index.html; each whole or not at all. */
export function writeDifferenceFiles(folder: string, result: PairDifference, facts: DifferencePageFacts): void {
  const put = (name: string, content: Uint8Array | string): void => { writeFileAtomic(path.join(folder, name), content); };
  put('difference.fits', writeExposure(result.difference));
  put('matched-template.fits', writeExposure(result.matchedTemplate));
  if (result.kernel !== null) put('kernel.fits', writeKernelFits(result.kernel, kernelImages(result.kernel)));
  for (const name of ['dia-sources.parquet', 'dia-sources.fits']) put(name, writeTableFile(name, result.diaSources));
  put('diff.json', `${JSON.stringify({ status: 'succeeded', ...facts, numbers: result.metadata }, null, 2)}\n`);
  const read = (file: string): string => readFileSync(path.join(HOME, 'reports', file), 'utf8');
  put('index.html', renderDifferencePage({ ...result, kernelImages: result.kernel === null ? [] : kernelImages(result.kernel) }, facts, {
    template: read(DIFFERENCE_TEMPLATE), style: read('style.css'), encodePng,
  }));
}

/** The kernel on a grid of 3 x 3 places. */
function kernelImages(kernel: MatchingKernel): { x: number; y: number; data: Float64Array }[] {
  return [1 / 6, 1 / 2, 5 / 6].flatMap(v => [1 / 6, 1 / 2, 5 / 6].map(u => {
    const [x, y] = [Math.round(u * (kernel.width - 1)), Math.round(v * (kernel.height - 1))];
    return { x, y, data: kernelAt(kernel, x, y) };
  }));
}
