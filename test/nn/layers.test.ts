/** Every layer gives PyTorch's outputs, gradients and running statistics, on the CPU; and runs on `meta`, where there are no values to peek at. */

import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { manualSeed, ones, zeros, type Tensor } from '../../lib/tensor/index.js';
import {
  decode,
  evenWeights,
  isFloat,
  near,
  readGoldens,
  toleranceOf,
  withoutShapes,
  type Recorded,
} from './golden.js';

interface LayerCase {
  layer: string;
  args: unknown[];
  mode: 'train' | 'eval';
  steps: number;
  state: Record<string, Recorded>;
  inputs: [Recorded, ...Recorded[]];
  output: Recorded;
  grads: Record<string, Recorded>;
  after: Record<string, Recorded>;
}

type AnyConstructor = new (...args: unknown[]) => nn.Module;

function build({ layer, args, mode }: Pick<LayerCase, 'layer' | 'args' | 'mode'>, device = 'cpu'): nn.Module {
  const Layer = (nn as unknown as Record<string, AnyConstructor | undefined>)[layer];
  if (Layer === undefined) throw new Error(`nn.${layer} does not exist`);
  const made = new Layer(...args).train(mode === 'train');
  return device === 'cpu' ? made : made.to(device);
}

const title = ({ layer, args, mode, steps, inputs: [{ dtype, shape }] }: LayerCase): string =>
  `${layer}(${args.map((arg) => JSON.stringify(arg)).join(', ')}) in ${mode}${steps > 1 ? `, step ${steps}` : ''} on ${dtype} [${shape.join(', ')}]`;

const cases = ['layers', 'rareLayers', 'oddInputs', 'visionLayers'].flatMap((file) => readGoldens<LayerCase>(file));

for (const record of cases) {
  t.test(title(record), async (t) => {
    const module = build(record);
    const [{ dtype }] = record.inputs;
    if (dtype === 'bfloat16') module.to(dtype);
    const tolerance = toleranceOf(dtype);
    module.loadStateDict(
      Object.fromEntries(Object.entries(record.state).map(([name, value]) => [name, decode(value)])),
    );
    t.strictSame(
      [...module.stateDict().keys()],
      Object.keys(record.state),
      "names and order of the state are PyTorch's",
    );

    const inputs = record.inputs.map((input) => (isFloat(input.dtype) ? decode(input).requiresGrad_() : decode(input)));
    const call = (): Tensor => module.call(...(inputs as [Tensor]));
    for (let step = 1; step < record.steps; step += 1) call();
    const output = call();
    near(t, output, record.output, 'output', tolerance);

    output.backward(evenWeights(output));
    const parameters = new Map(module.namedParameters());
    for (const [name, expected] of Object.entries(record.grads)) {
      const source = name.startsWith('input') ? inputs[Number(name.slice(5))] : parameters.get(name);
      near(t, source?.grad ?? null, expected, `gradient of ${name}`, tolerance);
    }
    const buffers = new Map(module.namedBuffers());
    for (const [name, expected] of Object.entries(record.after))
      near(t, buffers.get(name) ?? null, expected, `${name} afterwards`, tolerance);
  });
}

t.test('on the meta device', async (t) => {
  for (const record of cases) {
    // The mean over all batches so far needs the batch count as a number.
    if (JSON.stringify(record.args).includes('"momentum":null') || withoutShapes.has(record.layer.toLowerCase()))
      continue;
    const module = build(record, 'meta');
    if (record.inputs[0].dtype === 'bfloat16') module.to('bfloat16');
    const inputs = record.inputs.map(({ shape, dtype }) => {
      const input = zeros(shape, { dtype, device: 'meta' });
      return isFloat(dtype) ? input.requiresGrad_() : input;
    });
    const output = module.call(...(inputs as [Tensor]));
    t.strictSame([output.device, output.shape], ['meta', record.output.shape], title(record));
    output.sum().backward();
    const [first] = inputs;
    if (first?.requiresGrad === true) t.strictSame(first.grad?.shape, first.shape, 'gradient of the input');
    for (const [name, parameter] of module.namedParameters())
      t.strictSame(parameter.grad?.shape, parameter.shape, `gradient of ${name}`);
  }
});

t.test('channels_last gives the same, and stays channels_last', async (t) => {
  const pictures = cases.filter(
    ({ inputs: [{ shape, dtype }] }) => shape.length === 4 && dtype === 'float32' && !shape.includes(0),
  );
  t.ok(pictures.length > 60, `${pictures.length} layers`);
  for (const record of pictures) {
    if (record.steps > 1) continue;
    const module = build(record);
    module.loadStateDict(
      Object.fromEntries(Object.entries(record.state).map(([name, value]) => [name, decode(value)])),
    );
    module.to({ memoryFormat: 'channels_last' });
    const input = decode(record.inputs[0]).contiguous({ memoryFormat: 'channels_last' }).requiresGrad_();
    const output = module.call(input);
    near(t, output, record.output, title(record));
    output.backward(evenWeights(output));
    near(t, input.grad, record.grads.input0 ?? record.inputs[0], `${title(record)}: gradient`);
    const stays =
      /Conv|Pool|BatchNorm2d|ReLU|Hard|Mish|SiLU|Identity|Dropout|Attention/.test(record.layer) &&
      record.output.shape.length === 4 &&
      record.output.shape.slice(2).some((size) => size !== 1);
    if (stays) t.ok(output.isContiguous({ memoryFormat: 'channels_last' }), `${title(record)} stays channels_last`);
  }
});

t.test('dropout2d drops whole channels of its share, and keeps the mean', async (t) => {
  manualSeed(3);
  const y = new nn.Dropout2d({ p: 0.3 }).call(ones([100, 100, 2, 2]));
  const [least, most] = [y.amin([2, 3]), y.amax([2, 3])];
  t.ok(least.equal(most), 'the pixels of a channel share its fate');
  t.ok(Math.abs(y.max().item() - 1 / 0.7) < 1e-6, 'what is kept is scaled');
  const kept = most.gt(0).to('float32').mean().item();
  // Five standard deviations of a share of 0.7 among 10,000.
  t.ok(Math.abs(kept - 0.7) < 5 * Math.sqrt((0.7 * 0.3) / 10_000), `${kept} kept`);
});
