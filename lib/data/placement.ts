/** Where the tensors of a batch go: to a device, and through page-locked memory, from which a GPU reads by itself. */

import { warn } from '../runtime/warn.js';
import { needFlag, needOptions, needText } from '../tensor/checks.js';
import { sent } from '../tensor/stream.js';
import { Tensor, callOperator, isCudaAvailable, type Device } from '../tensor/index.js';

/** Where a batch goes. */
export interface Placement {
  /** The device; default: where it was made. */
  readonly device?: Device | undefined;
  /** Whether it lies in page-locked memory as long as it is on the CPU; there must be a CUDA device. Default false. */
  readonly pinMemory?: boolean | undefined;
}

export function needPlacement(argument: string, to: Placement): Placement {
  needOptions(argument, to);
  if (to.device !== undefined) needText('device', to.device, "the name of a device, e.g. 'cpu'");
  if (to.pinMemory !== undefined) needFlag('pinMemory', to.pinMemory);
  return to;
}

/** Whether a loader can lock the memory that it was asked to. Where there is no CUDA device it says so, as PyTorch does, and goes on without. */
export function canPin(pinMemory = false): boolean {
  if (!needFlag('pinMemory', pinMemory) || isCudaAvailable()) return pinMemory;
  warn('TENCH_NO_CUDA', 'pinMemory: there is no CUDA device here, so batches lie in ordinary memory');
  return false;
}

/** A tensor in its place: itself where it is there already, else a copy. From page-locked memory it is copied beside the program; see `sent`. */
export function placed(tensor: Tensor, { device, pinMemory = false }: Placement): Tensor {
  const locked = pinMemory && tensor.device === 'cpu' ? lockedCopy(tensor) : tensor;
  if (device === undefined) return locked;
  const there = sent(locked, device);
  // CUDA's host allocator keeps the block until the copy is through.
  if (locked !== tensor && locked !== there) locked.dispose();
  return there;
}

function lockedCopy(tensor: Tensor): Tensor {
  const isLocked = callOperator('aten::is_pinned', [tensor]) as boolean;
  return isLocked ? tensor : (callOperator('aten::pin_memory', [tensor]) as Tensor);
}

/** The tensors of a batch in their places; whatever else is in it stays as it is. */
export function placedBatch(batch: unknown, to: Placement): unknown {
  if (to.device === undefined && to.pinMemory !== true) return batch;
  if (batch instanceof Tensor) return placed(batch, to);
  return Array.isArray(batch) ? batch.map((part) => placedBatch(part, to)) : batch;
}
