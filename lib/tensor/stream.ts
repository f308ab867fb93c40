/** Work that an accelerator does beside other work: batches on their way to it, and a stream that is one user's own. */

import { native } from './native.js';
import { adopt, handleOfArgument, type Tensor } from './tensor.js';
import type { Device } from './types.js';

/** Whether a device does what it is given one after the other while the host goes on; the processor does it at once. */
export const hasStreams = (device: Device): boolean => device === 'cuda' || device.startsWith('cuda:');

/**
 * A tensor on a device; itself where it is there already.
 *
 * From the processor to an accelerator it is copied while that still does what it has been given before, and what it is given afterwards waits for
 * the copy. Neither waits for the host where the tensor lies in page-locked memory, which is kept until the copy is through.
 */
export function sent(tensor: Tensor, device: Device): Tensor {
  const handle = handleOfArgument('sent: tensor', tensor);
  if (tensor.device === device) return tensor;
  if (tensor.device !== 'cpu' || !hasStreams(device) || tensor.requiresGrad || tensor.layout !== 'strided')
    return tensor.to(device);
  return adopt(native.sendTensor(handle, device));
}

/**
 * Gives this thread's work on a device to a stream of its own, which goes on from the work so far, until the function that is returned is called; the
 * work after it goes on from there. Where the device has no streams nothing changes.
 *
 * @returns how to leave it; null while another one is entered
 */
export function enterStream(device: Device): (() => void) | null {
  if (!hasStreams(device)) return () => undefined;
  return native.enterStream(device) ? () => native.leaveStream() : null;
}
