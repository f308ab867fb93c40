/** The networks that come with the library. */

export { getCnnLayers, getCnnModel, initCnn, prevPow2 } from './cnn.js';
export type { ChannelsAndClasses, CnnOptions } from './cnn.js';
export { describeModel } from './described.js';
export type { ModelDescription, Plain } from './described.js';
export { createModel, modelNames, registerModel } from './registry.js';
export type { ModelMaker } from './registry.js';
export { resnet18, resnet34, resnet50 } from './resnet.js';
export type { ResNet, ResNetOptions } from './resnet.js';
export { xresnet18, xresnet34, xresnet50 } from './xresnet.js';
export type { XResNet, XResNetOptions } from './xresnet.js';
