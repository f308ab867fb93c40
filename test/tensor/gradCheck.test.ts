import t from 'tap';

import {
  AutogradFunction,
  callOperator,
  gradCheck,
  gradGradCheck,
  ones,
  randn,
  slice,
  type Tensor,
} from '../../lib/tensor/index.js';

const double = (shape: number[]): Tensor => randn(shape, { dtype: 'float64', requiresGrad: true });
const complex = (shape: number[]): Tensor => randn(shape, { dtype: 'complex128', requiresGrad: true });

/** sin, with a derivative that is off by a factor, and only where the input is positive. */
class NearlySin extends AutogradFunction<{ x: Tensor }> {
  private factor = 1;
  forward(x: Tensor, factor: number): Tensor {
    this.factor = factor;
    this.saveForBackward({ x });
    return x.sin();
  }
  backward(gradient: Tensor): (Tensor | null)[] {
    const { x } = this.saved;
    return [
      gradient.mul(x.cos()).mul(
        x
          .gt(0)
          .to('float64')
          .mul(this.factor - 1)
          .add(1),
      ),
      null,
    ];
  }
}

t.test('right gradients pass', async (t) => {
  t.ok(gradCheck((x, y) => x.matmul(y).tanh(), [double([2, 3]), double([3, 2])]));
  t.ok(
    gradCheck((x) => [x.exp(), x.sum(), x.gt(0)], double([3])),
    'several outputs, one of them not differentiable',
  );
  t.ok(
    gradCheck((x, y) => x.mul(y), [double([2]), ones([2])]),
    'an input that needs no gradient may have any dtype',
  );
  t.ok(
    gradCheck((x) => x.pow(2), double([])),
    'a scalar',
  );
  t.ok(
    gradCheck((x) => x.mul(2), double([0])),
    'nothing at all',
  );
  t.ok(gradCheck((x) => NearlySin.apply(x, 1), double([4])));
  t.ok(gradGradCheck((x, y) => x.pow(3).mul(y).sum(), [double([3]), double([3])]));
});

t.test('inputs need not be contiguous', async (t) => {
  const base = randn([4, 6], { dtype: 'float64' });
  const strided = base.t().get(slice(0, 6, 2));
  t.equal(strided.isContiguous(), false);
  const before = base.toList();
  t.ok(gradCheck((x) => x.sin().mul(x), strided.detach().requiresGrad_()));
  t.same(base.toList(), before, 'and are as they were afterwards');
});

t.test('complex inputs and outputs', async (t) => {
  const abs = (x: Tensor): Tensor => callOperator('aten::abs', [x]) as Tensor;
  t.ok(gradCheck((x, y) => x.mul(y).exp(), [complex([2]), complex([2])]));
  t.ok(gradCheck(abs, complex([3])), 'to real numbers');
  t.ok(
    gradCheck((x, y) => x.mul(y), [complex([2]), double([2])]),
    'beside real ones',
  );
});

t.test('a wrong backward is found, with its place and both values', async (t) => {
  const wrong = (x: Tensor): Tensor[] => [x.exp(), NearlySin.apply(x, 1.01)];
  t.throws(() => gradCheck(wrong, ones([2], { dtype: 'float64', requiresGrad: true })), {
    code: 'ERR_TENCH_GRAD_CHECK',
    message: /backward gives 0\.5457.* steps of 0\.000001 measure 0\.5403.*output 1, element 0, and input 0, element 0/,
  });
  class Forgets extends AutogradFunction {
    forward(x: Tensor, y: Tensor): Tensor {
      return x.add(y.mul(2));
    }
    backward(gradient: Tensor): (Tensor | null)[] {
      return [gradient, null];
    }
  }
  t.throws(() => gradCheck((x, y) => Forgets.apply(x, y), [double([1]), double([1])]), {
    message: /gives 0 where.*input 1/,
  });
  class Conjugates extends AutogradFunction<{ x: Tensor }> {
    forward(x: Tensor): Tensor {
      this.saveForBackward({ x });
      return x.mul(x);
    }
    backward(gradient: Tensor): Tensor {
      return gradient.mul(this.saved.x).mul(2); // x should be conjugated
    }
  }
  t.throws(() => gradCheck((x) => Conjugates.apply(x), complex([1])), { code: 'ERR_TENCH_GRAD_CHECK' });
});

t.test('a wrong second derivative is found, and one that changes', async (t) => {
  class Cube extends AutogradFunction<{ x: Tensor }> {
    forward(x: Tensor): Tensor {
      this.saveForBackward({ x });
      return x.pow(3);
    }
    backward(gradient: Tensor): Tensor {
      return gradient.mul(this.saved.x.detach().pow(2).mul(3)); // cuts the way back to x
    }
  }
  t.ok(gradCheck((x) => Cube.apply(x), double([2])));
  t.throws(() => gradGradCheck((x) => Cube.apply(x), double([2])), { code: 'ERR_TENCH_GRAD_CHECK' });
  let calls = 0;
  class Wavers extends AutogradFunction {
    forward(x: Tensor): Tensor {
      return x.mul(2);
    }
    backward(gradient: Tensor): Tensor {
      calls += 1;
      return gradient.mul(2 + calls * 1e-9);
    }
  }
  t.throws(() => gradCheck((x) => Wavers.apply(x), double([1])), { message: /the first time and .* the second/ });
});

t.test('bad arguments', async (t) => {
  const argument = { code: 'ERR_TENCH_ARGUMENT' };
  t.throws(() => gradCheck((x) => x, ones([1], { requiresGrad: true })), { ...argument, message: /float64.*float32/ });
  t.throws(() => gradCheck((x) => x, ones([1], { dtype: 'float64' })), { ...argument, message: /requires grad/ });
  t.throws(() => gradCheck(5 as never, double([1])), argument);
  t.throws(() => gradCheck((x) => x, 5 as never), argument);
  t.throws(() => gradCheck(() => 5 as never, double([1])), argument);
  t.throws(() => gradCheck((x) => x, double([1]), { eps: -1 }), { ...argument, message: /eps/ });
});
