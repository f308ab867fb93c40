/** The small callbacks that every run needs: train and eval mode with the progress of the fit, the device, and a transform of the batch. */

import { isCudaAvailable, type Tensor } from '../tensor/index.js';
import { invalid } from '../tensor/errors.js';
import { sent } from '../tensor/stream.js';
import { Callback } from './callback.js';

/** Switches the model between training and evaluation, and keeps `nEpochs` and `nIter`. Every learner has one. */
export class TrainEvalCallback extends Callback {
  override order = -10;

  override beginFit(): void {
    this.learn.nEpochs = 0;
    this.learn.nIter = 0;
    this.learn.position = { epoch: 0, batch: 0 };
  }

  override beginEpoch(): void {
    this.learn.nEpochs = this.learn.epoch;
    this.learn.position = { epoch: this.learn.epoch, batch: 0 };
    this.learn.model.train();
  }

  override afterBatch(): void {
    const { learn } = this;
    if (!learn.inTrain) return;
    learn.nIter += 1;
    learn.position = { epoch: learn.epoch, batch: learn.iter + 1 };
    learn.nEpochs = learn.epoch + (learn.iter + 1) / learn.iters;
  }

  override beginValidate(): void {
    this.learn.model.eval();
  }

  override afterEpoch(): void {
    this.learn.position = { epoch: this.learn.epoch + 1, batch: 0 };
  }
}

/**
 * Moves the model to a device when the fit begins, and each batch when it comes. To an accelerator a batch is copied under the step before it, which
 * the device is then still busy with; from page-locked memory (`pinMemory` of the loader) without a wait of the program's.
 */
export class DeviceCallback extends Callback {
  override order = 1;

  constructor(readonly device: string) {
    super();
    if (typeof device !== 'string' || device === '')
      throw invalid('device', "the name of a device, e.g. 'cpu' or 'cuda'", device);
  }

  override beginFit(): void {
    this.learn.model.to(this.device);
  }

  override beginBatch(): void {
    const { learn } = this;
    learn.xb = sent(learn.xb, this.device);
    learn.yb = sent(learn.yb, this.device);
  }
}

/** Trains on the CUDA device where there is one. Where there is none it says so once, as a process warning, and everything stays on the CPU. */
export class CudaCallback extends DeviceCallback {
  private readonly available = isCudaAvailable();
  private noted = false;

  constructor() {
    super('cuda');
  }

  override beginFit(): void {
    if (this.available) super.beginFit();
    else if (!this.noted) {
      this.noted = true;
      process.emitWarning('CudaCallback: there is no CUDA device here, so training stays on the CPU', {
        code: 'TENCH_NO_CUDA',
      });
    }
  }

  override beginBatch(): void {
    if (this.available) super.beginBatch();
  }
}

/** Replaces each batch's inputs by `f(xb)`, in training and validation, after the batch is on its device. */
export class BatchTransformXCallback extends Callback {
  override order = 2;

  constructor(readonly f: (xb: Tensor) => Tensor) {
    super();
    if (typeof f !== 'function') throw invalid('f', 'a function from a batch to a batch', f);
  }

  override beginBatch(): void {
    this.learn.xb = this.f(this.learn.xb);
  }
}
