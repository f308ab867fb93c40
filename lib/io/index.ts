/** Files that hold what was learned. */

export { writeAtomically } from '../runtime/atomic.js';
export { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
export { CheckpointCallback, type CheckpointOptions } from './checkpointCallback.js';
export { latestCheckpoint, listCheckpoints } from './checkpointFolder.js';
export type { StopSignal } from './stopSignals.js';
export type { NamedTensors } from './elements.js';
export * as jit from './jit.js';
export { readNpy, readNpz, writeNpy, writeNpz } from './numpy.js';
export { readSafetensors, writeSafetensors, type ReadSafetensorsOptions, type Safetensors } from './safetensors.js';
export { readTorch, type ReadTorchOptions } from './torch/read.js';
export { SaveBestCallback, type SaveBestOptions } from './saveBest.js';
export { stateDictOf, type TorchValue } from './torch/values.js';
export { writeTorch } from './torch/write.js';
