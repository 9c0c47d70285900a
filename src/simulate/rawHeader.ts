/** Header cards of a simulated raw frame, as a camera would write them. */
import { card, commentary } from '../formats/fits/index.ts';
import type { Card } from '../formats/fits/index.ts';
import type { Box } from '../model/image.ts';
import type { Detector } from '../model/instrument.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { headerFromWcs } from '../sky/wcs.ts';
import { EXPOSURE_TIME_S, EXTRA_DARK_TIME_S } from './survey.ts';
import type { SimVisit } from './survey.ts';

/** Cards of one detector in one visit; `wcs` is the telescope's own, pointing error included. */
export function rawCards(visit: SimVisit, detector: Detector, wcs: SkyWcs): Card[] {
  const night = visit.begin.slice(0, 10).replaceAll('-', '');
  const obsId = `SC_${night}_${String(visit.visit).padStart(5, '0')}`;
  return [
    card('TELESCOP', 'SIMULATED', 'no such telescope'),
    card('INSTRUME', 'SIMCAM', 'camera'),
    card('OBSID', obsId, 'observation'),
    card('EXPID', visit.visit, 'exposure number'),
    card('DETNUM', detector.id, 'detector number'),
    card('DETNAME', detector.name, 'detector name'),
    card('IMGTYPE', 'science', 'type of observation'),
    card('OBJECT', 'SIM-FIELD-1', 'target'),
    card('GROUPID', obsId, 'exposures that belong together'),
    card('DAYOBS', Number(night), 'observing night'),
    card('SEQNUM', visit.visit, 'number in the night'),
    card('FILTER', `sim-${visit.band}`, 'physical filter'),
    card('DATE-OBS', visit.begin, 'shutter opens'),
    card('TIMESYS', 'UTC', 'time scale of DATE-OBS'),
    card('EXPTIME', EXPOSURE_TIME_S, '[s] shutter open'),
    card('DARKTIME', EXPOSURE_TIME_S + EXTRA_DARK_TIME_S, '[s] collecting dark current'),
    card('AIRMASS', visit.airmass, 'at mid-exposure'),
    card('RA', wcs.crval_deg[0], '[deg] boresight'),
    card('DEC', wcs.crval_deg[1], '[deg] boresight'),
    card('ROTPA', visit.rotation_deg, '[deg] rotator'),
    card('BUNIT', 'adu', 'pixel unit'),
    ...amplifierCards(detector),
    commentary('COMMENT', 'The WCS cards refer to the assembled detector, overscan trimmed.'),
    ...Object.entries(headerFromWcs(wcs)).map(([key, value]) => card(key, value)),
  ];
}

function amplifierCards(detector: Detector): Card[] {
  return detector.amplifiers.flatMap((amp, i) => [
    card(`AMPNAM${i}`, amp.name, 'amplifier'),
    card(`DATASEC${i}`, section(amp.rawData), 'imaging pixels'),
    card(`BIASSEC${i}`, section(amp.rawSerialOverscan!), 'serial overscan'),
    card(`PRESEC${i}`, section(amp.rawPrescan!), 'prescan'),
    card(`GAIN${i}`, amp.gain_electronPerAdu, '[electron/adu]'),
    card(`RDNOISE${i}`, amp.readNoise_electron, '[electron]'),
  ]);
}

function section({ x0, y0, width, height }: Box): string {
  return `[${x0 + 1}:${x0 + width},${y0 + 1}:${y0 + height}]`;
}
