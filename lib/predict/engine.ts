/** The engine of predictions: image files go in, and for each comes out a row of numbers or the error that it has met. */

import type { Transforms } from '../data/index.js';
import { mixVersions, type TtaVersions } from '../learner/tta.js';
import type { Precision } from '../learner/index.js';
import type { Module } from '../nn/index.js';
import { TenchError, describe } from '../tensor/errors.js';
import { isTensor, noGrad, type Device, type Tensor } from '../tensor/index.js';
import { ImageList, type DecodeOptions, type ImageSource } from '../vision/index.js';
import type { LearnerDescription } from './description.js';
import { activations } from './predictions.js';

/** The numbers of one image, or why there are none. */
export type Outcome = Float32Array | TenchError;

/** What is done to a batch: as in validation, or as in a pass of test-time augmentation. */
export type BatchStep = (xb: Tensor, pass: number | null) => Tensor;

/** What turns images into rows, on this thread or on another. */
export interface PredictionEngine {
  readonly description: LearnerDescription;
  /** How many batches it takes at a time: while one is in the model, others are being read. */
  readonly lanes: number;
  /** One outcome for each source, in their order. Rejects only where the engine itself is gone. */
  run(sources: readonly ImageSource[], tta: Required<TtaVersions> | null): Promise<Outcome[]>;
  close(): Promise<void>;
}

/** Of what an {@link Engine} is made. */
export interface EngineParts {
  readonly description: LearnerDescription;
  /** In evaluation mode, on the device. */
  readonly model: Module;
  readonly tfms: Transforms;
  readonly decoding: DecodeOptions;
  readonly steps: readonly BatchStep[];
  readonly precision: Precision;
  readonly device: Device;
  /** How many numbers the model must give an image; null: any. */
  readonly columns: number | null;
}

/** Predicts on the thread that calls it: images are read on others, the model runs on this one. */
export class Engine implements PredictionEngine {
  readonly description: LearnerDescription;
  readonly lanes = 2;
  readonly #parts: EngineParts;

  constructor(parts: EngineParts) {
    this.description = parts.description;
    this.#parts = parts;
  }

  async run(sources: readonly ImageSource[], tta: Required<TtaVersions> | null): Promise<Outcome[]> {
    try {
      return await this.#batch(sources, tta);
    } catch (cause) {
      // One image of another size, or of a kind that the model cannot take, must not fail the others.
      if (sources.length === 1) return [failed(cause, nameOf(sources[0]!))];
      const outcomes: Outcome[] = [];
      for (const source of sources) outcomes.push(...(await this.run([source], tta)));
      return outcomes;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #batch(sources: readonly ImageSource[], tta: Required<TtaVersions> | null): Promise<Outcome[]> {
    const { tfms, decoding, device } = this.#parts;
    const list = new ImageList<Tensor, ImageSource>(sources, '.', tfms, decoding);
    const outcomes = new Array<Outcome | undefined>(sources.length).fill(undefined);
    const [xb] = await list.getBatch([...sources.keys()], {
      seed: 0,
      epoch: 0,
      device,
      onFailure: ({ place, cause }) => {
        outcomes[place] = failed(cause, nameOf(sources[place]!));
        return undefined;
      },
    });
    const places = [...sources.keys()].filter((place) => outcomes[place] === undefined);
    if (xb === undefined) return outcomes as Outcome[];
    try {
      const rows = noGrad(() => this.#predict(xb, tta));
      const data = rows.toTypedArray() as Float32Array;
      const width = data.length / places.length;
      places.forEach((place, row) => (outcomes[place] = data.slice(row * width, (row + 1) * width)));
      return outcomes as Outcome[];
    } finally {
      xb.dispose();
    }
  }

  #predict(xb: Tensor, tta: Required<TtaVersions> | null): Tensor {
    const plain = this.#outputs(xb, null);
    if (tta === null) return plain;
    const passes = Array.from({ length: tta.n }, (_, pass) => this.#outputs(xb, pass));
    return mixVersions(plain, passes, tta);
  }

  #outputs(xb: Tensor, pass: number | null): Tensor {
    const { model, steps, precision, columns, description } = this.#parts;
    const x = precision.prepareInput(steps.reduce((x, step) => step(x, pass), xb));
    const made: unknown = precision.run(x.device, () => model.call(x));
    if (!isTensor(made) || made.shape[0] !== xb.shape[0])
      throw new TenchError('the model must return a tensor with a row for each image');
    if (columns !== null && (made.ndim !== 2 || made.shape[1] !== columns))
      throw new TenchError(
        `the model gives [${made.shape.join(', ')}] for ${xb.shape[0]} images, where ${columns} numbers for each are needed, one for each label`,
        { code: 'ERR_TENCH_PREDICTION' },
      );
    return activations[description.kind](made.to('float32'));
  }
}

/** What a source is called in messages. */
export function nameOf(source: ImageSource): string {
  if (typeof source === 'string') return source;
  return source instanceof Uint8Array ? 'that was given' : source.name;
}

function failed(cause: unknown, name: string): TenchError {
  const message = cause instanceof Error ? cause.message : describe(cause);
  if (cause instanceof TenchError && message.includes(name)) return cause;
  const code = cause instanceof TenchError ? cause.code : 'ERR_TENCH_PREDICTION';
  return new TenchError(`predicting the image ${name} failed: ${message}`, { code, cause });
}
