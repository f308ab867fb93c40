/**
 * Chunks: the lists in which parameters are stepped.
 *
 * The parameters of a chunk share group, dtype, device and every number of their state. On the processor they are all small or all large, and their
 * bytes fit its cache together with what a step makes of them; on other devices a chunk is as large as it can be, since each call costs time. Chunks are kept from step to step, and made anew only when other parameters have gradients than in the step before.
 */

import { TenchError, TensorList, type Device, type DType, type Tensor } from '../tensor/index.js';
import { encodings } from '../tensor/types.js';
import { checkState } from './keys.js';
import type { Stat, State } from './parts.js';

/** With gradients, two averages and a temporary this is some 20 MiB: about the last-level cache that a few cores share. */
const bytesPerChunk = 4 * 2 ** 20;

/** On other devices a call costs more than what falls out of their caches; this much bounds what a step makes at a time. */
const bytesPerDeviceChunk = 256 * 2 ** 20;

/** Up to so many elements the processor's other threads are not worth waking for one tensor. */
const mostOfSmall = 2 ** 14;

/** A parameter that has a gradient in this step. */
export interface Active {
  readonly group: number;
  readonly tensor: Tensor;
  readonly grad: Tensor;
}

/** Parameters that are stepped together, with what the stats remember of them. */
export interface Chunk {
  readonly group: number;
  readonly p: TensorList;
  readonly state: State;
  /** Where each parameter stands among the active ones. */
  readonly places: readonly number[];
  /** All its parameters are so small that one thread steps them fastest; small and large ones are never in one chunk. */
  readonly isSmall: boolean;
  /** No stat has updated the state yet. */
  fresh: boolean;
  /** On which path it was stepped last; null before that. */
  path: string | null;
}

/** A chunk in the making. */
interface Draft {
  readonly group: number;
  readonly places: number[];
  readonly isSmall: boolean;
  bytes: number;
  /** Its parameters were stepped before. */
  readonly known: boolean;
}

/** What of an active parameter decides in which chunk it is. */
interface Member {
  readonly group: number;
  readonly tensor: Tensor;
  readonly dtype: DType;
  readonly device: Device;
}

function isMember({ group, tensor }: Active, member: Member): boolean {
  return (
    tensor === member.tensor &&
    group === member.group &&
    tensor.dtype === member.dtype &&
    tensor.device === member.device
  );
}

/** What is remembered of one parameter. */
export type ParameterState = Record<string, Tensor | number>;

/** The chunks of an optimizer, and the states of parameters that are in none. */
export class Chunks {
  #current: Chunk[] = [];
  #members: readonly Member[] = [];
  #resting = new Map<Tensor, ParameterState>();

  constructor(private readonly stats: readonly Stat[]) {}

  /** The chunks of the last step. */
  get current(): readonly Chunk[] {
    return this.#current;
  }

  /** The chunks for a step over these parameters, which hold their gradients. */
  take(active: readonly Active[]): readonly Chunk[] {
    if (active.length !== this.#members.length || active.some((one, i) => !isMember(one, this.#members[i]!))) {
      this.regroup(active);
      this.#members = active.map(({ group, tensor }) => ({
        group,
        tensor,
        dtype: tensor.dtype,
        device: tensor.device,
      }));
    }
    for (const { p, places } of this.#current) p.holdGrad(new TensorList(places.map((place) => active[place]!.grad)));
    return this.#current;
  }

  /** What is remembered of each parameter that was ever stepped. The tensors are the optimizer's own. */
  states(): Map<Tensor, ParameterState> {
    const states = new Map(this.#resting);
    for (const { p, state } of this.#current) p.tensors.forEach((tensor, i) => states.set(tensor, entryOf(state, i)));
    return states;
  }

  /** Forgets everything and remembers this instead. */
  restore(states: Map<Tensor, ParameterState>): void {
    this.#current = [];
    this.#members = [];
    this.#resting = new Map(states);
  }

  private regroup(active: readonly Active[]): void {
    this.restore(this.states());
    const drafts: Draft[] = [];
    const open = new Map<string, Draft>();
    const seen = new Set<Tensor>();
    active.forEach(({ group, tensor, grad }, place) => {
      if (seen.has(tensor)) return;
      seen.add(tensor);
      if (grad.layout !== 'strided')
        throw new TenchError(
          `Optimizer: a gradient has layout ${grad.layout}, and only dense ones (strided) can be stepped`,
        );
      const state = this.#resting.get(tensor);
      const onProcessor = tensor.device === 'cpu';
      const isSmall = onProcessor && tensor.numel() <= mostOfSmall;
      const key = [
        group,
        isSmall,
        tensor.dtype,
        tensor.device,
        state === undefined ? 'new' : JSON.stringify(numbersOf(state)),
      ].join(' ');
      const bytes = tensor.numel() * bytesPerElement(tensor);
      let draft = open.get(key);
      if (draft === undefined || draft.bytes + bytes > (onProcessor ? bytesPerChunk : bytesPerDeviceChunk)) {
        draft = { group, places: [], isSmall, bytes: 0, known: state !== undefined };
        drafts.push(draft);
        open.set(key, draft);
      }
      draft.places.push(place);
      draft.bytes += bytes;
    });
    const chunks = drafts.map(({ group, places, isSmall, known }): Chunk => {
      const p = new TensorList(places.map((place) => active[place]!.tensor));
      const state = known
        ? join(p.tensors.map((tensor) => besides(tensor, this.#resting.get(tensor)!)))
        : this.initialState(p);
      return { group, p, state, places, isSmall, fresh: !known, path: null };
    });
    for (const { p } of chunks) for (const tensor of p) this.#resting.delete(tensor);
    this.#current = chunks;
  }

  private initialState(p: TensorList): State {
    return Object.assign({}, ...this.stats.map((stat) => checkState(stat, stat.initState(p), p))) as State;
  }
}

function bytesPerElement(tensor: Tensor): number {
  const { array, lanes } = encodings[tensor.dtype];
  return new array(new ArrayBuffer(0)).BYTES_PER_ELEMENT * lanes;
}

/** One parameter's part of the state of a list. */
function entryOf(state: State, index: number): ParameterState {
  return Object.fromEntries(
    Object.entries(state).map(([key, value]) => [key, value instanceof TensorList ? value.at(index) : value]),
  );
}

/** The state on the device of its parameter, which may have moved since the last step. */
function besides({ device }: Tensor, state: ParameterState): ParameterState {
  const moved = Object.entries(state).map(([key, value]): [string, Tensor | number] => {
    return [key, typeof value === 'number' || value.device === device ? value : value.to(device)];
  });
  return Object.fromEntries(moved);
}

/** The state of a list, from those of its parameters, whose numbers are equal. */
function join(states: readonly ParameterState[]): State {
  const [first = {}] = states;
  return Object.fromEntries(
    Object.entries(first).map(([key, value]) => [
      key,
      typeof value === 'number' ? value : new TensorList(states.map((state) => state[key] as Tensor)),
    ]),
  );
}

/** The numbers of a state, and for its tensors only that they are there, in a fixed order. */
function numbersOf(state: ParameterState): [string, number | null][] {
  return Object.entries(state)
    .map(([key, value]): [string, number | null] => [key, typeof value === 'number' ? value : null])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
