/** Files that hold what was learned. */

export { writeAtomically } from './atomic.js';
export type { NamedTensors } from './elements.js';
export { readNpy, readNpz, writeNpy, writeNpz } from './numpy.js';
export { readSafetensors, writeSafetensors, type ReadSafetensorsOptions, type Safetensors } from './safetensors.js';
