/** The small network of the golden files: its data, and a run of it under any optimizer. */

import { readFileSync } from 'node:fs';

import type { Optimizer } from '../../lib/optim/index.js';
import { tensor, type Tensor } from '../../lib/tensor/index.js';

interface Run {
  losses: number[];
  after: Record<string, number[][]>;
}

interface GoldenRun extends Run {
  /** The evaluation weights after the same steps. */
  eval?: Record<string, number[][]>;
}

interface Golden {
  steps: number;
  lrFactors: number[];
  wdFactors: number[];
  x: number[][];
  y: number[][];
  weights: (number[] | number[][])[];
  cases: Record<string, { lr: number; wd: number; float32?: GoldenRun; float64: GoldenRun }>;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../test/goldens/optim/${name}.json`, import.meta.url), 'utf8'));

const network = read('network') as Golden;
const family = read('family') as Pick<Golden, 'cases'>;
/** fastai's runs, from other first weights. */
export const fastai = read('fastai') as Pick<Golden, 'cases' | 'weights'>;

export const golden: Golden = { ...network, cases: { ...network.cases, ...family.cases } };

export type Float = 'float32' | 'float64';

/** The first weights: w1 [5, 4], b1 [5], w2 [3, 5], b2 [3]. */
export function makeWeights(dtype: Float, { weights }: Pick<Golden, 'weights'> = golden): Tensor[] {
  return weights.map((values) => tensor(values, { dtype, requiresGrad: true }));
}

/** The mean squared error of the network with these weights. */
export function lossOf([w1, b1, w2, b2]: readonly Tensor[], dtype: Float): Tensor {
  const hidden = tensor(golden.x, { dtype }).matmul(w1!.transpose(0, 1)).add(b1!).tanh();
  const out = hidden.matmul(w2!.transpose(0, 1)).add(b2!);
  return out.sub(tensor(golden.y, { dtype })).pow(2).mean();
}

/** Values of all elements, one weight after the other. */
export function flat(weights: readonly Tensor[]): number[] {
  return weights.flatMap((weight) => [...(weight.detach().toTypedArray() as Float64Array)]);
}

/** Trains as the golden run of this name did: two groups, rates that change at every step. */
export function trainAs(
  name: string,
  dtype: Float,
  make: (groups: Tensor[][], hypers: { lr: number; wd: number }) => Optimizer,
  observe: (step: number, weights: readonly Tensor[], opt: Optimizer) => void = () => undefined,
  runs: Pick<Golden, 'cases' | 'weights'> = golden,
): Run & { opt: Optimizer } {
  const { lr, wd } = runs.cases[name] as { lr: number; wd: number };
  const weights = makeWeights(dtype, runs);
  const opt = make([weights.slice(0, 2), weights.slice(2)], { lr, wd });
  const run: Run = { losses: [], after: {} };
  opt.hypers.forEach((hypers, group) => {
    if ('wd' in hypers) hypers.wd = wd * golden.wdFactors[group]!;
  });
  for (let step = 0; step < golden.steps; step += 1) {
    opt.hypers.forEach((hypers, group) => {
      hypers.lr = lr * (1 - step / (2 * golden.steps)) * golden.lrFactors[group]!;
    });
    const loss = lossOf(weights, dtype);
    opt.zeroGrad();
    loss.backward();
    opt.step();
    run.losses.push(loss.item());
    observe(step + 1, weights, opt);
    if ([1, 5, golden.steps].includes(step + 1)) run.after[step + 1] = weights.map((weight) => flat([weight]));
  }
  return { ...run, opt };
}

/** The largest difference, relative to the largest magnitude. */
export function difference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Infinity;
  const largest = Math.max(...b.map(Math.abs), 1e-30);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / largest;
}
