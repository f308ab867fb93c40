/** What a model is made of, layer by layer: shapes, parameters, work and memory of one forward. */

import { inspect } from 'node:util';

import { Chart, type ChartPanel } from '../charts/index.js';
import { needCount } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { empty, isTensor, noGrad, zeros, type DType, type Device, type Tensor } from '../tensor/index.js';
import { native } from '../tensor/native.js';
import { handleOfArgument } from '../tensor/tensor.js';
import { encodings } from '../tensor/types.js';
import type { AnyModule } from './module.js';
import type { Parameter } from './parameter.js';
import { ownParameters } from './stateDict.js';
import { summaryHtml, summaryText } from './summaryTable.js';

/** One call of one layer. */
export interface SummaryRow {
  /** Path in the model; '' for the model itself. */
  readonly name: string;
  /** Class of the layer. */
  readonly kind: string;
  /** Shape of the first tensor that it returned; null where there was none, or the layer was not called. */
  readonly outputShape: readonly number[] | null;
  /** Numbers in the layer's own parameters, where they have not been counted before. */
  readonly parameters: number;
  /** How many of them are trained, i.e. require a gradient. */
  readonly trainable: number;
  /** Multiply-adds; two FLOPs each. */
  readonly multiplyAdds: number;
  /** Memory of its output, where it is not that of an earlier tensor. */
  readonly outputBytes: number;
}

/** What `model.summary` returns: print it, or read its fields. */
export class Summary {
  /** @internal */
  constructor(
    /** Class of the model. */
    readonly model: string,
    readonly inputShapes: readonly (readonly number[])[],
    /** In the order in which the layers have finished, then those with parameters that were not called. */
    readonly rows: readonly SummaryRow[],
    readonly inputBytes: number,
    /** Memory of parameters and buffers. */
    readonly modelBytes: number,
  ) {}

  get parameters(): number {
    return this.#total(({ parameters }) => parameters);
  }

  get trainable(): number {
    return this.#total(({ trainable }) => trainable);
  }

  /** Multiply-adds of the forward, for the whole batch. */
  get multiplyAdds(): number {
    return this.#total(({ multiplyAdds }) => multiplyAdds);
  }

  /** Memory of all outputs, which training has to keep for the most part. */
  get outputBytes(): number {
    return this.#total(({ outputBytes }) => outputBytes);
  }

