/** README's parts of one's own: a transform, a stepper, a callback and a layer are what the built-in ones are. */

import * as tench from 'tench';
import { nn } from 'tench';

/** A transform: a function of what the one before it returned. Its random numbers depend on seed, epoch and item, and on nothing else. */
export function brighten(image: tench.Image, { random }: tench.TransformContext): tench.Image {
  const gain = random.uniform(0.8, 1.25);
  return image.with({ data: Uint8Array.from(image.data, (byte) => Math.min(255, byte * gain)) });
}

/** A stepper: changes the parameters of a group, many at a call, and takes what it needs by name. */
export function signStep(p: tench.TensorList, { lr }: { lr: number }): void {
  p.add_(p.grad.sign(), { alpha: -lr });
}

/** An optimizer is a list of steppers (and of stats, which remember), so this is one. */
export const signOpt = (params: tench.ParameterSource, hypers: { lr: number; wd?: number }): tench.Optimizer =>
  new tench.Optimizer(params, [tench.weightDecay, signStep], hypers);

/** A callback: methods named after the loop's events; it may change everything in the learner, or end the training. */
export class StopAt extends tench.Callback {
  constructor(readonly loss: number) {
    super();
  }

  override afterLoss(): void {
    if (this.learn.inTrain && this.learn.loss.item() < this.loss) throw new tench.CancelTrainException();
  }
}

/** A layer: parameters and layers that are its properties belong to it. */
export class Residual extends nn.Module {
  readonly conv: tench.ConvLayer;

  constructor(channels: number) {
    super();
    this.conv = tench.convLayer(channels, channels, { stride: 1 });
  }

  override forward(x: tench.Tensor): tench.Tensor {
    return x.add(this.conv.call(x));
  }
}
