import type { LightCurvePoint } from '../../model/alertView.ts';
import type { LightCurve, LightPoint } from '../../model/reportData.ts';
import { drawLightCurve } from '../charts/lightCurve.ts';
import { fixedText, numberText } from '../format.ts';
import { defineSection } from '../section.ts';

const GROUPS: Readonly<Record<LightCurve['kind'], readonly [string, string]>> = {
  variable: ['Most variable', 'The largest scatter of the fluxes about their mean in each band, in units of their errors.'],
  measured: ['Best measured', 'Most measurements, then smallest errors, among the other objects.'],
};

export const lightCurves = defineSection({
  name: 'lightCurves', title: 'Light curves',
  view({ science }) {
    const all = science?.lightCurves ?? [];
    if (science === undefined || all.length === 0) return null;
    const groups = (['variable', 'measured'] as const).map(kind => ({
      title: GROUPS[kind][0], text: GROUPS[kind][1], cards: all.filter(c => c.kind === kind).map((c, i) => ({
        title: `DIAObject ${c.diaObjectId}`,
        text: `RA ${fixedText(c.ra_deg, 5)}°, Dec ${fixedText(c.dec_deg, 5)}°; χ²/ν = ${numberText(c.reducedChi2, 3)}; `
          + `${c.points.filter(p => !p.isForced).length} detections, ${c.points.filter(p => p.isForced).length} forced`,
        chart: drawLightCurve(`light-${kind}-${i}`, c.points.map(pointOf)),
      })),
    }));
    return { total: numberText(science.nDiaObjects, 9), groups: groups.filter(g => g.cards.length > 0) };
  },
});

function pointOf({ mjd, band, flux_nJy, fluxErr_nJy, isForced }: LightPoint): LightCurvePoint {
  return { time_mjd: mjd, band, kind: isForced ? 'forced' : 'detection', flux_nJy, fluxErr_nJy };
}
