/** Clipping gives PyTorch's norms and gradients. */

import t from 'tap';

import * as nn from '../../lib/nn/index.js';
import { tensor, zeros } from '../../lib/tensor/index.js';
import { decode, near, readGoldens, type Recorded } from './golden.js';

interface ClipCase {
  maxNorm: number;
  normType: number | 'inf';
  before: Recorded[];
  norm: number;
  after: Recorded[];
}

for (const { maxNorm, normType, before, norm, after } of readGoldens<ClipCase>('clipping')) {
  t.test(`norm ${normType} of at most ${maxNorm}`, async (t) => {
    const parameters = before.map((gradient) => {
      const parameter = new nn.Parameter(zeros(gradient.shape));
      parameter.grad = decode(gradient);
      return parameter;
    });
    const idle = new nn.Parameter(zeros([2]));
    const total = nn.utils.clipGradNorm_([...parameters, idle], maxNorm, {
      normType: normType === 'inf' ? Infinity : normType,
    });
    near(t, total, tensor(norm), 'norm');
    after.forEach((gradient, i) => {
      near(t, parameters[i]?.grad ?? null, gradient, `gradient ${i}`);
    });
    t.equal(idle.grad, null);
  });
}

t.test('values, edges, errors', async (t) => {
  const parameter = new nn.Parameter(zeros([3]));
  t.equal(nn.utils.clipGradNorm_([parameter], 1), null, 'no gradient, no norm');
  parameter.grad = tensor([-3, 0.5, 2]);
  nn.utils.clipGradValue_(parameter, 1);
  t.strictSame(parameter.grad.toList(), [-1, 0.5, 1]);
  parameter.grad = tensor([NaN, 1, 1]);
  t.throws(() => nn.utils.clipGradNorm_(parameter, 1, { errorIfNonfinite: true }), /NaN/);
  t.throws(() => nn.utils.clipGradNorm_(parameter, -1), /: maxNorm`/);
  t.throws(() => nn.utils.clipGradValue_(parameter, NaN), /: limit`/);
  const elsewhere = new nn.Parameter(zeros([3], { device: 'meta' }));
  elsewhere.grad = zeros([3], { device: 'meta' });
  t.equal(nn.utils.clipGradNorm_(elsewhere, 1)?.device, 'meta', 'no value is read');
});
