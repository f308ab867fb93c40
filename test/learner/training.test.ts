/**
 * Training is PyTorch's training: a hundred steps of the lesson's CNN from equal weights and equal batches lose what the same loop loses there.
 *
 * Losses are made by scripts/goldens/training.py, which says by which formula weights and batches are drawn.
 */

import { readFileSync } from 'node:fs';
import t from 'tap';

import {
  Callback,
  Learner,
  ParamScheduler,
  type BatchLoader,
  type LearnerOptions,
  type PrecisionName,
} from '../../lib/learner/index.js';
import { convLayer } from '../../lib/nn/index.js';
import { adamOpt, combineScheds, cos1cycleAnneal, lambOpt, sgdOpt } from '../../lib/optim/index.js';
import { noGrad, setNumThreads, tensor, type Tensor } from '../../lib/tensor/index.js';
import { getCnnModel } from '../../lib/vision/models/index.js';

const [STEPS, BATCH, SIZE, CLASSES] = [100, 16, 32, 4];
const ACTIVATION = { leak: 0.1, sub: 0.4, maxv: 6 };

interface Golden {
  readonly runs: Readonly<Record<string, { readonly float32: number[]; readonly bf16: number[] }>>;
}

const golden = JSON.parse(
  readFileSync(new URL('../../../test/goldens/learner/training.json', import.meta.url), 'utf8'),
) as Golden;

/** Numbers from 0 to 1 by their places; the script's `spread`. */
function spread(count: number, salt: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    // The upper bits of the place are 0, so the lower 32 of the product are all that counts.
    const hashed = Math.imul(i + salt * 1_000_003, 2654435761) >>> 0;
    const folded = Math.imul(hashed ^ (hashed >>> 15), 2246822519) >>> 0;
    return ((folded ^ (folded >>> 13)) >>> 0) / 2 ** 32;
  });
}

function batch(step: number): readonly [Tensor, Tensor] {
  const labels = Array.from({ length: BATCH }, (_, i) => (i + step) % CLASSES);
  const pixels = Float32Array.from(spread(BATCH * 3 * SIZE * SIZE, 1 + step), (noise, at) => {
    const label = labels[Math.floor(at / (3 * SIZE * SIZE))]!;
    return noise + 0.25 * (Math.floor((at % SIZE) / (label + 2)) % 2) - 0.625;
  });
  return [tensor(pixels, { shape: [BATCH, 3, SIZE, SIZE] }), tensor(labels, { dtype: 'int64' })];
}

const trainDl: BatchLoader = {
  length: STEPS,
  async *[Symbol.asyncIterator]() {
    for (let step = 0; step < STEPS; step++) yield batch(step);
  },
};

const runs: Readonly<Record<string, Pick<LearnerOptions, 'optFunc' | 'lr' | 'cbs'>>> = {
  sgd: {
    optFunc: sgdOpt,
    cbs: [new ParamScheduler('lr', combineScheds([0.3, 0.7], cos1cycleAnneal(0.1, 0.3, 0.05)))],
  },
  adamW: { optFunc: (params, { lr }) => adamOpt(params, { lr, wd: 0.1 }), lr: 0.002 },
  lamb: { optFunc: (params, { lr }) => lambOpt(params, { lr, wd: 0.1 }), lr: 0.003 },
};

async function losses(name: string, precision: PrecisionName, fused: boolean): Promise<number[]> {
  const model = getCnnModel({ cIn: 3, cOut: CLASSES }, [16, 32], convLayer, { ...ACTIVATION, fused });
  noGrad(() => {
    model.parameters().forEach((p, place) => {
      if (p.shape.length > 1) {
        const bound = Math.sqrt(3 / (p.numel() / p.shape[0]!));
        const values = Float32Array.from(spread(p.numel(), 1000 + place), (share) => (2 * share - 1) * bound);
        p.copy_(tensor(values, { shape: p.shape }));
      }
    });
    model.parameters().at(-1)!.zero_();
  });
  const seen: Tensor[] = [];
  const learn = new Learner(model, { trainDl }, { ...runs[name], precision });
  learn.logger = () => undefined;
  class Losses extends Callback {
    override afterLoss(): void {
      seen.push(this.learn.loss.detach());
    }
  }
  await learn.fit(1, { cbs: [new Losses()] });
  return seen.map((loss) => loss.item());
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

// With more threads sums have another order.
t.before(() => setNumThreads(1));

for (const name of Object.keys(runs)) {
  t.test(name, async (t) => {
    const { float32: wanted, bf16 } = golden.runs[name]!;
    const largest = (found: readonly number[]): number =>
      Math.max(...found.map((loss, step) => Math.abs(loss - wanted[step]!)));
    const end = mean(wanted.slice(-20));
    const within = (found: readonly number[], of: number, share: number): boolean =>
      found.length === STEPS && Math.abs(mean(found.slice(-20)) - of) <= share * of;

    const composed = await losses(name, 'fp32', false);
    t.ok(largest(composed) <= 1e-4, `composed: ${largest(composed)} apart`);
    t.ok(within(composed, end, 0.01), `composed: ${mean(composed.slice(-20))} at the end, PyTorch ${end}`);
    const fused = await losses(name, 'fp32', true);
    t.ok(largest(fused.slice(0, 20)) <= 1e-3, `fused: ${largest(fused.slice(0, 20))} apart`);
    t.ok(within(fused, end, 0.02), `fused: ${mean(fused.slice(-20))} at the end, PyTorch ${end}`);
    const half = await losses(name, 'bf16', false);
    const halfEnd = mean(bf16.slice(-20));
    t.ok(within(half, halfEnd, 0.05), `bf16: ${mean(half.slice(-20))} at the end, PyTorch ${halfEnd}`);
  });
}
