import { depthMeasure } from '../depth.ts';

export default depthMeasure('ap_verify.Depth90', 'm90');
