/** What can be predicted: files, bytes, streams of bytes and sharp's pipelines, all brought to what the readers of images take. */

import type { Sharp } from 'sharp';

import { TenchError, describe, invalid } from '../tensor/errors.js';
import { imageError, inputOf, type ImageSource } from '../vision/decode.js';

/**
 * An image to predict: the path of a file, the bytes of one (plain or `{ name, bytes }`), a stream of its bytes (Node's, the web's, or any async
 * iterable; a request of `node:http` is one), or a pipeline of sharp, whose result is predicted.
 *
 * Bytes must not change before the prediction is there. A stream is read to its end.
 */
export type PredictSource = ImageSource | AsyncIterable<unknown> | Sharp;

/** Brings a source into memory where it is not a file. @throws TenchError that names the image */
export async function readSource(source: PredictSource, name: string, maxBytes: number): Promise<ImageSource> {
  if (isSharp(source)) return { name, bytes: await named(name, () => pixelsOf(source)) };
  if (isStream(source)) return { name, bytes: await named(name, () => collected(source, maxBytes)) };
  const image = source;
  return image instanceof Uint8Array ? { name, bytes: image } : image;
}

/** @throws ArgumentError for what is no source */
export function needSource(argument: string, source: PredictSource): PredictSource {
  if (isSharp(source) || isStream(source)) return source;
  try {
    inputOf(source);
    return source;
  } catch {
    throw invalid(
      argument,
      'the path of an image file, the bytes of one, { name, bytes }, a readable stream, or an object of sharp',
      source,
    );
  }
}

function isSharp(source: unknown): source is Sharp {
  const { toBuffer, clone, png } = Object(source) as Record<string, unknown>;
  return [toBuffer, clone, png].every((method) => typeof method === 'function');
}

function isStream(source: unknown): source is AsyncIterable<unknown> {
  if (typeof source !== 'object' || source === null) return false;
  return typeof (source as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function';
}

/** Without loss, and without the time that packing takes; the pipeline itself stays as it is. */
function pixelsOf(pipeline: Sharp): Promise<Uint8Array> {
  return pipeline.clone().png({ compressionLevel: 0 }).toBuffer();
}

async function collected(stream: AsyncIterable<unknown>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of keptOpen(stream)) {
    if (!(chunk instanceof Uint8Array)) throw new TenchError(`its stream must give bytes, but gave ${describe(chunk)}`);
    total += chunk.length;
    if (total > maxBytes) throw new TenchError(`its stream has more than ${maxBytes} bytes (maxBytes)`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

/** Leaving a loop over a stream destroys it, and with a request the connection on which it could have been answered. */
function keptOpen(stream: AsyncIterable<unknown>): AsyncIterable<unknown> {
  const { iterator } = stream as { iterator?: (options: { destroyOnReturn: boolean }) => AsyncIterable<unknown> };
  return typeof iterator === 'function' ? iterator.call(stream, { destroyOnReturn: false }) : stream;
}

async function named<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw imageError('', name, cause instanceof Error ? cause.message : describe(cause), cause);
  }
}
