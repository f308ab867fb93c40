/**
 * Steps as a graph. Without a device that has graphs, one of the processor's stands in: while it captures nothing is done, and a replay does again
 * what was captured, on the same tensors. So what the learner makes of graphs is tested everywhere, and LibTorch's own where there is a CUDA device.
 */

import { inspect } from 'node:util';

import t, { type Test } from 'tap';

import {
  Callback,
  CancelBatchException,
  CutMix,
  GradientAccumulationCallback,
  GradientClipCallback,
  Learner,
  Recorder,
  AvgStatsCallback,
  accuracy,
  type LearnerOptions,
} from '../../lib/learner/index.js';
import { BatchNorm2d, Conv2d, Dropout, Flatten, Linear, ReLU, Sequential } from '../../lib/nn/index.js';
import { adamOpt, sgdMomOpt } from '../../lib/optim/index.js';
import type { Graph } from '../../lib/tensor/graph.js';
import {
  getRngState,
  isCudaAvailable,
  manualSeed,
  noGrad,
  randint,
  randn,
  setRngState,
  type Tensor,
} from '../../lib/tensor/index.js';
import { warningsOf } from '../warnings.js';
import { FixedLoader } from './drawn.js';

/** Does again what it has captured, as a device's graph does: where it was, with what is there. */
class StandIn implements Graph {
  static alive = 0;
  #again = (): void => undefined;

  constructor(private readonly learn: Learner) {
    StandIn.alive += 1;
  }

  capture<T>(fn: () => T): T {
    const { model } = this.learn;
    const parameters = model.parameters();
    const written = [...parameters, ...model.buffers()];
    const kept = noGrad(() => written.map((x) => x.detach().clone()));
    const random = getRngState();
    const result = fn();
    setRngState(random);
    noGrad(() => written.forEach((x, i) => x.copy_(kept[i]!)));
    const grads = parameters.map((p) => p.grad);
    this.#again = () => {
      const held = parameters.map((p) => p.grad);
      for (const p of parameters) p.grad = null;
      const fresh = fn() as Tensor[];
      noGrad(() => {
        (result as Tensor[]).forEach((x, i) => x.copy_(fresh[i]!));
        grads.forEach((grad, i) => grad?.copy_(parameters[i]!.grad!));
      });
      parameters.forEach((p, i) => (p.grad = held[i]!));
    };
    return result;
  }

  replay(): void {
    this.#again();
  }

  dispose(): void {
    StandIn.alive -= 1;
  }
}

const batches = (sizes: readonly number[]): FixedLoader =>
  new FixedLoader(sizes.map((size) => [randn([size, 3, 6, 6]), randint(0, 4, [size], { dtype: 'int64' })] as const));

const full = [8, 8, 8, 8, 8, 8];

interface Outcome {
  readonly learn: Learner;
  readonly losses: readonly number[];
  readonly weights: readonly Tensor[];
  readonly warnings: readonly string[];
}

interface Training extends LearnerOptions {
  readonly sizes?: readonly number[];
  readonly epochs?: number;
  readonly graph?: boolean;
  readonly dropout?: number;
  readonly source?: (learn: Learner) => Learner['graphSource'];
}

const standIn = (learn: Learner): Learner['graphSource'] => ({ trouble: () => null, make: () => new StandIn(learn) });

/** Trains a small network with dropout and batch normalisation, always from the same start. */
async function train(training: Training = {}): Promise<Outcome> {
  const { sizes = [...full, 3], epochs = 3, graph = true, dropout = 0.25, source = standIn, ...options } = training;
  manualSeed(3);
  const data = { trainDl: batches(sizes), validDl: batches([5]) };
  const model = new Sequential(
    new Conv2d(3, 4, 3),
    new BatchNorm2d(4),
    new ReLU(),
    new Flatten(),
    new Dropout({ p: dropout }),
    new Linear(64, 4),
  );
  const recorder = new Recorder();
  const learn = new Learner(model, data, { lr: 0.1, ...options, cbs: [recorder, ...(options.cbs ?? [])] });
  learn.logger = () => undefined;
  learn.graphSource = source(learn);
  const warnings = await warningsOf(() => learn.fit(epochs, { graph }));
  const weights = [...model.parameters(), ...model.buffers()].map((x) => x.detach().clone());
  return {
    learn,
    losses: recorder.losses,
    weights,
    warnings: warnings.flatMap(({ code, message }) => (code === 'TENCH_NO_GRAPH' ? [message] : [])),
  };
}

