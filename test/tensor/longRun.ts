/**
 * A long training in which something throws every few steps, and what it holds of memory early and late: run by leaks.test.ts in a
 * process of its own, `node --expose-gc dist/test/tensor/longRun.js STEPS`, and prints one line of JSON.
 */

import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';

import { collectGarbage } from '../collect.js';
import * as nn from '../../lib/nn/index.js';
import { sgdMomOpt } from '../../lib/optim/index.js';
import {
  AutogradFunction,
  backwardAsync,
  emptyCache,
  grad,
  manualSeed,
  memory,
  ones,
  randn,
  scope,
  type Tensor,
} from '../../lib/tensor/index.js';

/** What is in use, after everything that can go has gone. */
export interface Held {
  tensors: number;
  bytes: number;
  heapBytes: number;
  /** Memory of the process's own, wherever the system keeps it. Pages of the libraries come and go as others need memory. */
  ownBytes: number;
}

/** What {@link longRun} prints. */
export interface LongRun {
  steps: number;
  /** How many exceptions were caught, by where they were thrown. */
  caught: Record<string, number>;
  early: Held;
  late: Held;
}

const earlyStep = 1000;
const thrown = new Error('thrown on purpose');

function ownBytes(): number {
  const kibibytes = readFileSync('/proc/self/status', 'utf8').matchAll(/^(?:RssAnon|VmSwap):\s+(\d+) kB$/gm);
  return [...kibibytes].reduce((sum, [, count]) => sum + 1024 * Number(count), 0);
}

async function held(): Promise<Held> {
  optimizer.zeroGrad();
  for (let i = 0; i < 3; i += 1) {
    collectGarbage();
    await setImmediate();
  }
  emptyCache();
  const { tensors, bytes } = memory();
  return { tensors, bytes, heapBytes: process.memoryUsage().heapUsed, ownBytes: ownBytes() };
}

manualSeed(1);
const model = new nn.Sequential(new nn.Linear(20, 16), new nn.ReLU(), new nn.Linear(16, 4));
const optimizer = sgdMomOpt(model.parameters(), { lr: 0.01, mom: 0.9 });
const batch = { xb: randn([8, 20]), yb: randn([8, 4]) };

function lossOf(xb: Tensor, yb: Tensor): Tensor {
  return model.call(xb).sub(yb).pow(2).mean();
}

/** Keeps what it was given, and then fails: at once, or when its gradient is asked for. */
class Failing extends AutogradFunction<{ x: Tensor }> {
  forward(x: Tensor, failing: 'forward' | 'backward'): Tensor {
    this.saveForBackward({ x });
    if (failing === 'forward') throw thrown;
    return x.mul(2);
  }
  backward(): [Tensor, null] {
    if (this.saved.x.numel() > 0) throw thrown;
    return [this.saved.x, null];
  }
}

/** Ways to fail in the middle of a step. */
const failures: Record<string, (xb: Tensor, yb: Tensor) => unknown> = {
  operator: (xb, yb) => lossOf(xb, yb).add(xb.matmul(yb)),
  argument: (xb, yb) => lossOf(xb, yb).sum('no axis' as never),
  scope: (xb, yb) =>
    scope(() => {
      lossOf(xb, yb).backward();
      throw thrown;
    }),
  moduleHook: (xb, yb) => {
    const hook = model.registerForwardHook(() => {
      throw thrown;
    });
    try {
      return lossOf(xb, yb);
    } finally {
      hook.remove();
    }
  },
  tensorHook: (xb, yb) => {
    const hidden = model.call(xb);
    hidden.registerHook(() => {
      throw thrown;
    });
    hidden.sub(yb).pow(2).mean().backward();
  },
  nestedBackward: (xb, yb) => {
    const hidden = model.call(xb);
    hidden.registerHook((gradient) => {
      grad(gradient.detach().requiresGrad_().pow(2).sum(), [ones([1], { requiresGrad: true })]);
    });
    hidden.sub(yb).pow(2).mean().backward();
  },
  backwardTwice: (xb, yb) => {
    const loss = lossOf(xb, yb);
    loss.backward();
    loss.backward();
  },
  customForward: (xb, yb) => Failing.apply(model.call(xb), 'forward').sub(yb),
  customBackward: (xb, yb) => {
    Failing.apply(model.call(xb), 'backward').sub(yb).mean().backward();
  },
  asynchronous: async (xb, yb) => {
    const hidden = model.call(xb);
    hidden.registerHook(() => {
      throw thrown;
    });
    await backwardAsync(hidden.sub(yb).pow(2).mean());
  },
};

function step(xb: Tensor, yb: Tensor): void {
  optimizer.zeroGrad();
  lossOf(xb, yb).backward();
  optimizer.step();
}

async function longRun(steps: number): Promise<LongRun> {
  const names = Object.keys(failures);
  const caught: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  let early: Held | undefined;
  for (let done = 0; done < steps; done += 1) {
    if (done === earlyStep) early = await held();
    step(batch.xb, batch.yb);
    const name = names[Math.floor(done / 5) % names.length]!;
    if (done % 5 > 0) continue;
    try {
      const result: unknown = failures[name]!(batch.xb, batch.yb);
      if (result instanceof Promise) await result;
    } catch {
      caught[name]! += 1;
    }
  }
  if (early === undefined) throw new Error(`expected more than ${earlyStep} steps`);
  return { steps, caught, early, late: await held() };
}

process.stdout.write(`${JSON.stringify(await longRun(Number(process.argv[2])))}\n`);
