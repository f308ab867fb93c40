/** Every layer and loss as a plain function of its inputs, under the name `F`: words and options objects over LibTorch's operators. */

export * from './functional/activations.js';
export * from './functional/layers.js';
export * from './functional/losses.js';
export * from './functional/pooling.js';
export * from './functional/resample.js';
export * from './functional/shuffle.js';
export * from './functional/similarity.js';
export type { GridSampleMode, GridSamplePadding, Reduction, Size2d } from './functional/options.js';
