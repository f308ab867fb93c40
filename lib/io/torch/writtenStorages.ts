/** The storages of a value that is being written: which parts of them its tensors reach, and where each tensor lies in its part. */

import { callOperator, isTensor, type DType, type Tensor } from '../../tensor/index.js';
import { native } from '../../tensor/native.js';
import { handleOf } from '../../tensor/tensor.js';
import { elementBytes } from '../elements.js';
import { bytesOfStorage, pieceBytes } from '../pieces.js';
import type { Content } from '../zipWriter.js';

/** Parts begin at multiples of this, so that elements of every size lie at a multiple of theirs. */
const step = 16;

/** Where a tensor lies in its storage, as a file says it. */
export interface TensorPlace {
  readonly key: string;
  /** Bytes of the storage. */
  readonly bytes: number;
  /** In elements. */
  readonly offset: number;
  readonly strides: readonly number[];
  /** Whether tensors of several dtypes share the storage. */
  readonly mixed: boolean;
}

interface Part {
  readonly key: string;
  /** A tensor of the storage, which keeps it alive. */
  readonly owner: Tensor;
  readonly dtypes: Set<DType>;
  begin: number;
  end: number;
}

/** The parts of all storages under the tensors of a value. */
export class WrittenStorages {
  private readonly parts = new Map<bigint, Part>();
  /** What is written in place of tensors that are read conjugated or negated. */
  private readonly plain = new Map<Tensor, Tensor>();

  constructor(value: unknown) {
    const seen = new Set<object>();
    const open: unknown[] = [value];
    while (open.length > 0) {
      const next = open.pop();
      if (typeof next !== 'object' || next === null || seen.has(next)) continue;
      seen.add(next);
      if (isTensor(next)) this.reach(next);
      else if (next instanceof Map) for (const entry of next) open.push(...(entry as [unknown, unknown]));
      else if (Array.isArray(next) || next instanceof Set)
        for (const item of next as Iterable<unknown>) open.push(item);
      else if (!ArrayBuffer.isView(next)) for (const item of Object.values(next)) open.push(item);
    }
  }

  /** @throws TenchError for a tensor that has no storage (a sparse one, or one on device meta) */
  placeOf(tensor: Tensor): TensorPlace {
    const plain = this.plainOf(tensor);
    const [address] = native.storageOf(handleOf(plain), plain);
    const { key, begin, end, dtypes } = this.parts.get(address)!;
    const width = elementBytes(plain.dtype);
    const offset = plain.numel() === 0 ? 0 : plain.storageOffset() - begin / width;
    return { key, bytes: end - begin, offset, strides: plain.stride(), mixed: dtypes.size > 1 };
  }

  /** The bytes of each part, read when they are asked for. */
  *contents(): Generator<[key: string, content: Content]> {
    for (const { key, owner, begin, end } of this.parts.values()) {
      const pieces = function* (): Generator<Uint8Array> {
        for (let from = begin; from < end; from += pieceBytes)
          yield bytesOfStorage(owner, from, Math.min(from + pieceBytes, end));
      };
      yield [key, { size: end - begin, pieces }];
    }
  }

  private reach(tensor: Tensor): void {
    if (tensor.layout !== 'strided' || tensor.device === 'meta') return;
    const plain = this.plainOf(tensor);
    const [address] = native.storageOf(handleOf(plain), plain);
    const width = elementBytes(plain.dtype);
    const strides = plain.stride();
    const first = plain.storageOffset() * width;
    const last = plain.shape.reduce((furthest, size, axis) => furthest + (size - 1) * strides[axis]! * width, first);
    const [begin, end] = plain.numel() === 0 ? [0, 0] : [Math.floor(first / step) * step, last + width];
    const part = this.parts.get(address);
    if (part === undefined) {
      const key = String(this.parts.size);
      this.parts.set(address, { key, owner: plain, dtypes: new Set([plain.dtype]), begin, end });
      return;
    }
    part.dtypes.add(plain.dtype);
    if (plain.numel() === 0) return;
    part.begin = part.end === 0 ? begin : Math.min(part.begin, begin);
    part.end = Math.max(part.end, end);
  }

  private plainOf(tensor: Tensor): Tensor {
    const known = this.plain.get(tensor);
    if (known !== undefined) return known;
    const is = (mark: string): boolean => callOperator(`aten::${mark}`, [tensor]) === true;
    if (!is('is_conj') && !is('is_neg')) return tensor;
    const detached = tensor.detach();
    const plain = callOperator('aten::resolve_neg', [callOperator('aten::resolve_conj', [detached])]) as Tensor;
    this.plain.set(tensor, plain);
    return plain;
  }
}
