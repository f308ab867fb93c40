/** Items as JSON can hold them: numbers in typed arrays, which JSON would turn into objects with a key for each, are kept as their bytes. */

import { TenchError } from '../tensor/errors.js';

const typedArrays = {
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
};

/** A typed array in JSON. */
interface SavedArray {
  readonly typedArray: keyof typeof typedArrays;
  readonly base64: string;
}

/** An item, or what is in it, with every typed array replaced. Items are plain data; anything else is left to `JSON.stringify`. */
export function savedItem(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item;
  if (ArrayBuffer.isView(item)) return savedArray(item);
  if (Array.isArray(item)) return item.some(isObject) ? item.map(savedItem) : item;
  if (!isPlain(item)) return item;
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, savedItem(value)]));
}

/** The item that `savedItem` made this from. */
export function revivedItem(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item;
  if (Array.isArray(item)) return item.some(isObject) ? item.map(revivedItem) : item;
  if (isSavedArray(item)) return revivedArray(item);
  if (!isPlain(item)) return item;
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, revivedItem(value)]));
}

function savedArray(array: ArrayBufferView): SavedArray {
  const kind = Object.prototype.toString.call(array).slice(8, -1);
  if (!Object.hasOwn(typedArrays, kind)) throw new TenchError(`an item that is a ${kind} cannot be saved`);
  const base64 = Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');
  return { typedArray: kind as SavedArray['typedArray'], base64 };
}

function isSavedArray(item: object): item is SavedArray {
  return 'typedArray' in item && 'base64' in item && Object.keys(item).length === 2;
}

function revivedArray({ typedArray, base64 }: SavedArray): ArrayBufferView {
  if (!Object.hasOwn(typedArrays, typedArray))
    throw new TenchError(`the saved data has a ${typedArray}, which is no typed array`);
  // A copy, since the pool that Buffer cuts small ones from is not aligned.
  const { buffer } = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new typedArrays[typedArray](buffer);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
