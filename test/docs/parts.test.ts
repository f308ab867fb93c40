/** The parts that README shows do what it says. */

import t from 'tap';

import { Residual, StopAt, brighten, signOpt } from '../../examples/readme/parts.js';
import { Generator, Image, Learner, manualSeed, nn, ones, randn, tensor, zeros, type Tensor } from 'tench';

t.test('brighten scales bytes, keeps the given image, and repeats itself for the same generator', (t) => {
  const image = new Image({ width: 2, height: 1, channels: 1, data: Uint8Array.of(100, 250) });
  const run = (seed: number): Image => brighten(image, { random: new Generator(seed), index: 0, epoch: 0 });
  const gain = new Generator(1).uniform(0.8, 1.25);
  t.same([...run(1).data], [Math.floor(100 * gain), Math.floor(Math.min(255, 250 * gain))]);
  t.same([...image.data], [100, 250]);
  t.same(run(1).data, run(1).data);
  t.end();
});

t.test('signOpt steps by the rate whatever the size of the gradient, after the decay', (t) => {
  const p = tensor([1, -2, 3], { requiresGrad: true });
  p.grad = tensor([0.001, -1000, 0]);
  signOpt([p], { lr: 0.5, wd: 0.1 }).step();
  t.same(p.toList(), [...Float32Array.of(0.95 - 0.5, -1.9 + 0.5, 2.85)]);
  t.end();
});

t.test('StopAt ends the fit as soon as the loss is low enough', async (t) => {
  manualSeed(0);
  const batches: [Tensor, Tensor][] = Array.from({ length: 50 }, () => [randn([8, 4]), zeros([8], { dtype: 'int64' })]);
  const trainDl = {
    length: batches.length,
    async *[Symbol.asyncIterator]() {
      yield* batches;
    },
  };
  const learn = new Learner(new nn.Linear(4, 2), { trainDl }, { lr: 1, cbs: [new StopAt(0.3)] });
  await learn.fit(100);
  t.ok(learn.epoch < 99, `stopped in epoch ${learn.epoch}`);
  t.ok(learn.loss.item() < 0.3);
});

t.test('Residual finds its own parameters and keeps the shape', (t) => {
  const layer = new Residual(3);
  t.same(
    layer.namedParameters().map(([name]) => name),
    ['conv.0.weight', 'conv.2.weight', 'conv.2.bias'],
  );
  t.same(layer.call(ones([2, 3, 8, 8])).shape, [2, 3, 8, 8]);
  t.end();
});
