/** Hands a tensor to another thread of the process without a copy: a ticket travels by `postMessage`, the storage stays where it is. */

import { TenchError, invalid } from './errors.js';
import { native } from './native.js';
import { adopt, handleOfArgument, type Tensor } from './tensor.js';
import { isOptions, type DType } from './types.js';

/** What is left of a {@link TensorTicket} after `postMessage`: plain data. */
export interface TicketData {
  /** Names the ticket in this process. */
  readonly tenchTensor: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Made by {@link shareTensor}. Can be cloned, so `postMessage` takes it, alone or inside other data; {@link receiveTensor} redeems it. */
export class TensorTicket implements TicketData {
  /** @internal */
  constructor(
    readonly tenchTensor: number,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {}

  /**
   * Withdraws the ticket, so that the tensor no longer waits for a receiver. What was received already stays.
   *
   * @returns whether somebody could still have received it
   */
  revoke(): boolean {
    return native.revokeTicket(this.tenchTensor);
  }
}

/** Options of {@link shareTensor}. */
export interface ShareOptions {
  /** How many times the ticket can be received; default 1. */
  receivers?: number;
  /**
   * Whether the ticket stays valid when this thread ends before it was received; default false. A worker that posts its last result and
   * ends needs it; a ticket that then nobody receives keeps its tensor for as long as the process runs.
   */
  outlives?: boolean;
}

/**
 * Makes a ticket with which another thread gets a tensor on the same storage, without a copy. What one thread writes the others see.
 * Nothing keeps them from writing at the same time: results are then as undefined as for shared memory anywhere.
 *
 * The received tensor is a new one: it requires grad when this one does, but shares neither `grad` nor hooks. From now on the storage
 * cannot grow (`resize_`). An unreceived ticket holds the storage until it is received, revoked, or this thread ends.
 *
 * @throws ArgumentError for the result of a recorded operation (share its `detach()`), and for tensors that are not dense
 */
export function shareTensor(tensor: Tensor, options: ShareOptions = {}): TensorTicket {
  const handle = handleOfArgument('shareTensor: tensor', tensor);
  if (!isOptions(options)) throw invalid('shareTensor: options', 'an object like { receivers: 2 }', options);
  const { receivers = 1, outlives = false }: ShareOptions = options;
  if (!Number.isSafeInteger(receivers) || receivers < 1)
    throw invalid('shareTensor: receivers', 'a whole number of at least 1', receivers);
  if (typeof outlives !== 'boolean') throw invalid('shareTensor: outlives', 'a boolean', outlives);
  const ticket = native.shareTensor(handle, receivers, outlives, tensor);
  return new TensorTicket(ticket, tensor.shape, tensor.dtype);
}

/**
 * The tensor of a ticket that {@link shareTensor} made in another thread of this process, or in this one.
 *
 * @throws TenchError with code `ERR_TENCH_TICKET` when the ticket no longer holds a tensor
 */
export function receiveTensor(ticket: TicketData): Tensor {
  const number: unknown = (ticket as TicketData | null | undefined)?.tenchTensor;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1)
    throw invalid('receiveTensor: ticket', 'what shareTensor returned', ticket);
  const handle = native.receiveTensor(number);
  if (handle !== 0) return adopt(handle);
  throw new TenchError(
    'receiveTensor: this ticket no longer holds a tensor. It was received already (`receivers` says how often it can be), it was ' +
      'revoked, the thread that shared the tensor has ended (`outlives` lets the ticket stay), or it comes from another process',
    { code: 'ERR_TENCH_TICKET' },
  );
}

/**
 * How many tensors hold the storage of this one, in all threads: itself, its views, those that were received, unreceived tickets, and what
 * recorded graphs have saved. 0 for a tensor that has no storage of its own (sparse ones).
 */
export function storageOwners(tensor: Tensor): number {
  const storage = native.storage(handleOfArgument('storageOwners: tensor', tensor), tensor);
  return storage === null ? 0 : storage[2];
}
