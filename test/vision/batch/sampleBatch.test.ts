/** The native sampler against `gridSample` on the same maps, in every mode; and what it may not be given. */

import t from 'tap';

import * as F from '../../../lib/nn/functional.js';
import {
  OperatorError,
  callOperator,
  manualSeed,
  rand,
  randint,
  randn,
  tensor,
  type Tensor,
} from '../../../lib/tensor/index.js';
import { sampleBatch, type SampleOptions } from '../../../lib/vision/batch/sampleBatch.js';

const modes = ['bilinear', 'nearest', 'bicubic'] as const;
const paddings = ['zeros', 'border', 'reflection'] as const;

/** Maps that turn, slant, move and tilt, some of them far out of the picture. */
function drawMaps(batch: number, { tilt }: { tilt: number }): Tensor {
  const maps = randn([batch, 3, 3], { dtype: 'float64' }).mul_(0.7);
  maps.select(1, 2).mul_(tilt);
  maps.select(1, 2).select(1, 2).fill_(1);
  return maps;
}

/** What the recorded way gives: float64 pictures and a grid. */
function alongGrid(x: Tensor, maps: Tensor, options: SampleOptions): Tensor {
  const exact = (x.dtype === 'uint8' ? x.to('float64').div(255) : x.to('float64')).contiguous();
  return sampleBatch(exact, maps, options);
}

const worst = (a: Tensor, b: Tensor): number => a.to('float64').sub(b).abs().amax().item();

t.test('it gives what gridSample gives on the grid', (t) => {
  manualSeed(1);
  for (const [channels, height, width] of [
    [3, 17, 31],
    [1, 9, 4],
    [6, 5, 8],
    [2, 1, 7],
    [3, 1, 1],
  ] as const)
    // prettier-ignore
    for (const mode of modes)
      for (const paddingMode of paddings)
        for (const alignCorners of [false, true])
          for (const tilt of [0, 0.15]) {
            // Linear in each direction, so that places that differ in their last bits give values that do.
            const x = rand([4, channels, height, width]);
            const maps = drawMaps(4, { tilt });
            const options = { size: [13, 300], mode, paddingMode, alignCorners } as const;
            const made = sampleBatch(x, maps, options);
            const expected = alongGrid(x, maps, options);
            const difference = made.to('float64').sub(expected).abs();
            // A nearest pixel may be another one at a tie, and a tilted map has no end.
            const share = difference.gt(2e-4).to('float64').mean().item();
            const name = `${[channels, height, width].join()} ${mode} ${paddingMode} ${alignCorners} ${tilt}`;
            if (!(share <= (mode === 'nearest' || tilt > 0 ? 0.002 : 0))) t.fail(`${name}: ${share}`);
          }
  t.pass('all modes');
  t.end();
});

t.test('to a few 1e-5 for maps that stay near the picture', (t) => {
  manualSeed(2);
  const x = rand([8, 3, 128, 128]);
  const angle = 0.17;
  const maps = tensor([[[Math.cos(angle), -Math.sin(angle), 0.05], [Math.sin(angle), Math.cos(angle), -0.02], [0.05, -0.03, 1]]], { dtype: 'float64' }).expand([8, 3, 3]); // prettier-ignore
  for (const paddingMode of paddings) {
    const options = { size: [128, 128], mode: 'bilinear', paddingMode, alignCorners: false } as const;
    const off = worst(sampleBatch(x, maps, options), alongGrid(x, maps, options));
    // Places within 128 pixels are known to 2 ** -17, and compilers that fuse no multiplication with a sum lose a bit of it.
    t.ok(off < 4e-5, `${paddingMode}: ${off}`);
  }
  t.end();
});

