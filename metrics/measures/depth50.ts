import { depthMeasure } from '../depth.ts';

export default depthMeasure('ap_verify.Depth50', 'm50');
