/** Images among a stream's samples, opened one by one or, where the whole chain is native, a batch at a time on native threads. */

import { namedError } from '../data/chain.js';
import type { BatchOpener, SampleOpener, StreamSample } from '../data/streamLoader.js';
import { needFunction } from '../tensor/checks.js';
import { BatchPainter } from './batchPainter.js';
import { checkedDecoding, decodeImage, inputOf, type DecodeOptions, type NamedBytes } from './decode.js';
import type { PaintedItem } from './paintedItem.js';
import { PlannedChain } from './plannedChain.js';

/**
 * The `x` of a {@link StreamLoader} whose samples hold images.
 *
 *     x: openImages((sample) => sample.bytes('jpg', 'png')),
 *
 * Pixels and errors are those of {@link decodeImage}; chains of built-in image transforms that end in `toByteTensor` run on native threads, as
 * they do for the files of an {@link ImageList}.
 *
 * @param bytesOf gives the bytes of a sample's image file, or a promise of them; they must not change before the batch is there
 */
export function openImages<S extends StreamSample>(
  bytesOf: (sample: S) => Uint8Array | Promise<Uint8Array>,
  options: DecodeOptions = {},
): SampleOpener<S> {
  needFunction('bytesOf', bytesOf);
  checkedDecoding('openImages', options);
  const sourceOf = async (sample: S): Promise<NamedBytes> => ({ name: sample.name, bytes: await bytesOf(sample) });
  return Object.assign(async (sample: S) => decodeImage(await sourceOf(sample), options), {
    batches: (chain: Parameters<NonNullable<SampleOpener<S>['batches']>>[0]): BatchOpener<S> | undefined => {
      const planned = PlannedChain.of(chain);
      return planned && painted(new BatchPainter({ chain: planned, decoding: options }), sourceOf);
    },
  });
}

function painted<S extends StreamSample>(
  painter: BatchPainter,
  sourceOf: (sample: S) => Promise<NamedBytes>,
): BatchOpener<S> {
  return async (samples, request) => {
    const { onFailure } = request;
    const items: PaintedItem[] = [];
    const places: number[] = [];
    const sources = await Promise.allSettled(samples.map(sourceOf));
    sources.forEach((found, place) => {
      const { name, index } = samples[place]!;
      try {
        if (found.status === 'rejected') throw found.reason;
        inputOf(found.value);
        items.push({ source: found.value, name, index });
        places.push(place);
      } catch (thrown) {
        const cause = namedError(thrown, name, 'opening it');
        if (onFailure === undefined) throw cause;
        onFailure({ place, index, path: name, cause });
      }
    });
    const byPlace = onFailure && {
      onFailure: (failure: Parameters<typeof onFailure>[0]) => onFailure({ ...failure, place: places[failure.place]! }),
    };
    return painter.paint(items, { ...request, ...byPlace });
  };
}