t.test('bytes, layouts and views', (t) => {
  manualSeed(3);
  const bytes = randint(0, 256, [3, 3, 20, 22], { dtype: 'uint8' });
  const maps = drawMaps(3, { tilt: 0 });
  const options = { size: [15, 18], mode: 'bilinear', paddingMode: 'reflection', alignCorners: false } as const;
  const expected = alongGrid(bytes, maps, options);
  t.ok(worst(sampleBatch(bytes, maps, options), expected) < 2e-5, 'uint8');
  const last = bytes.to({ memoryFormat: 'channels_last' });
  const made = sampleBatch(last, maps, options);
  t.ok(worst(made, expected) < 2e-5, 'uint8, channels last');
  t.ok(made.isContiguous({ memoryFormat: 'channels_last' }), 'and so is what comes out');
  const stats = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] };
  const normalised = sampleBatch(bytes, maps, { ...options, stats });
  const apart = alongGrid(bytes, maps, { ...options, stats });
  t.ok(worst(normalised, apart) < 2e-4, 'normalised on the way');
  const view = bytes.to('float32').div(255).narrow(2, 3, 15).narrow(1, 1, 2).transpose(2, 3);
  t.ok(worst(sampleBatch(view, maps, options), alongGrid(view, maps, options)) < 2e-5, 'a view');
  t.strictSame(sampleBatch(bytes.narrow(0, 0, 0), maps.narrow(0, 0, 0), options).shape, [0, 3, 15, 18], 'no pictures');
  t.end();
});

t.test('places that all lie inside, to the edges', (t) => {
  manualSeed(4);
  const x = rand([2, 3, 24, 300]);
  const [near, still] = [0.4, 1].map(
    (scale) =>
    tensor([[[scale, 0, 0], [0, scale, 0], [0, 0, 1]]], { dtype: 'float64' }).expand([2, 3, 3]), // prettier-ignore
  ) as [Tensor, Tensor];
  for (const mode of modes)
    for (const paddingMode of paddings) {
      const options = { size: [24, 300], mode, paddingMode, alignCorners: true } as const;
      const name = `${mode} ${paddingMode}`;
      t.ok(worst(sampleBatch(x, still, options), x.to('float64')) < 1e-4, `${name}: as it is`);
      if (mode !== 'nearest') t.ok(worst(sampleBatch(x, near, options), alongGrid(x, near, options)) < 2e-4, name);
      const last = sampleBatch(x.to({ memoryFormat: 'channels_last' }), near, options);
      t.strictSame(last.toList(), sampleBatch(x, near, options).toList(), `${name}: channels last`);
    }
  t.end();
});

t.test('maps that lead nowhere are no harm', (t) => {
  const x = rand([1, 3, 5, 5]);
  for (const value of [NaN, Infinity, -Infinity, 1e300, -1e30, 0])
    for (const mode of modes)
      for (const paddingMode of paddings) {
        const maps = tensor(new Float64Array(9).fill(value), { shape: [1, 3, 3] });
        const made = sampleBatch(x, maps, { size: [4, 4], mode, paddingMode, alignCorners: true });
        if (made.shape.join() !== '1,3,4,4') t.fail(`${value}`);
      }
  t.pass('all of them');
  t.end();
});

t.test('gradients are recorded where they are asked for', (t) => {
  const x = rand([2, 1, 6, 6]).requiresGrad_();
  const maps = drawMaps(2, { tilt: 0 });
  const options = { size: [4, 4], mode: 'bilinear', paddingMode: 'border', alignCorners: true } as const;
  const read = sampleBatch(x, maps, options);
  read.sum().backward();
  const grid = F.affineGrid(maps.narrow(1, 0, 2).to('float32'), [2, 1, 4, 4], { alignCorners: true });
  const other = x.detach().clone().requiresGrad_();
  F.gridSample(other, grid, options).sum().backward();
  t.ok(worst(x.grad!, other.grad!) < 1e-5);
  t.end();
});

t.test('the operator checks what it is given', (t) => {
  const x = rand([2, 3, 4, 4]);
  const maps = drawMaps(2, { tilt: 0 });
  const call = (...args: unknown[]): unknown => callOperator('tench::sample_maps', args);
  t.throws(() => call(x.select(0, 0), maps, 4, 4, 0, 0, true), OperatorError);
  t.throws(() => call(x.to('float64'), maps, 4, 4, 0, 0, true), /uint8 or float32/);
  t.throws(() => call(x, maps.narrow(0, 0, 1), 4, 4, 0, 0, true), /maps \[2, 3, 3\]/);
  t.throws(() => call(x, maps, 0, 4, 0, 0, true), /sides/);
  t.throws(() => call(x, maps, 4, 4, 3, 0, true), /mode/);
  t.throws(() => call(x, maps, 4, 4, 0, 0, true, [1, 2]), /one factor for each of 3 channels/);
  t.end();
});
