/**
 * Forward, loss and backward of a training batch as one graph that the device has captured: no call of an operator is left in the step but those of
 * the optimizer, of what brings the batch, and of what watches.
 *
 * The step of the optimizer stays outside. It is one kernel for many parameters anyway, runs while the host is ahead, and what it is told (rates and
 * momenta that follow a schedule, the number of the step) is a number of the host's, which a graph would keep as it was.
 */

import { inspect } from 'node:util';

import { warn } from '../runtime/warn.js';
import { TenchError } from '../tensor/errors.js';
import { deviceGraphs, type Graph, type GraphSource } from '../tensor/graph.js';
import { emptyLike, noGrad, type Tensor } from '../tensor/index.js';
import { native } from '../tensor/native.js';
import { handleOfArgument } from '../tensor/tensor.js';
import { enterStream } from '../tensor/stream.js';
import type { Module } from '../nn/index.js';
import type { Learner } from './learner.js';

/** Batches of one kind that run eagerly before it is captured: libraries choose their kernels and take their memory in the first of them. */
const warmUp = 3;

const otherLoss = 'a callback has put another loss function in place, which may read what a replay does not have';

/** What a step computes, without the events between. */
export interface StepParts {
  predict(xb: Tensor): Tensor;
  lossOf(pred: Tensor, yb: Tensor): Tensor;
}

/** A captured step, with the tensors that it reads and writes. */
interface Captured {
  readonly graph: Graph;
  readonly kind: string;
  readonly xb: Tensor;
  readonly yb: Tensor;
  readonly pred: Tensor;
  readonly loss: Tensor;
  /** Of the parameters that get one. */
  readonly grads: readonly (readonly [parameter: Tensor, grad: Tensor])[];
}

/** How the training batches of a fit with `graph: true` have run; see `Learner.graph`. */
export class GraphSummary {
  /** Why steps are not captured, from when it was known on; null while nothing stands against it. */
  reason: string | null = null;
  /** Batches that ran as a graph, and those that did not: the first few, and what has another size. */
  replayed = 0;
  eager = 0;
  /** How often a step was captured. */
  captures = 0;

  [inspect.custom](): string {
    const why = this.reason === null ? '' : `: ${this.reason}`;
    return `GraphSummary(${this.replayed} batches as a graph, ${this.eager} eagerly${why})`;
  }
}

/** @internal The steps of one fit, and their stream. */
export class GraphStep {
  readonly summary = new GraphSummary();
  #captured: Captured | null = null;
  #leave: (() => void) | null = null;
  /** The kind of the last eager batches, and how many there were of it in a row. */
  #kind = '';
  #alike = 0;
  /** What was captured holds for this state of the model. */
  #state = '';
  #epoch = -1;
  /** Whether a callback has changed what a graph would go on with. */
  #changed: string | null = null;

  /**
   * @param lossFunc the learner's before its callbacks began
   * @param source where graphs come from; tests put another in its place
   */
  constructor(
    private readonly learn: Learner,
    private readonly parts: StepParts,
    private readonly lossFunc: Learner['lossFunc'],
    private readonly source: GraphSource = deviceGraphs,
  ) {}