/** That a training with a graph gives to the bit what it gives without. */
async function same(t: Test, training: () => Training): Promise<Outcome> {
  const [plain, graphed] = [await train({ ...training(), graph: false }), await train(training())];
  t.equal(plain.learn.graph, null);
  t.strictSame(graphed.losses, plain.losses);
  t.ok(graphed.losses.length > 0);
  t.ok(graphed.weights.every((x, i) => x.equal(plain.weights[i]!)), 'weights'); // prettier-ignore
  t.equal(StandIn.alive, 0, 'no graph is left');
  return graphed;
}

t.test('three batches warm up, the fourth is captured, and the last one of another size runs eagerly', async (t) => {
  const { learn, warnings } = await same(t, () => ({}));
  t.match(learn.graph, { reason: null, captures: 1, replayed: 3 + 6 + 6, eager: 3 + 3 });
  t.strictSame(warnings, []);
});

t.test('schedules, momenta, clipped gradients, metrics and another precision go with it', async (t) => {
  const run = (graph: boolean): Promise<[readonly number[], Learner]> => scheduled(graph);
  const [[plain], [graphed, learn]] = [await run(false), await run(true)];
  t.strictSame(graphed, plain);
  t.match(learn.graph, { reason: null, captures: 1 });
  await same(t, () => ({ precision: 'bf16', optFunc: sgdMomOpt, cbs: [new GradientClipCallback({ maxNorm: 0.5 })] }));
});

async function scheduled(graph: boolean): Promise<[readonly number[], Learner]> {
  manualSeed(4);
  const model = new Sequential(new Flatten(), new Linear(108, 4));
  const [recorder, stats] = [new Recorder(), new AvgStatsCallback([accuracy])];
  const data = { trainDl: batches(full), validDl: batches([5]) };
  const learn = new Learner(model, data, { optFunc: adamOpt, cbs: [recorder, stats] });
  learn.logger = () => undefined;
  learn.graphSource = standIn(learn);
  await learn.fitOneCycle(3, { lrMax: 0.05, graph });
  const figures = stats.records.flatMap(({ train, valid }) => [train!.loss!, train!.accuracy!, valid!.loss!]);
  return [[...recorder.losses, ...figures], learn];
}

t.test('batches of a new size are captured anew when three have come in a row', async (t) => {
  const { learn } = await same(t, () => ({ sizes: [...full, 5, 5, 5, 5, 5], epochs: 1 }));
  t.match(learn.graph, { reason: null, captures: 2, replayed: 3 + 2, eager: 3 + 3 });
});

t.test('what a callback keeps stays as it was', async (t) => {
  class Keeps extends Callback {
    readonly seen: [pred: Tensor, loss: Tensor, value: number][] = [];
    override afterLoss(): void {
      const { pred, loss, inTrain } = this.learn;
      if (inTrain) this.seen.push([pred, loss, loss.item()]);
    }
  }
  const keeps = new Keeps();
  await train({ cbs: [keeps] });
  t.ok(keeps.seen.every(([, loss, value]) => loss.item() === value), 'losses'); // prettier-ignore
  t.not(keeps.seen.at(-2)![0], keeps.seen.at(-3)![0]);
});

/** Cancels every third training batch at an event. */
class Cancels extends Callback {
  override order = 60;

  constructor(event: 'beginBatch' | 'afterPred' | 'afterLoss' | 'afterBackward' | 'beginStep' | 'afterStep') {
    super();
    this[event] = () => {
      if (this.learn.inTrain && this.learn.iter % 3 === 2) throw new CancelBatchException();
    };
  }
}

for (const event of ['beginBatch', 'afterPred', 'afterLoss', 'afterBackward', 'beginStep', 'afterStep'] as const) {
  t.test(`a batch that is cancelled at ${event} leaves what it leaves without a graph`, async (t) => {
    const { learn } = await same(t, () => ({ sizes: [8, 8, 8, 8, 8, 8, 8, 8, 8, 8], cbs: [new Cancels(event)] }));
    t.equal(learn.graph?.reason, null);
    t.ok(learn.graph!.replayed > 0, String(learn.graph!.replayed));
  });
}

