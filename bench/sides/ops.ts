/** tench's side of the benchmark of operators; sides/ops.py is the peer's, work for work. */

import {
  F,
  Parameter,
  libtorchVersion,
  linear,
  nn,
  noGrad,
  ones,
  scope,
  sgdOpt,
  setNumThreads,
  tensor,
  type Tensor,
} from '../../lib/index.js';
import type { Work } from '../harness/work.js';

/** Numbers from -0.5 to 0.5 without a pattern that matters, the same in both languages. */
function numbers(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => ((i * 7919 + seed * 104729) % 2003) / 2003 - 0.5);
}

function filled(shape: readonly number[], seed: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(numbers(count, seed), { dtype: 'float32', shape });
}

function list(x: Tensor): number[] {
  return (x.reshape([-1]).toList() as number[]).slice(0, 100);
}

function add(): Work {
  const [a, b] = [filled([4], 1), filled([4], 2)];
  return {
    run: (iterations) =>
      noGrad(() => {
        for (let i = 0; i < iterations; i += 1) a.add(b);
      }),
    values: () => list(a.add(b)),
  };
}

function addRecording(): Work {
  const [a, b] = [filled([4], 1), filled([4], 2)];
  return {
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) a.add(b);
    },
    values: () => list(a.add(b)),
  };
}

const callsPerScope = 100;

function addScoped(): Work {
  const [a, b] = [filled([4], 1), filled([4], 2)];
  const batch = (): void => {
    for (let i = 0; i < callsPerScope; i += 1) a.add(b);
  };
  return {
    run: (iterations) =>
      noGrad(() => {
        for (let i = 0; i < iterations; i += callsPerScope) scope(batch);
      }),
    values: () => list(scope(() => a.add(b))),
  };
}

const lr = 0.01;

/** A batch of 64 digits, and the weights that both sides begin with. */
function digits() {
  return {
    x: filled([64, 784], 1),
    y: tensor(
      BigInt64Array.from({ length: 64 }, (_, i) => BigInt(i % 10)),
      { shape: [64] },
    ),
    weights: [filled([50, 784], 2), filled([50], 3), filled([10, 50], 4), filled([10], 5)].map((weight) =>
      weight.mul(0.1),
    ),
  };
}

/** A work that repeats a training step, and whose values are the losses of the first. */
function training(step: () => Tensor): Work {
  return {
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) step();
    },
    values: () => Array.from({ length: 20 }, () => step().item()),
  };
}

function mlp(): () => Tensor {
  const { x, y, weights } = digits();
  const model = new nn.Sequential(new nn.Linear(784, 50), new nn.ReLU(), new nn.Linear(50, 10));
  noGrad(() => model.parameters().forEach((parameter, i) => parameter.copy_(weights[i]!)));
  const opt = sgdOpt(model.parameters(), { lr });
  return () => {
    const loss = F.crossEntropy(model.call(x), y);
    loss.backward();
    opt.step();
    opt.zeroGrad();
    return loss;
  };
}

function mlpStep(): Work {
  return training(mlp());
}

function mlpStepScoped(): Work {
  const step = mlp();
  return training(() => scope(step));
}

function mlpStepBare(): Work {
  const { x, y, weights } = digits();
  const parameters = weights.map((weight) => new Parameter(weight));
  const [w1, b1, w2, b2] = parameters as [Parameter, Parameter, Parameter, Parameter];
  return training(() => {
    const loss = F.crossEntropy(linear(linear(x, w1, b1).relu(), w2, b2), y);
    loss.backward();
    noGrad(() => {
      for (const parameter of parameters) {
        parameter.add_(parameter.grad!, { alpha: -lr });
        parameter.grad = null;
      }
    });
    return loss;
  });
}

/** A chain of 50 operators and its backward. */
function chain() {
  const x = filled([4], 1).requiresGrad_();
  const [a, b, c] = [filled([4], 2), filled([4], 3), filled([4], 4)];
  const gradient = ones([4]);
  const step = (): void => {
    let y: Tensor = x;
    for (let i = 0; i < 10; i += 1) y = y.mul(a).add(b).tanh().sub(c).sigmoid();
    y.backward(gradient);
  };
  return { x, step };
}

function backwardSmall(): Work {
  const { x, step } = chain();
  return {
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) {
        step();
        x.grad = null;
      }
    },
    values: () => {
      step();
      return list(x.grad!);
    },
  };
}

function backwardSmallScoped(): Work {
  const { x, step } = chain();
  return {
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) {
        scope(step);
        x.grad = null;
      }
    },
    values: () => {
      scope(step);
      return list(x.grad!);
    },
  };
}

function addLarge(): Work {
  const [a, b] = [filled([16_384], 1).repeat([1024]), filled([16_384], 2).repeat([1024])];
  return {
    run: (iterations) =>
      noGrad(() => {
        for (let i = 0; i < iterations; i += 1) a.add(b);
      }),
    values: () => list(a.add(b)),
  };
}

function shape(): Work {
  const x = filled([2, 3, 4], 1);
  // Kept outside of the loop, so that no compiler can leave the reading out.
  let last = x.shape;
  return {
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) last = x.shape;
    },
    values: () => last,
  };
}

export const works = {
  add,
  addRecording,
  addScoped,
  mlpStep,
  mlpStepScoped,
  mlpStepBare,
  backwardSmall,
  backwardSmallScoped,
  addLarge,
  shape,
};
export const libtorch = libtorchVersion;
export const setThreads = setNumThreads;
