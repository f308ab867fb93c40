/** DataBunch: the loaders that a Learner trains, validates and tests with, and the sizes that a model must fit. */

import { inspect } from 'node:util';
import { needCount, needInstance, needOptions } from '../tensor/checks.js';
import type { Batch } from './collate.js';
import type { Dataset } from './itemList.js';
import { DataLoader, type LoaderOptions } from './loader.js';
import { canPin } from './placement.js';
import type { Sampler } from './samplers.js';
import { showBatch, type ShowOptions, type ShownItem } from './showBatch.js';

/** Options of `toDatabunch`; what a {@link DataLoader} takes is handed on to every loader. */
export interface DataBunchOptions extends Omit<LoaderOptions, 'batchSize' | 'shuffle' | 'dropLast' | 'sampler'> {
  /** Channels (or columns) that go into a model. */
  cIn?: number;
  /** Classes (or columns) that come out of it. Default: as many as the labels' vocabulary has. */
  cOut?: number;
  /**
   * The lesson's word for `numThreads` and `prefetch` at once: loading uses threads here and not processes, so it is how many of them work for a
   * loader and how many batches are on their way. 0: each batch is made when it is asked for, by the thread that asks.
   */
  numWorkers?: number;
  /** Which positions an epoch of training visits; default all of them, shuffled. */
  sampler?: Sampler;
  /** The same for validation, where several processes share it; default all positions in order. */
  validSampler?: Sampler;
  /** Leave out a last batch of training that is smaller. Default false. */
  dropLast?: boolean;
}

/** The loaders of the training, the validation and perhaps a test set, with the sizes that a model must fit. */
export class DataBunch<B = Batch> {
  readonly trainDl: DataLoader<B>;
  readonly validDl: DataLoader<B>;
  readonly testDl: DataLoader<B> | undefined;
  readonly cIn: number | undefined;
  readonly cOut: number | undefined;

  constructor(
    trainDl: DataLoader<B>,
    validDl: DataLoader<B>,
    options: { cIn?: number; cOut?: number; testDl?: DataLoader<B> } = {},
  ) {
    needOptions('DataBunch', options);
    const { cIn, cOut, testDl } = options;
    for (const [name, size] of Object.entries({ cIn, cOut })) if (size !== undefined) needCount(name, size, 1);
    this.trainDl = needInstance('trainDl', trainDl, DataLoader);
    this.validDl = needInstance('validDl', validDl, DataLoader);
    this.testDl = testDl === undefined ? testDl : needInstance('testDl', testDl, DataLoader);
    this.cIn = cIn;
    this.cOut = cOut;
  }

  get trainDs(): Dataset {
    return this.trainDl.dataset;
  }

  get validDs(): Dataset {
    return this.validDl.dataset;
  }

  get testDs(): Dataset | undefined {
    return this.testDl?.dataset;
  }

  /** One batch of training, e.g. to look at or to initialise a model with; see {@link DataLoader.oneBatch}. */
  oneBatch(): Promise<B> {
    return this.trainDl.oneBatch();
  }

  /** The first items of the next epoch of training for people to look at, labels by name; see {@link showBatch}. */
  showBatch(options: ShowOptions = {}): Promise<ShownItem[]> {
    return showBatch(this.trainDl, options);
  }

  [inspect.custom](): string {
    const lines = [`Train: ${inspect(this.trainDl)}`, `Valid: ${inspect(this.validDl)}`];
    if (this.testDl !== undefined) lines.push(`Test: ${inspect(this.testDl)}`);
    lines.push(`In: ${this.cIn ?? 'unknown'}, out: ${this.cOut ?? 'unknown'}`);
    return ['DataBunch', ...lines.map((line) => `  ${line}`)].join('\n');
  }
}

/** Makes the loaders of a DataBunch: train shuffled, the others in order and with twice the batch size. */
export function databunchify(
  train: Dataset,
  valid: Dataset,
  test: Dataset | undefined,
  batchSize: number,
  options: DataBunchOptions,
): DataBunch {
  needOptions('toDatabunch', options);
  needCount('batchSize', batchSize, 1);
  const { cIn, cOut, numWorkers, dropLast, sampler, validSampler, ...rest } = options;
  if (numWorkers !== undefined) needCount('numWorkers', numWorkers);
  const shared = {
    ...rest,
    pinMemory: canPin(rest.pinMemory),
    prefetch: rest.prefetch ?? numWorkers,
    numThreads: rest.numThreads ?? numWorkers,
  };
  const inOrder = { ...shared, batchSize: 2 * batchSize };
  return new DataBunch(
    new DataLoader(train, { ...shared, batchSize, shuffle: sampler === undefined, sampler, dropLast }),
    new DataLoader(valid, { ...inOrder, sampler: validSampler }),
    {
      cIn,
      cOut,
      testDl: test === undefined ? undefined : new DataLoader(test, inOrder),
    },
  );
}
