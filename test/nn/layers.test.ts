/** Every layer gives PyTorch's outputs, gradients and running statistics, on the CPU; and runs on `meta`, where there are no values to peek at. */

import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { zeros, type Tensor } from '../../lib/tensor/index.js';
import { decode, evenWeights, near, readGoldens, type Recorded } from './golden.js';

interface LayerCase {
  layer: string;
  args: unknown[];
  mode: 'train' | 'eval';
  steps: number;
  state: Record<string, Recorded>;
  inputs: Recorded[];
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

const title = ({ layer, args, mode, steps }: LayerCase): string =>
  `${layer}(${args.map((arg) => JSON.stringify(arg)).join(', ')}) in ${mode}${steps > 1 ? `, step ${steps}` : ''}`;

const cases = readGoldens<LayerCase>('layers');

for (const record of cases) {
  t.test(title(record), async (t) => {
    const module = build(record);
    module.loadStateDict(
      Object.fromEntries(Object.entries(record.state).map(([name, value]) => [name, decode(value)])),
    );
    t.strictSame(
      [...module.stateDict().keys()],
      Object.keys(record.state),
      "names and order of the state are PyTorch's",
    );

    const inputs = record.inputs.map((input) =>
      input.dtype === 'float32' ? decode(input).requiresGrad_() : decode(input),
    );
    const call = (): Tensor => module.call(...(inputs as [Tensor]));
    for (let step = 1; step < record.steps; step += 1) call();
    const output = call();
    near(t, output, record.output, 'output');

    output.backward(evenWeights(output));
    const parameters = new Map(module.namedParameters());
    for (const [name, expected] of Object.entries(record.grads)) {
      const source = name.startsWith('input') ? inputs[Number(name.slice(5))] : parameters.get(name);
      near(t, source?.grad ?? null, expected, `gradient of ${name}`);
    }
    const buffers = new Map(module.namedBuffers());
    for (const [name, expected] of Object.entries(record.after))
      near(t, buffers.get(name) ?? null, expected, `${name} afterwards`);
  });
}

t.test('on the meta device', async (t) => {
  for (const record of cases) {
    // The mean over all batches so far needs the batch count as a number.
    if (JSON.stringify(record.args).includes('"momentum":null')) continue;
    const module = build(record, 'meta');
    const inputs = record.inputs.map(({ shape, dtype }) => {
      const input = zeros(shape, { dtype, device: 'meta' });
      return dtype === 'float32' ? input.requiresGrad_() : input;
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

t.test('channels_last stays channels_last', async (t) => {
  const pictures = cases.filter(
    ({ layer, inputs, output }) =>
      /Conv|Pool|BatchNorm2d|ReLU|Identity|Dropout/.test(layer) &&
      inputs[0]?.shape.length === 4 &&
      output.shape.length === 4,
  );
  t.ok(pictures.length > 20, `${pictures.length} layers`);
  for (const record of pictures) {
    const [recorded] = record.inputs;
    if (recorded === undefined || (record.output.shape[2] === 1 && record.output.shape[3] === 1)) continue;
    const module = build(record).to({ memoryFormat: 'channels_last' });
    const input = decode(recorded).contiguous({ memoryFormat: 'channels_last' });
    t.ok(module.call(input).isContiguous({ memoryFormat: 'channels_last' }), title(record));
  }
});
