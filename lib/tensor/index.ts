/** The tensor room: everything that the later rooms and users may import of it. */

import { installMethods } from './install.js';

installMethods();

export { AnomalyError, detectAnomaly } from './anomaly.js';
export { backwardAsync, grad } from './autograd.js';
export type { BackwardOptions } from './autograd.js';
export { callOperator } from './call.js';
export { checkpoint, checkpointWith } from './checkpoint.js';
export type { ToOptions } from './convert.js';
export { tensor } from './create.js';
export { AutogradFunction } from './customFunction.js';
export type { FunctionGradients, FunctionOutput } from './customFunction.js';
export * from './errors.js';
export { TensorGenerator, createGenerator } from './generator.js';
export * from './generated/functions.js';
export { gradCheck, gradGradCheck } from './gradCheck.js';
export type { GradCheckOptions } from './gradCheck.js';
export { allowUnchecked, autocast, enableGrad, gradMode, inferenceMode, isGradEnabled, noGrad } from './modes.js';
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
export type { MemoryUse, TracedMemory } from './runtime.js';
export { scope } from './scope.js';
export { Tensor, isTensor } from './tensor.js';
export { registerPostAccumulateGradHook } from './tensorHooks.js';
export type { RemovableHook, TensorHook } from './tensorHooks.js';
export { TensorList } from './tensorList.js';
export type { MemorySource } from './trace.js';
export { TensorTicket, receiveTensor, shareTensor, storageOwners } from './transfer.js';
export type { ShareOptions, TicketData } from './transfer.js';
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
