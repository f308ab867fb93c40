/** The nn room: everything that the later rooms and users may import of it; users see it as the namespace `nn`. */

export * from './activations.js';
export { ModuleList, Sequential } from './containers.js';
export { ConvLayer, convLayer } from './convLayer.js';
export type { ConvLayerOptions, LayerFactory } from './convLayer.js';
export { Conv2d } from './conv.js';
export type { Conv2dLayerOptions, PaddingMode } from './conv.js';
export { countMultiplyAdds, countParameters } from './count.js';
export * as functional from './functional.js';
export { Hook, Hooks, findModules } from './hooks.js';
export type { HookFunction } from './hooks.js';
export * as init from './init.js';
export { Embedding, Linear } from './linear.js';
export * from './losses.js';
export type { BackwardHook, ForwardHook, ForwardPreHook, HookHandle } from './moduleHooks.js';
export { Module } from './module.js';
export type { AnyModule } from './module.js';
export { BatchNorm1d, BatchNorm2d, LayerNorm } from './normalization.js';
export type { BatchNormLayerOptions, LayerNormOptions } from './normalization.js';
export { Parameter } from './parameter.js';
export type { FactoryOptions, Placement } from './placement.js';
export { Dropout, Flatten, Identity, Lambda, flatten } from './plain.js';
export { AdaptiveAvgPool2d, AvgPool2d, MaxPool2d } from './pooling.js';
export type { LoadResult, StateDict } from './stateDict.js';
export * as utils from './clip.js';
