/** Which modules count as layers where a network is looked at layer by layer. */

import { needInstance } from '../tensor/checks.js';
import { Conv2d } from './conv.js';
import { ConvLayer } from './convLayer.js';
import { ConvTranspose2d } from './convTranspose.js';
import { Linear } from './linear.js';
import { Module, type AnyModule } from './module.js';

const layers = [ConvLayer, Conv2d, ConvTranspose2d, Linear];

/** Whether a module is a ConvLayer, Conv2d, ConvTranspose2d or Linear: for {@link findModules}, which then takes a ConvLayer as one. */
export function isLayer(module: AnyModule): boolean {
  needInstance('isLayer: module', module, Module);
  return layers.some((type) => module instanceof type);
}
