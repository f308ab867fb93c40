/** Where a module's tensors live and in which form: device, dtype and memory format, set in place so that every holder of the tensor sees it. */

import { needOneOf, needText } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { dtypes, isOptions, noGrad, type DType, type Device, type MemoryFormat, type Tensor } from '../tensor/index.js';

/** What `module.to` may change; what is left out stays as it is. */
export interface Placement {
  device?: Device;
  dtype?: DType;
  memoryFormat?: MemoryFormat;
}

const memoryFormats: readonly MemoryFormat[] = [
  'contiguous_format',
  'preserve_format',
  'channels_last',
  'channels_last_3d',
];

/** Reads the argument of `module.to`. */
export function toPlacement(target: Device | DType | Placement): Placement {
  const placement: Placement =
    typeof target === 'string' ? (isDType(target) ? { dtype: target } : { device: target }) : target;
  const given: unknown = placement;
  if (!isOptions(given)) throw invalid('to: target', 'a device, a dtype or { device, dtype, memoryFormat }', target);
  const { device, dtype, memoryFormat } = placement;
  if (device !== undefined) needText('to: device', device, 'the name of a device');
  if (memoryFormat !== undefined) needOneOf('to: memoryFormat', memoryFormat, memoryFormats);
  if (dtype !== undefined && !(isDType(dtype) && isFloating(dtype))) {
    throw invalid('to: dtype', 'a floating-point or complex dtype (whole numbers cannot be learned)', dtype);
  }
  return { device, dtype, memoryFormat };
}

/** Moves one tensor and its gradient. The object, and with it everything that refers to it, stays the same. */
export function moveTensor(tensor: Tensor, placement: Placement): void {
  const change = changeOf(tensor, placement);
  if (change === null) return;
  noGrad(() => {
    const gradient = tensor.grad;
    tensor.setData(tensor.detach().to(change));
    if (gradient !== null) tensor.grad = gradient.detach().to(change);
  });
}

/** What has to change for a tensor, or null when nothing has. */
function changeOf(tensor: Tensor, { device, dtype, memoryFormat }: Placement): Placement | null {
  const change: Placement = {};
  if (device !== undefined && device !== tensor.device) change.device = device;
  if (dtype !== undefined && dtype !== tensor.dtype && isFloating(tensor.dtype)) change.dtype = dtype;
  const axes = memoryFormat === 'channels_last' ? 4 : memoryFormat === 'channels_last_3d' ? 5 : tensor.ndim;
  if (memoryFormat !== undefined && axes === tensor.ndim && !tensor.isContiguous({ memoryFormat }))
    change.memoryFormat = memoryFormat;
  return Object.keys(change).length === 0 ? null : change;
}

function isDType(value: unknown): value is DType {
  return (dtypes as readonly unknown[]).includes(value);
}

function isFloating(dtype: DType): boolean {
  return /float|complex/.test(dtype);
}

/** Where and in which dtype a layer makes its parameters. */
export interface FactoryOptions {
  /** Default `'cpu'`. */
  device?: Device;
  /** Default `'float32'`. */
  dtype?: DType;
}
