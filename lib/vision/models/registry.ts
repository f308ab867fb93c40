/** Models by name: from a name and plain options, as they stand in a file, to a model. */

import { Module, convLayer } from '../../nn/index.js';
import { needFunction, needInstance, needOneOf, needOptions, needText } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { getCnnModel, type ChannelsAndClasses, type CnnOptions } from './cnn.js';
import { described, plainOptions } from './described.js';
import { resnet18, resnet34, resnet50 } from './resnet.js';
import { xresnet18, xresnet34, xresnet50 } from './xresnet.js';

/**
 * Makes a model of a plain object of options, whatever these are. They may come from a file, so it checks them; `device` and `dtype` are among them
 * where who calls {@link createModel} says so.
 */
export type ModelMaker = (options: never) => Module;

/** Options of the lesson's CNN by name. */
type CnnByName = CnnOptions & ChannelsAndClasses & { readonly nfs: readonly number[]; readonly layer?: string };

/** The lesson's CNN takes positions and a function; by name it is all options. */
function cnnByName({ cIn, cOut, nfs, layer = 'convLayer', ...options }: CnnByName): Module {
  needOneOf('getCnnModel: layer', layer, ['convLayer']);
  return getCnnModel({ cIn, cOut }, nfs, convLayer, options);
}

const own = { getCnnModel: cnnByName, resnet18, resnet34, resnet50, xresnet18, xresnet34, xresnet50 };

const makers = new Map<string, ModelMaker>(Object.entries(own));

/** Names that {@link createModel} knows: the library's own, and those that have been registered. */
export function modelNames(): string[] {
  return [...makers.keys()];
}

/**
 * Gives an architecture of one's own a name, so that {@link createModel} and what saves models find it; for the whole process, once a module of
 * one's own is imported.
 *
 * @param name what nothing else is called
 * @param make makes a model with new weights, always of the same architecture for the same options
 * @throws ArgumentError for a name that belongs to another function
 */
export function registerModel(name: string, make: ModelMaker): void {
  if (needText('registerModel: name', name) === '') throw invalid('registerModel: name', 'a name', name);
  needFunction('registerModel: make', make, 'a function of options that makes a Module');
  if ((makers.get(name) ?? make) !== make)
    throw invalid('registerModel: name', 'a name that is not taken by another architecture', name);
  makers.set(name, make);
}

/**
 * A model of an architecture by name, with new weights: `createModel('resnet18', { numClasses: 10 })` is `resnet18({ numClasses: 10 })`.
 *
 * It remembers name and options (`describeModel`).
 *
 * @param name one of {@link modelNames}; the library's own have the names of the functions that make them
 * @param options of that function. Of `getCnnModel`: `{ cIn, cOut, nfs }`, and the options of its layers
 * @throws ArgumentError for a name that is not known, for options that are no plain data, and whatever the architecture says to them
 */
export function createModel(name: string, options: object = {}): Module {
  const make = makers.get(needText('createModel: name', name));
  if (make === undefined)
    throw invalid('createModel: name', `one of ${modelNames().join(', ')} (registerModel adds others)`, name);
  needOptions('createModel', options);
  if (plainOptions(options) === null)
    throw invalid(
      'createModel: options',
      'plain data: numbers, strings, booleans, null, and arrays and objects of them',
      options,
    );
  const model = needInstance(`what makes '${name}'`, make(options as never), Module);
  return described(model, name, options);
}
