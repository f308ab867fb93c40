/** Statistics of outputs are those of the textbook, and follow the lesson's hook. */

import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { TenchError, manualSeed, randn, tensor } from '../../lib/tensor/index.js';

t.test('mean, standard deviation, share near zero and histogram', (t) => {
  manualSeed(0);
  const stats = new nn.OutputStats({ bins: 4, min: -2, max: 2, nearZero: 0.1 });
  stats.add(tensor([-3, -2, -1.5, -0.1, 0, 0.05, 0.5, 2]));
  stats.add(tensor([1, 3]));
  t.equal(stats.length, 2);
  const near = (found: number[], expected: number[]): unknown =>
    t.ok(found.every((value, i) => Math.abs(value - expected[i]!) < 1e-6) && found.length === 2, found.join());
  near(stats.means, [-4.05 / 8, 2]);
  const squares = 9 + 4 + 2.25 + 0.01 + 0 + 0.0025 + 0.25 + 4;
  near(stats.stds, [Math.sqrt((squares - 4.05 ** 2 / 8) / 7), Math.SQRT2]);
  near(stats.nearZeros, [3 / 8, 0]);
  t.strictSame(
    stats.histograms,
    [
      [2, 1, 3, 1],
      [0, 0, 0, 1],
    ],
    'what is outside is in no bin, and the last bin holds its end',
  );
  stats.add(tensor([4]));
  t.equal(stats.means.at(-1), 4, 'goes on after it has been read');
  t.ok(Number.isNaN(stats.stds.at(-1)));
  t.end();
});

t.test('16-bit outputs are summed in float32', (t) => {
  const stats = new nn.OutputStats();
  stats.add(randn([400, 400]).mul(200).to('float16'));
  t.ok(Math.abs(stats.stds[0]! - 200) < 2, 'the sum of squares is far beyond float16');
  t.throws(() => stats.add(tensor([1, 2], { dtype: 'int64' })), /OutputStats.add: output/);
  t.end();
});

t.test('appendStat, as the lesson uses it', (t) => {
  const model = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU());
  const x = randn([20, 3], { requiresGrad: true });
  using hook = new nn.Hook(model[1]!, nn.appendStat);
  t.throws(() => hook.mean, { constructor: TenchError, message: /no output of ReLU has been measured/ });
  const y = model.call(x);
  t.ok(Math.abs(hook.mean - y.mean().item()) < 1e-6 && Math.abs(hook.std - y.std().item()) < 1e-6);
  model.call(x.mul(2));
  t.equal(hook.stats!.length, 2);
  t.equal(hook.mean, hook.stats!.means[1]);
  t.equal(hook.stats!.histograms[0]!.length, 40);
  using other = new nn.Hook(model[1]!, nn.appendStatWith({ bins: 5, nearZero: 1e9 }));
  model.call(x);
  t.strictSame([other.stats!.histograms[0]!.length, other.stats!.nearZeros[0]], [5, 1]);
  t.throws(() => nn.appendStatWith({ bins: 0 }), /bins/);
  t.end();
});