t.test('a model that is frozen in the middle is captured anew', async (t) => {
  class Freezes extends Callback {
    override beginEpoch(): void {
      const { learn } = this;
      if (learn.epoch === 1) for (const p of learn.model.parameters().slice(0, 2)) p.requiresGrad_(false);
    }
  }
  const { learn } = await same(t, () => ({ sizes: full, cbs: [new Freezes()] }));
  t.match(learn.graph, { reason: null, captures: 2, replayed: 3 + 3 + 6 });
});

const refusals: Record<string, { training: () => Training; reason: RegExp }> = {
  'the processor': {
    training: () => ({ source: ({ graphSource }) => graphSource }),
    reason: /on cpu there is nothing/,
  },
  'a device without graphs': {
    training: () => ({ source: (learn) => ({ ...standIn(learn), trouble: () => 'there are none' }) }),
    reason: /there are none$/,
  },
  'mixed targets': { training: () => ({ cbs: [new CutMix()] }), reason: /another loss function/ },
  'accumulated gradients': {
    training: () => ({ cbs: [new GradientAccumulationCallback(16)] }),
    reason: /changes `loss` in afterLoss/,
  },
  'predictions that a callback changes': {
    training: () => ({ cbs: [new Halves()] }),
    reason: /changes `pred` in afterPred/,
  },
  'a hook': { training: () => ({ cbs: [new Hooks()] }), reason: /hook of Flatten/ },
  'what cannot be captured': {
    training: () => ({ source: (learn) => ({ ...standIn(learn), make: () => new Refuses(learn) }) }),
    reason: /it cannot be captured$/,
  },
};

class Halves extends Callback {
  override afterPred(): void {
    this.learn.pred = this.learn.pred.mul(0.5);
  }
}

class Hooks extends Callback {
  override beginFit(): void {
    this.learn.model.children()[3]!.registerForwardHook(() => undefined);
  }
}

class Refuses extends StandIn {
  override capture<T>(fn: () => T): T {
    super.capture(fn);
    this.dispose();
    throw new Error('it cannot be captured');
  }
}

for (const [name, { training, reason }] of Object.entries(refusals)) {
  t.test(`${name}: says why once, and trains as without`, async (t) => {
    const { learn, warnings } = await same(t, training);
    t.match(learn.graph, { reason, replayed: 0, eager: 3 * 7 });
    t.equal(warnings.length, 1);
    t.match(warnings[0], reason);
  });
}

t.test('a loss that is changed only after the capture is an error, not another training', async (t) => {
  class Late extends Callback {
    override afterLoss(): void {
      const { learn } = this;
      if (learn.inTrain && learn.epoch === 1) learn.loss = learn.loss.mul(2);
    }
  }
  await t.rejects(train({ cbs: [new Late()] }), { message: /changes `loss` in afterLoss.*train without graph/ });
  t.equal(StandIn.alive, 0);
});

t.test('the option is a boolean, and a fit without it has no summary', async (t) => {
  const { learn } = await train({ epochs: 1 });
  t.match(inspect(learn.graph), /GraphSummary\(3 batches as a graph, 4 eagerly\)/);
  await t.rejects(learn.fit(1, { graph: 'yes' as never }), { message: /`graph`/ });
  await learn.fit(1);
  t.equal(learn.graph, null);
});

t.test('on a CUDA device', { skip: !isCudaAvailable() && 'there is no CUDA device' }, async (t) => {
  const own: Training = { device: 'cuda', source: ({ graphSource }) => graphSource, optFunc: adamOpt };
  for (const precision of ['fp32', 'bf16', 'fp16'] as const) {
    const exact: Training = { ...own, precision, dropout: 0 };
    const [plain, graphed] = [await train({ ...exact, graph: false }), await train(exact)];
    t.match(graphed.learn.graph, { reason: null, captures: 1, replayed: 3 + 6 + 6 }, precision);
    t.ok(graphed.losses.every((loss, i) => Math.abs(loss - plain.losses[i]!) < 1e-2), `losses, ${precision}`); // prettier-ignore
  }
  const { losses, learn } = await train({ ...own, lr: 0, sizes: new Array<number>(12).fill(8) });
  t.equal(learn.graph?.reason, null);
  t.ok(new Set(losses.slice(12)).size > 12, 'a replay draws anew what is dropped');
});
