/** What a painted batch is made of: where an image comes from, what it is called, and what its draws hang on. */

import { namedError } from '../data/chain.js';
import { imageError, inputOf, reasonOf, type ImageSource } from './decode.js';

export interface PaintedItem {
  readonly source: ImageSource;
  /** What the item is called in messages. */
  readonly name: string;
  /** The item's number and how often the epoch has come to it before; see chain.ts. */
  readonly index: number;
  readonly occurrence?: number | undefined;
}

/** Why an image could not be painted. */
export interface Reason {
  readonly reason: string;
  readonly cause?: unknown;
}

export function reasonFor(cause: unknown, maxPixels: number): Reason {
  return { reason: reasonOf(cause, maxPixels), cause };
}

/** The error of an item that cannot be painted: the one that opening it alone gives. */
export function paintingError({ source, name }: PaintedItem, { reason, cause }: Reason): Error {
  const { input, name: own } = inputOf(source);
  return namedError(imageError(input, own, reason, cause), name, 'opening it');
}