  /** Called when the callbacks have begun, so that the model is where it will be. */
  begin(): void {
    const { learn } = this;
    const device = learn.model.parameters()[0]?.device ?? 'cpu';
    const trouble = this.source.trouble(device);
    if (trouble !== null) this.#giveUp(trouble);
    else if (learn.lossFunc !== this.lossFunc) this.#giveUp(otherLoss);
    else if ((this.#leave = enterStream(device)) === null) this.#giveUp('another fit of this thread has one already');
  }

  /** Called however the fit ends. */
  end(): void {
    this.#drop();
    this.#leave?.();
    this.#leave = null;
  }

  /** A callback has left another tensor, or other numbers, than the step had computed. */
  changed(event: string, field: string): void {
    this.#changed ??= `a callback changes \`${field}\` in ${event}`;
  }

  /**
   * Runs the learner's batch up to its gradients, as a graph.
   *
   * @param tell what the loop tells its callbacks between; a cancel exception of theirs leaves no gradients
   * @returns false where it must run eagerly, with nothing changed
   */
  run(tell: () => void): boolean {
    const captured = this.#graphFor();
    if (captured === null) {
      this.summary.eager += 1;
      return false;
    }
    const { learn } = this;
    noGrad(() => {
      captured.xb.copy_(learn.precision.prepareInput(learn.xb));
      captured.yb.copy_(learn.yb);
    });
    captured.graph.replay();
    noGrad(() => {
      // The next replay writes over them, and whoever watches may keep what it gets.
      learn.pred = captured.pred.clone();
      learn.loss = captured.loss.clone();
    });
    this.summary.replayed += 1;
    tell();
    if (this.#changed !== null)
      throw new TenchError(`${this.#changed}, which a captured step cannot follow; train without graph`);
    for (const [parameter, grad] of captured.grads) parameter.grad = grad;
    return true;
  }

  /** What this batch can run as, captured now where it is time; null: eagerly. */
  #graphFor(): Captured | null {
    if (this.summary.reason !== null) return null;
    const { learn } = this;
    if (this.#changed !== null) return this.#giveUp(this.#changed);
    if (learn.lossFunc !== this.lossFunc) return this.#giveUp(otherLoss);
    // Gradients that were kept must be added to, where a graph writes over them.
    if (learn.opt.paramGroups.flat().some((parameter) => parameter.grad !== null)) return null;
    if (this.#isStale()) {
      this.#drop();
      this.#alike = 0;
    }
    const kind = [learn.xb, learn.yb].map((x) => `${x.shape.join()} ${x.dtype} ${x.device}`).join('; ');
    if (this.#captured?.kind === kind) return this.#captured;
    this.#alike = kind === this.#kind ? this.#alike + 1 : 1;
    this.#kind = kind;
    if (this.#alike <= warmUp) return null;
    this.#drop();
    try {
      return (this.#captured = this.#capture(kind));
    } catch (error) {
      learn.opt.zeroGrad();
      return this.#giveUp(error instanceof Error ? error.message : String(error));
    }
  }

  #capture(kind: string): Captured {
    const { learn, parts } = this;
    const hooked = learn.model.modules().find((module) => module.isHooked);
    if (hooked !== undefined)
      throw new TenchError(`a hook of ${hooked.constructor.name} would run while the step is captured and never again`);
    this.#state = stateOf(learn.model);
    this.#epoch = learn.epoch;
    const input = learn.precision.prepareInput(learn.xb);
    const [xb, yb] = noGrad(() => [emptyLike(input).copy_(input), emptyLike(learn.yb).copy_(learn.yb)] as const);
    const graph = this.source.make(xb.device);
    const [pred, loss] = graph.capture(() => {
      const outputs = parts.predict(xb);
      const result = parts.lossOf(outputs, yb);
      learn.scaler.scale(result).backward();
      return [outputs.detach(), result.detach()] as const;
    });
    const grads = learn.opt.paramGroups
      .flat()
      .flatMap((parameter) => (parameter.grad === null ? [] : [[parameter, parameter.grad] as const]));
    learn.opt.zeroGrad();
    this.summary.captures += 1;
    return { graph, kind, xb, yb, pred, loss, grads };
  }

  /** Looks once in each epoch whether the model's memory, modes and frozen parameters are still those of the capture. */
  #isStale(): boolean {
    const { learn } = this;
    if (this.#captured === null || this.#epoch === learn.epoch) return false;
    this.#epoch = learn.epoch;
    return stateOf(learn.model) !== this.#state;
  }

  /** Says once why, and keeps it. */
  #giveUp(reason: string): null {
    this.#drop();
    this.summary.reason = reason;
    warn('TENCH_NO_GRAPH', `fit: graph: steps run one operator after the other: ${reason}`);
    return null;
  }

  #drop(): void {
    this.#captured?.graph.dispose();
    this.#captured = null;
  }
}

/** What a graph takes for granted: where the tensors of a model lie, which get gradients, and how its modules behave. */
function stateOf(model: Module): string {
  const tensors = [...model.parameters(), ...model.buffers()];
  const places = tensors.map(
    (x) => `${native.storageOf(handleOfArgument('model', x), x)[0]} ${x.dtype} ${x.requiresGrad}`,
  );
  return [...places, ...model.modules().map(({ training, isHooked }) => `${training} ${isHooked}`)].join();
}
