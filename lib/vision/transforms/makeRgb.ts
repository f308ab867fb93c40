/** makeRgb: every image with three channels, as Pillow's `convert('RGB')` makes them. */

import { plannedFunction } from './imageTransform.js';

/** Repeats grey three times and drops alpha, without blending; RGB stays as it is. Order 0. */
export const makeRgb = plannedFunction('makeRgb', 0, ({ channels }) => (channels === 3 ? [] : [{ op: 'toRgb' }]));
