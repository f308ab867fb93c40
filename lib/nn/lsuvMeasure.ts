/** How far what a layer puts out is spread, over several batches and without leaving a trace in the model. */

import { TenchError } from '../tensor/errors.js';
import { noGrad, stack, type Tensor } from '../tensor/index.js';
import { Hook } from './hooks.js';
import type { Module, AnyModule } from './module.js';
import { needReal } from './outputStats.js';
import { Dropout } from './plain.js';

/** Mean and standard deviation of an output. */
export interface Spread {
  readonly mean: number;
  readonly std: number;
}

/** Runs the batches through the model and measures all that `layer` (called `who` in errors) puts out. */
export function measureOutput(
  layer: AnyModule,
  who: string,
  batches: readonly Tensor[],
  model: Module<[Tensor], unknown>,
): Spread {
  const counts: number[] = [];
  const moments: Tensor[] = [];
  withoutTrace(model, () => {
    using _hook = new Hook(layer, (_hook, _module, _args, output) => {
      const x = needReal(`LSUV: the output of ${who}`, output);
      counts.push(x.numel());
      moments.push(stack(x.varMean(null, { correction: 0 })).to('float64'));
    });
    for (const xb of batches) model.call(xb);
  });
  if (moments.length === 0) throw new TenchError(`LSUV: ${who} is not called in a forward of the model`);
  return together(counts, stack(moments).toList() as [number, number][]);
}

/** Mean and standard deviation of all values from those of parts of them. */
function together(counts: readonly number[], parts: readonly (readonly [variance: number, mean: number])[]): Spread {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const sumOf = (term: (variance: number, mean: number) => number): number =>
    parts.reduce((sum, [variance, mean], i) => sum + counts[i]! * term(variance, mean), 0);
  const mean = sumOf((_, part) => part) / total;
  const squares = sumOf((variance, part) => variance + (part - mean) ** 2);
  return { mean, std: Math.sqrt(squares / (total - 1)) };
}

/** Runs `body` as training would, but without chance and without recording, and puts modes and buffers back. */
function withoutTrace(model: Module<[Tensor], unknown>, body: () => void): void {
  const modules = model.modules();
  const modes = modules.map((module) => module.training);
  noGrad(() => {
    const kept = model.buffers().map((buffer) => [buffer, buffer.clone()] as const);
    try {
      for (const module of modules) module.training = !(module instanceof Dropout);
      body();
    } finally {
      modules.forEach((module, i) => (module.training = modes[i]!));
      for (const [buffer, before] of kept) buffer.copy_(before);
    }
  });
}
