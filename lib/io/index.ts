/** Files that hold what was learned. */

export { writeAtomically } from './atomic.js';
export { readSafetensors, writeSafetensors, type ReadSafetensorsOptions, type Safetensors } from './safetensors.js';
