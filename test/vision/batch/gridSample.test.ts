/** gridSample and F.affineGrid against PyTorch's, forward and backward, and the native sampler on the same maps. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { arange, cat, grad as gradients, tensor, type Tensor } from '../../../lib/tensor/index.js';
import * as F from '../../../lib/nn/functional.js';
import { sampleBatch } from '../../../lib/vision/batch/sampleBatch.js';

interface Case {
  mode: 'bilinear' | 'nearest' | 'bicubic';
  paddingMode: 'zeros' | 'border' | 'reflection';
  alignCorners: boolean;
  grid: number[];
  out: number[];
  ofX: number[];
  ofGrid: number[];
  ofTheta: number[];
}

const file = fileURLToPath(new URL('../../../../test/goldens/nn/gridSample.json', import.meta.url));
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

/** As scripts/goldens/grid_sample.py makes its inputs. */
function wave(shape: readonly number[], step: number, scale: number): Tensor {
  const count = shape.reduce((product, side) => product * side, 1);
  return arange(count, { dtype: 'float64' }).mul(step).sin().reshape(shape).mul(scale);
}

function worst(x: Tensor, expected: readonly number[]): number {
  return x
    .detach()
    .reshape([-1])
    .to('float64')
    .sub(tensor([...expected], { dtype: 'float64' }))
    .abs()
    .amax()
    .item();
}

t.test('forward and backward, in every mode', (t) => {
  t.equal(cases.length, 18);
  for (const { mode, paddingMode, alignCorners, ...expected } of cases) {
    const name = `${mode}, ${paddingMode}, alignCorners ${alignCorners}`;
    const x = wave([2, 2, 4, 5], 1.3, 1).requiresGrad_();
    const still = tensor([[1, 0, 0], [0, 1, 0]], { dtype: 'float64' }); // prettier-ignore
    const theta = still.add(wave([2, 2, 3], 2.1, 0.6)).requiresGrad_();
    const grid = F.affineGrid(theta, [2, 2, 3, 4], { alignCorners });
    const out = F.gridSample(x, grid, { mode, paddingMode, alignCorners });
    t.ok(worst(grid, expected.grid) < 1e-7, `${name}: grid`);
    t.ok(worst(out, expected.out) < 1e-7, `${name}: out`);
    const [ofX, ofGrid, ofTheta] = gradients(out, [x, grid, theta], {
      gradOutputs: [wave(out.shape, 0.7, 1)],
    }) as Tensor[];
    t.ok(worst(ofX!, expected.ofX) < 1e-7, `${name}: gradient of x`);
    t.ok(worst(ofGrid!, expected.ofGrid) < 1e-6, `${name}: gradient of the grid`);
    t.ok(worst(ofTheta!, expected.ofTheta) < 1e-6, `${name}: gradient of the matrices`);
    const last = tensor([[[0, 0, 1]]], { dtype: 'float64' }).expand([2, 1, 3]); // prettier-ignore
    const maps = cat([theta.detach(), last], 1);
    const native = sampleBatch(x.detach().to('float32'), maps, { size: [3, 4], mode, paddingMode, alignCorners });
    t.ok(worst(native, expected.out) < 1e-5, `${name}: the native sampler`);
  }
  t.end();
});
