/** Alerts as pages show them: one with everything, one with nothing, one whose texts are hostile. */
import type { AlertStamp, AlertView, LightCurvePoint } from '../../src/model/alertView.ts';
import { random } from '../../src/numeric/random.ts';
import { MARKUP } from './fixture.ts';

function stamp(label: AlertStamp['label'], size: number): AlertStamp {
  const rng = random(3, label);
  const image = Float32Array.from({ length: size * size }, (_, k) => {
    const [x, y] = [(k % size) - size / 2, Math.floor(k / size) - size / 2];
    return k < size ? NaN : 10 * rng.normal() + 400 * Math.exp(-(x * x + y * y) / 8);
  });
  return { label, width: size, height: size, image, variance: null, x: size / 2, y: size / 2, unit: 'nJy', psf: null, pixelScale_arcsec: 0.2, rotation_deg: 10 };
}

const curve: readonly LightCurvePoint[] = Array.from({ length: 24 }, (_, k) => ({
  time_mjd: 60_000 + 1.7 * k, band: ['g', 'r', 'i'][k % 3]!, kind: (['detection', 'forced', 'limit'] as const)[(k >> 1) % 3]!,
  flux_nJy: 3000 * Math.sin(k / 4) + 500, fluxErr_nJy: k % 5 === 0 ? NaN : 200,
}));

const full: AlertView = {
  survey: 'Rubin 11.0', id: '173409123456789013', object: '173409123456789012', isSolarSystem: false, exposure: 'visit 2026010100001, detector 4',
  ra_deg: 53.0123456, dec_deg: -28.0234567, time_mjd: 60_041.2, band: 'r', flux_nJy: 1234.5, fluxErr_nJy: 56.7, snr: 21.8, reliability: 0.97,
  lightCurve: [...curve, { time_mjd: 60_041.2, band: 'r', kind: 'this', flux_nJy: 1234.5, fluxErr_nJy: 56.7 }],
  flags: ['isDipole', 'pixelFlags_edge'], nEarlier: 8, nForced: 8, stamps: [stamp('science', 30), stamp('template', 30), stamp('difference', 30)], warnings: [],
};
const bare: AlertView = {
  ...full, id: '2', object: null, reliability: NaN, flux_nJy: NaN, fluxErr_nJy: NaN, snr: NaN, band: '', lightCurve: [], flags: [], stamps: [], warnings: ['cutout science: damaged'],
};
const hostile: AlertView = {
  ...full, id: MARKUP, object: MARKUP, survey: MARKUP, exposure: `${MARKUP}\u001b[31m\u202e`, band: MARKUP, flags: [MARKUP], warnings: [MARKUP],
  lightCurve: full.lightCurve.map(p => ({ ...p, band: MARKUP })), stamps: [stamp('science', 102)],
};

export const alerts = { full, bare, hostile } as const;
