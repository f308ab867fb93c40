/** One batch of a stream's samples: each opened and labelled by itself, or all opened together where there is a quicker way. */

import { tensor, type Tensor } from '../tensor/index.js';
import { guard, type Chain } from './chain.js';
import { gather, type FailureHandler } from './failures.js';
import { inTurn, type BatchRequest } from './itemList.js';
import type { AnyProcessor } from './processors.js';

/** What a stream's samples must have. */
export interface StreamSample {
  /** What to call the sample in messages. */
  readonly name: string;
  /** A number of its own in the stream, whatever the order: the draws of transforms hang on it. */
  readonly index: number;
}

/**
 * Makes the tensor of a batch, after all steps of a chain: bit for bit that of samples opened one by one. `request.onFailure` is asked about
 * each that cannot be had; undefined where that is all of them.
 */
export type BatchOpener<S> = (samples: readonly S[], request: BatchRequest) => Promise<Tensor | undefined>;

/** A function that opens a sample, perhaps with a quicker way for many; `openImages` gives one for images. May return a promise. */
export interface SampleOpener<S> {
  (sample: S): unknown;
  /** The quicker way for samples that go through these transforms; undefined where there is none. */
  batches?(chain: Chain): BatchOpener<S> | undefined;
}

/** A function of samples, and the processors of what it returns. */
export interface Part<S> {
  readonly make: (sample: S) => unknown;
  readonly processors: readonly AnyProcessor[];
}

/** How the samples of a batch are opened and labelled. */
export interface BatchOfSamples<S> {
  readonly samples: readonly S[];
  readonly x: Part<S>;
  readonly y: Part<S> | undefined;
  readonly chain: Chain;
  readonly request: BatchRequest;
}

/** The parts of a batch that could be had, by place. */
export interface Opened {
  /** One value for each sample of `kept`, or the whole tensor. */
  readonly xs: unknown[] | Tensor;
  readonly ys: unknown[];
  readonly kept: readonly number[];
}

/** Opens samples one by one, through the first `count` transforms. */
export async function openEach<S extends StreamSample>(batch: BatchOfSamples<S>, count: number): Promise<Opened> {
  const { samples, x, y, chain, request } = batch;
  const { seed, epoch, signal, onFailure } = request;
  const open = async (place: number): Promise<unknown[]> => {
    const sample = samples[place]!;
    const { name, index } = sample;
    const opened = prepared(sample, x, 'opening it').then((value) =>
      chain.run(value, { seed, epoch, index, name, signal }, count),
    );
    return y === undefined ? [await opened] : inTurn([opened, prepared(sample, y, 'labelling it')]);
  };
  const places = samples.map((_, place) => place);
  const handler: FailureHandler | undefined =
    onFailure && ((failure) => onFailure({ ...failure, index: samples[failure.index]!.index }));
  const { values, kept } =
    handler === undefined
      ? { values: await inTurn(places.map(open)), kept: places }
      : await gather(places, open, { onFailure: handler, nameOf: (place) => samples[place]!.name, signal });
  const rows = values as unknown[][];
  return { xs: rows.map(([one]) => one), ys: rows.map(([, one]) => one), kept };
}

/** Opens samples together; values and failures are those of opening each. */
export async function openTogether<S extends StreamSample>(
  { samples, y, request }: BatchOfSamples<S>,
  opener: BatchOpener<S>,
): Promise<Opened> {
  const failures = new Map<number, Error>();
  const unlabelled = new Map<number, Error>();
  const note: FailureHandler = ({ place, cause }) => {
    failures.set(place, cause);
    return undefined;
  };
  const label = async (sample: S, place: number): Promise<unknown> =>
    y && prepared(sample, y, 'labelling it').catch((cause: unknown) => void unlabelled.set(place, cause as Error));
  const [painted, labels] = await Promise.all([
    opener(samples, { ...request, onFailure: note }),
    Promise.all(samples.map(label)),
  ]);
  const places = samples.map((_, place) => place);
  const opened = places.filter((place) => !failures.has(place));
  try {
    for (const place of places) {
      // What is wrong with the sample itself comes first, as it does where each is opened.
      const cause = failures.get(place) ?? unlabelled.get(place);
      if (cause === undefined) continue;
      if (request.onFailure === undefined) throw cause;
      const { index, name } = samples[place]!;
      request.onFailure({ place, index, path: name, cause });
    }
  } catch (cause) {
    painted?.dispose();
    throw cause;
  }
  const kept = opened.filter((place) => !unlabelled.has(place));
  const ys = kept.map((place) => labels[place]);
  if (painted === undefined || kept.length === opened.length) return { xs: painted ?? [], ys, kept };
  const rows = tensor(
    kept.map((place) => opened.indexOf(place)),
    { dtype: 'int64' },
  );
  const xs = kept.length === 0 ? [] : painted.indexSelect(0, rows);
  for (const used of [painted, rows]) used.dispose();
  return { xs, ys, kept };
}

/** What a function makes of a sample, through processors; what fails names the sample. */
async function prepared<S extends StreamSample>(
  sample: S,
  { make, processors }: Part<S>,
  doing: string,
): Promise<unknown> {
  return guard(
    async () => {
      const made: unknown = await make(sample);
      return processors.reduce<unknown>((item, processor) => processor.proc1(item as never), made);
    },
    sample.name,
    () => doing,
  );
}
