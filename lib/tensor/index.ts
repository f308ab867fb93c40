/** The tensor room: everything that the later rooms and users may import of it. */

import { installMethods } from './install.js';

installMethods();

export { backwardAsync, autocast, enableGrad, grad, inferenceMode, isGradEnabled, noGrad } from './autograd.js';
export type { BackwardOptions, RemovableHook, TensorHook } from './autograd.js';
export { callOperator } from './call.js';
export type { ToOptions } from './convert.js';
export { tensor } from './create.js';
export * from './errors.js';
export * from './generated/functions.js';
export {
  cudaDeviceCount,
  emptyCache,
  getNumThreads,
  getRngState,
  initialSeed,
  isCudaAvailable,
  libtorchVersion,
  manualSeed,
  memory,
  resetPeakMemory,
  setMemoryCap,
  setNumThreads,
  setRngState,
  synchronize,
} from './runtime.js';
export type { MemoryUse } from './runtime.js';
export { scope } from './scope.js';
export { Tensor, isTensor } from './tensor.js';
export { TensorList } from './tensorList.js';
export { Slice, dtypes, isOptions, slice } from './types.js';
export type {
  Complex,
  DType,
  Device,
  Index,
  Layout,
  MemoryFormat,
  NestedArray,
  Scalar,
  TensorOptions,
  TypedArray,
} from './types.js';
