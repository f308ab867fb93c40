/** ResNets and XResNets have torchvision's and fastai's states, and compute the same from them: outputs, and the gradients of input and weights. */

import { readFileSync } from 'node:fs';

import t, { type Test } from 'tap';

import type { Module } from '../../../lib/nn/index.js';
import { scope, tensor } from '../../../lib/tensor/index.js';
import { createModel } from '../../../lib/vision/index.js';
import { fill, noise, pictures, sample } from './formula.js';

interface Run {
  logits: number[];
  inputGrad: number[];
  gradNorms: number[];
  buffers: number[];
}

interface NetworkCase {
  name: string;
  options: Record<string, unknown>;
  cIn: number;
  state: [name: string, shape: number[]][];
  eval?: Run;
  train?: Run;
}

const file = new URL('../../../../test/goldens/models/networks.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as NetworkCase[];
const title = ({ name, options }: NetworkCase): string => `${name}(${JSON.stringify(options)})`;

/** Asserts that numbers are others, to a part of the largest. In double precision nothing but rounding tells two ways of computing apart. */
function close(t: Test, actual: readonly number[], expected: readonly number[], message: string): void {
  const size = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - (actual[i] ?? NaN)))) / size;
  t.ok(actual.length === expected.length && worst < 1e-7, `${message}: off by ${worst} of ${size}`);
}

for (const record of cases) {
  t.test(`names and shapes of ${title(record)}`, async (t) => {
    const model = createModel(record.name, { ...record.options, device: 'meta' });
    t.strictSame(
      [...model.stateDict()].map(([name, { shape }]) => [name, shape]),
      record.state,
    );
  });

  if (record.eval === undefined) continue;
  t.test(`what ${title(record)} computes`, async (t) => {
    scope(() => {
      const model = createModel(record.name, { ...record.options, dtype: 'float64' });
      fill(model);
      compare(t, model.eval(), record.cIn, record.eval!, 'in evaluation');
      model.zeroGrad();
      compare(t, model.train(), record.cIn, record.train!, 'in training');
    });
  });
}

function compare(t: Test, model: Module, cIn: number, expected: Run, when: string): void {
  const x = pictures(cIn).requiresGrad_();
  const logits = model.call(x);
  logits.backward(tensor(noise(logits.numel(), 2), { shape: logits.shape }));
  close(t, sample(logits), expected.logits, `logits ${when}`);
  close(t, sample(x.grad!), expected.inputGrad, `gradient of the input ${when}`);
  const norms = model.parameters().map(({ grad }) => grad!.norm().item());
  close(t, norms, expected.gradNorms, `norms of the gradients ${when}`);
  const weights = new Set(model.namedParameters().map(([name]) => name));
  const buffers = [...model.stateDict()].filter(([name]) => !weights.has(name));
  const sums = buffers.map(([, buffer]) => buffer.to('float64').sum().item());
  close(t, sums, expected.buffers, `sums of the statistics after it ${when}`);
}

t.test('all of the networks are among them', async (t) => {
  t.strictSame([...new Set(cases.map(({ name }) => name))].sort(), [
    'resnet18',
    'resnet34',
    'resnet50',
    'xresnet18',
    'xresnet34',
    'xresnet50',
  ]);
});
