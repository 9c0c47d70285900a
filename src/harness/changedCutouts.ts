/** Pixels around the sources that a baseline has differently. */
import * as types from '../model/datasetTypes.ts';
import type { BaselineComparison, ChangedSource } from '../model/reportData.ts';
import { panels } from './cutouts.ts';
import type { Images } from './cutouts.ts';
import type { ResultSource } from './resultSource.ts';

/** The comparison with a cutout of this run for every listed source whose images can be read, one image at a time. */
export async function withChangedCutouts(comparison: BaselineComparison, source: ResultSource): Promise<BaselineComparison> {
  const { catalog } = comparison;
  if (catalog === null || catalog.sources.length === 0) return comparison;
  const images = new Map<string, ChangedSource[]>();
  for (const s of catalog.sources) {
    const key = `${s.visit} ${s.detector}`;
    images.set(key, [...images.get(key) ?? [], s]);
  }
  const pictured = new Map<ChangedSource, ChangedSource>();
  for (const own of images.values()) {
    const loaded = await imagesOf(source, own[0]!);
    if (loaded === null) continue;
    for (const s of own) {
      pictured.set(s, { ...s, cutout: { kind: 'source', title: '', caption: '', panels: panels(loaded, Math.round(s.x), Math.round(s.y)) } });
    }
  }
  return { ...comparison, catalog: { ...catalog, sources: catalog.sources.map(s => pictured.get(s) ?? s) } };
}

async function imagesOf(source: ResultSource, { visit, detector }: ChangedSource): Promise<Images | null> {
  const wanted = { science: types.visitImage, template: types.templateMatched, difference: types.differenceImage };
  const loaded: Partial<Record<keyof Images, Images['science']>> = {};
  for (const [name, type] of Object.entries(wanted) as [keyof Images, typeof types.visitImage][]) {
    const dataId = (await source.dataIds(type)).find(id => id.visit === visit && id.detector === detector);
    if (dataId === undefined) return null;
    loaded[name] = await source.get(type, dataId);
  }
  return loaded as Images;
}
