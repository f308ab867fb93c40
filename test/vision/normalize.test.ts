/** Normalising: against numbers worked out by hand, for bytes and floats. */

import t from 'tap';

import { rand, tensor, type Tensor } from '../../lib/tensor/index.js';
import { channelStats, imagenetteStats, normalizeChan, normalizer } from '../../lib/vision/normalize.js';

/** Two images of two channels, 1 x 2 pixels. */
const values = [
  [[[0, 255]], [[51, 102]]],
  [[[255, 255]], [[0, 204]]],
];

async function* loader(...batches: Tensor[]): AsyncGenerator<[Tensor]> {
  for (const xb of batches) yield [xb];
}

const close = (a: readonly number[], b: readonly number[], tolerance = 1e-6): boolean =>
  a.length === b.length && a.every((x, i) => Math.abs(x - (b[i] ?? NaN)) < tolerance);

t.test('bytes and floats give the same', (t) => {
  const bytes = tensor(values, { dtype: 'uint8' });
  const out = normalizeChan(bytes, [0.5, 0.2], [0.25, 0.1]);
  const expected = [-2, 2, 0, 2, 2, 2, -2, 6];
  t.equal(out.dtype, 'float32');
  t.strictSame(out.shape, [2, 2, 1, 2]);
  t.ok(close([...(out.toTypedArray() as Float32Array)], expected, 1e-5));
  const floats = normalizeChan(bytes.div(255), tensor([0.5, 0.2]), tensor([0.25, 0.1]));
  t.ok(close([...(floats.toTypedArray() as Float32Array)], expected, 1e-5));
  t.strictSame(bytes.toList(), values, 'the batch is left as it was');
  const one = normalizeChan(bytes.div(255), [0.5], [1]);
  t.ok(
    close([...(one.toTypedArray() as Float32Array)].slice(0, 4), [-0.5, 0.5, -0.3, -0.1]),
    'one number for all channels',
  );
  t.end();
});

t.test('a wrong number of constants is refused', (t) => {
  t.throws(
    () => normalizeChan(tensor(values), [1, 2, 3], [1, 2, 3]),
    /one number for each of the 2 channels.*`mean`.*3 numbers/,
  );
  t.throws(() => normalizeChan(tensor([1, 2]), [1], [1]), /images of shape/);
  t.end();
});

t.test('statistics of the batches, by hand', async (t) => {
  const { mean, std } = await channelStats(loader(tensor(values, { dtype: 'uint8' })));
  t.ok(close(mean, [0.75, 0.35]));
  // Channel 0: 0, 1, 1, 1. Channel 1: 0.2, 0.4, 0, 0.8.
  t.ok(close(std, [Math.sqrt(0.1875), Math.sqrt(0.21 - 0.35 ** 2)]));
  const limited = await channelStats(loader(tensor([[[[0]]]]), tensor([[[[1]]]])), { batches: 1 });
  t.strictSame(limited, { mean: [0], std: [0] });
  await t.rejects(channelStats(loader()), /no batches/);
});

t.test('what is normalised by its own statistics has mean 0 and deviation 1', async (t) => {
  const xb = rand([8, 3, 16, 16]);
  const normal = normalizer(await channelStats(loader(xb)))(xb);
  const after = await channelStats(loader(normal));
  t.ok(close(after.mean, [0, 0, 0], 1e-5));
  t.ok(close(after.std, [1, 1, 1], 1e-4));
  t.equal(imagenetteStats.mean.length, 3);
});
