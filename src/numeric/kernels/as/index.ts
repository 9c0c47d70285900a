export { convolveRows, convolveColumns, convolveDirect } from './convolve';
export { warpPositions } from './warp';
export { normalMatrix } from './normal';
export { riceDecode, riceEncode } from './rice';