  #total(of: (row: SummaryRow) => number): number {
    return this.rows.reduce((sum, row) => sum + of(row), 0);
  }

  /** The table in characters. */
  toString(): string {
    return summaryText(this);
  }

  /** The table as a piece of HTML, for a page that brings its own styles. */
  html(): string {
    return summaryHtml(this);
  }

  /** Parameters, work and memory of output over the layers, in the order of the table. */
  plot(): Chart {
    const over = (title: string, of: (row: SummaryRow) => number): ChartPanel => ({
      title,
      x: { label: 'layer' },
      series: [{ kind: 'scatter', name: title, x: this.rows.map((_, i) => i + 1), y: this.rows.map(of) }],
    });
    return new Chart({
      title: this.model,
      description: this.rows.map(({ name, kind }, i) => `${i + 1}: ${name || '-'} (${kind})`).join(', '),
      panels: [
        over('parameters', ({ parameters }) => parameters),
        over('MFLOPs', ({ multiplyAdds }) => (2 * multiplyAdds) / 1e6),
        over('output MB', ({ outputBytes }) => outputBytes / 1e6),
      ],
      columns: 1,
    });
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** See `Module.summary`. */
export function summarize(model: AnyModule, input: readonly number[] | Tensor | readonly Tensor[]): Summary {
  const state = [...model.parameters(), ...model.buffers()];
  const make = needInput(input, model.parameters()[0]);
  const modelBytes = bytesOf(state, new Set());
  return (
    onMeta(state, () => watch(model, make('meta'), modelBytes)) ??
    watch(model, make(state[0]?.device ?? null), modelBytes)
  );
}

/** Checks what was given as an input. @returns how to make the model's arguments on a device (null: where they are) */
function needInput(input: unknown, like: Parameter | undefined): (device: Device | null) => Tensor[] {
  const given: unknown = isTensor(input) ? [input] : input;
  if (!Array.isArray(given) || given.length === 0)
    throw invalid('summary: input', 'a shape, a batch, or an array of batches', input);
  if (given.every(isTensor))
    return (device) => given.map((tensor) => (device === null ? tensor : tensor.detach().to(device)));
  for (const size of given as number[]) needCount('summary: input', size);
  const shape = [...(given as number[])];
  const dtype: DType = like?.isFloatingPoint() === true ? like.dtype : 'float32';
  return (device) => [
    device === 'meta' ? empty(shape, { device, dtype }) : zeros(shape, { device: device ?? 'cpu', dtype }),
  ];
}

/** Runs `body` while the model has no values, and gives them back. @returns null where the model cannot do without */
function onMeta<T>(state: readonly Tensor[], body: () => T): T | null {
  return noGrad(() => {
    const values = state.map((tensor) => tensor.detach());
    try {
      for (const tensor of state) tensor.setData(tensor.detach().to('meta'));
      return body();
    } catch {
      // A value that is read, or a tensor that is no buffer: whatever else it may be will show where there are values.
      return null;
    } finally {
      state.forEach((tensor, i) => tensor.setData(values[i]!));
    }
  });
}

/** Runs the model in evaluation and writes down what each layer returns. */
function watch(model: AnyModule, args: readonly Tensor[], modelBytes: number): Summary {
  const named = model.namedModules();
  const rows: SummaryRow[] = [];
  const counted = new Set<Parameter>();
  const called = new Set<AnyModule>();
  // Held until the end, since storages are told apart by numbers that are given anew when one is gone.
  const storages = new Set<number>();
  const held: unknown[] = [args];
  const inputBytes = bytesOf(args, storages);
  const rowOf = (name: string, module: AnyModule, output: unknown, multiplyAdds: number): SummaryRow => {
    const own = [...ownParameters(module)].map(([, parameter]) => parameter).filter((one) => !counted.has(one));
    for (const parameter of own) counted.add(parameter);
    const tensors = (Array.isArray(output) ? (output as unknown[]) : [output]).filter(isTensor);
    held.push(tensors);
    return {
      name,
      kind: module.constructor.name,
      outputShape: tensors[0]?.shape ?? null,
      parameters: sizeOf(own),
      trainable: sizeOf(own.filter(({ requiresGrad }) => requiresGrad)),
      multiplyAdds,
      outputBytes: bytesOf(tensors, storages),
    };
  };
  const handles = named.map(([name, module]) =>
    module.registerForwardHook<readonly unknown[], unknown>((_module, given, output) => {
      called.add(module);
      const multiplyAdds = module.multiplyAdds(given, output);
      const isRow = module.children().length === 0 || multiplyAdds > 0 || [...ownParameters(module)].length > 0;
      if (isRow) rows.push(rowOf(name, module, output, multiplyAdds));
    }),
  );
  const training = named.map(([, module]) => module).filter((module) => module.training);
  try {
    model.eval();
    noGrad(() => model.call(...(args as never)));
  } finally {
    for (const handle of handles) handle.remove();
    for (const module of training) module.training = true;
  }
  for (const [name, module] of named)
    if (!called.has(module) && [...ownParameters(module)].length > 0) rows.push(rowOf(name, module, null, 0));
  const inputShapes = args.map(({ shape }) => shape);
  return new Summary(model.constructor.name, inputShapes, rows, inputBytes, modelBytes);
}

const sizeOf = (tensors: readonly Tensor[]): number => tensors.reduce((sum, tensor) => sum + tensor.numel(), 0);

/** Bytes of the tensors whose storage has not been seen before. */
function bytesOf(tensors: readonly Tensor[], seen: Set<number>): number {
  let total = 0;
  for (const tensor of tensors) {
    const storage = native.storage(handleOfArgument('summary: output', tensor), tensor);
    if (storage === null || seen.has(storage[0])) continue;
    seen.add(storage[0]);
    const { array, lanes } = encodings[tensor.dtype];
    total += tensor.numel() * new array(new ArrayBuffer(0)).BYTES_PER_ELEMENT * lanes;
  }
  return total;
}
