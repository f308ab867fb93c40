import t from 'tap';

import { collectGarbage } from '../collect.js';
import {
  AutogradFunction,
  callOperator,
  enableGrad,
  grad,
  gradCheck,
  gradGradCheck,
  memory,
  ones,
  randn,
  scope,
  tensor,
  zeros,
  type FunctionGradients,
  type Tensor,
} from '../../lib/tensor/index.js';

class Exp extends AutogradFunction<{ y: Tensor }> {
  forward(x: Tensor): Tensor {
    const y = x.exp();
    this.saveForBackward({ y });
    return y;
  }
  backward(gradient: Tensor): Tensor {
    return gradient.mul(this.saved.y);
  }
}

/** x * y * factor, and x + y: several arguments, one of them no tensor, and several outputs. */
class Both extends AutogradFunction<{ x: Tensor; y: Tensor }> {
  private factor = 0;

  forward(x: Tensor, factor: number, y: Tensor): [Tensor, Tensor] {
    this.factor = factor;
    this.saveForBackward({ x, y });
    return [x.mul(y).mul(factor), x.add(y)];
  }
  backward(product: Tensor, sum: Tensor): FunctionGradients {
    const { x, y } = this.saved;
    return [product.mul(y).mul(this.factor).add(sum), null, product.mul(x).mul(this.factor).add(sum)];
  }
}

const double = (shape: number[]): Tensor => randn(shape, { dtype: 'float64', requiresGrad: true });

/** A function whose backward returns what it is given, for trying out wrong values. */
function returning(value: unknown): (x: Tensor) => Tensor {
  class Wrong extends AutogradFunction {
    forward(x: Tensor, _factor: number): Tensor {
      return x.mul(2);
    }
    backward(): FunctionGradients {
      return value as FunctionGradients;
    }
  }
  return (x) => Wrong.apply(x, 2);
}

t.test('a function with its own backward', async (t) => {
  const x = tensor([1, 2], { requiresGrad: true });
  const y = Exp.apply(x);
  t.equal(y.gradFn, 'ExpBackward');
  y.sum().backward();
  t.same(x.grad?.toList(), x.exp().toList());
  t.ok(gradCheck(Exp.apply.bind(Exp), double([2, 3])));
  t.ok(gradGradCheck(Exp.apply.bind(Exp), double([2, 3])), 'differentiable again, through the saved output');
});

t.test('arguments that are no tensors, and several outputs', async (t) => {
  const both = (x: Tensor, y: Tensor): Tensor[] => Both.apply(x, 3, y);
  t.ok(gradCheck(both, [double([3]), double([3])]));
  t.ok(gradGradCheck(both, [double([3]), double([3])]));
  const x = ones([2], { requiresGrad: true });
  const [, sum] = Both.apply(x, 5, ones([2]));
  sum.sum().backward();
  t.same(x.grad?.toList(), [1, 1], 'the gradient of an unused output is zeros');
});

t.test('the arguments that need a gradient are known in both directions', async (t) => {
  const seen: (readonly boolean[])[] = [];
  class Product extends AutogradFunction<{ x: Tensor; y: Tensor }> {
    forward(x: Tensor, y: Tensor): Tensor {
      seen.push(this.needsGradient);
      this.saveForBackward({ x, y });
      return x.mul(y);
    }
    backward(gradient: Tensor): FunctionGradients {
      seen.push(this.needsGradient);
      return [gradient.mul(this.saved.y), gradient.mul(this.saved.x)];
    }
  }
  const [x, y] = [ones([1], { requiresGrad: true }), ones([1], { requiresGrad: true })];
  grad(Product.apply(x, y), [y]);
  t.same(seen, [
    [true, true],
    [false, true],
  ]);
  Product.apply(ones([1]), y).backward();
  t.same(seen.slice(2), [
    [false, true],
    [false, true],
  ]);
  t.equal(Product.apply(ones([1]), ones([1])).requiresGrad, false);
});

t.test('outputs can be marked as not differentiable, and as changed in place', async (t) => {
  class Largest extends AutogradFunction<{ where: Tensor }> {
    forward(x: Tensor): [Tensor, Tensor] {
      const [value, where] = callOperator('aten::max.dim', [x, 0]) as [Tensor, Tensor];
      const floatWhere = where.to(x.dtype);
      this.saveForBackward({ where });
      this.markNonDifferentiable(floatWhere);
      return [value, floatWhere];
    }
    backward(gradient: Tensor): FunctionGradients {
      return zeros([3], { dtype: gradient.dtype }).scatter(0, this.saved.where.unsqueeze(0), gradient.unsqueeze(0));
    }
  }
  const x = tensor([1, 5, 2], { requiresGrad: true });
  const [value, where] = Largest.apply(x);
  t.equal(where.requiresGrad, false);
  value.backward();
  t.same(x.grad?.toList(), [0, 1, 0]);

  class Twice_ extends AutogradFunction {
    forward(x: Tensor): Tensor {
      x.mul_(2);
      this.markDirty(x);
      return x;
    }
    backward(gradient: Tensor): Tensor {
      return gradient.mul(2);
    }
  }
  const leaf = tensor([1, 2], { requiresGrad: true });
  const middle = leaf.mul(3);
  const out = Twice_.apply(middle);
  t.equal(out, middle, 'the very object that came in');
  t.equal(middle.gradFn, 'Twice_Backward');
  middle.sum().backward();
  t.same(leaf.grad?.toList(), [6, 6]);
  t.throws(() => Twice_.apply(leaf), { code: 'ERR_TENCH_OPERATOR' }, 'a leaf that is recorded may not be changed');
});

t.test('an unchanged argument may be returned', async (t) => {
  class Reverse extends AutogradFunction {
    forward(x: Tensor): Tensor {
      return x;
    }
    backward(gradient: Tensor): Tensor {
      return gradient.neg();
    }
  }
  const x = tensor([1, 2], { requiresGrad: true });
  const y = Reverse.apply(x);
  t.not(y, x);
  y.sum().backward();
  y.sum().backward();
  t.same(x.grad?.toList(), [-2, -2], 'walked twice, as it saves nothing');
  t.equal(x.isLeaf, true);
});

t.test('gradients of unused outputs can come as null', async (t) => {
  const seen: (Tensor | null)[] = [];
  class Pair extends AutogradFunction {
    forward(x: Tensor): Tensor[] {
      this.materializeGradients = false;
      return [x.mul(2), x.mul(3)];
    }
    backward(first: Tensor | null, second: Tensor | null): Tensor | null {
      seen.push(first, second);
      return second?.mul(3) ?? null;
    }
  }
  const x = ones([1], { requiresGrad: true });
  Pair.apply(x)[0]!.backward();
  t.equal(seen[1], null);
  t.same(seen[0]?.toList(), [1]);
  t.equal(x.grad, null, 'a null gradient stays none');
});

t.test('saved tensors are watched and freed with the graph', async (t) => {
  class Square extends AutogradFunction<{ input: Tensor }> {
    forward(input: Tensor): Tensor {
      this.saveForBackward({ input });
      return input.mul(input);
    }
    backward(gradient: Tensor): Tensor {
      return gradient.mul(this.saved.input).mul(2);
    }
  }
  const x = ones([2], { requiresGrad: true });
  const middle = x.mul(1);
  const y = Square.apply(middle);
  middle.add_(1);
  t.throws(() => y.sum().backward(), {
    message: /Square\.backward: the saved tensor `input`.*modified by an inplace/s,
  });
  const z = Square.apply(x).sum();
  z.backward(null, { retainGraph: true });
  z.backward();
  t.throws(() => z.backward(), { code: 'ERR_TENCH_OPERATOR', message: /Square\.backward.*second time/s });
  class Early extends AutogradFunction<{ x: Tensor }> {
    forward(x: Tensor): Tensor {
      return x.mul(this.saved.x);
    }
    backward(): null {
      return null;
    }
  }
  t.throws(() => Early.apply(x), { message: /Early: `saved` is there inside `backward` only/ });
});

t.test('what is thrown comes out as it was thrown', async (t) => {
  const thrown: unknown = { no: 'error object' };
  class Failing extends AutogradFunction {
    forward(x: Tensor, inForward: boolean): Tensor {
      if (inForward) throw thrown;
      return x.mul(1);
    }
    backward(): null {
      throw thrown;
    }
  }
  const caught = (fn: () => unknown): unknown => {
    try {
      return fn();
    } catch (error) {
      return error;
    }
  };
  const x = ones([1], { requiresGrad: true });
  t.equal(
    caught(() => Failing.apply(x, true)),
    thrown,
  );
  t.equal(
    caught(() => Failing.apply(x, false).backward()),
    thrown,
  );
  Exp.apply(x).backward();
  t.ok(x.grad, 'the next backward works');
});

t.test('wrong values from backward are errors that name function and argument', async (t) => {
  const x = ones([2], { requiresGrad: true });
  const wrong = (value: unknown): (() => void) => {
    const fn = returning(value);
    return () => fn(x).sum().backward();
  };
  const argument = { code: 'ERR_TENCH_ARGUMENT' };
  t.throws(wrong([ones([2])]), { ...argument, message: /array of 2.*Wrong\.backward.*received/ });
  t.throws(wrong([ones([2]), null, null]), { ...argument, message: /array of 2/ });
  t.throws(wrong(undefined), { ...argument, message: /array of 2.*received undefined/ });
  t.throws(wrong(5), argument);
  t.throws(wrong([5, null]), { ...argument, message: /Wrong\.backward: the gradient of argument 0.*received 5/ });
  t.throws(wrong([ones([2]), ones([2])]), { ...argument, message: /null.*the gradient of argument 1/ });
  t.throws(wrong(ones([3])), { ...argument, message: /shape \[2\].*gradient of argument 0.*shape \[3\]/ });
  t.throws(wrong(ones([2], { dtype: 'float64' })), { ...argument, message: /float32.*argument 0.*float64/ });
  t.throws(wrong(ones([2], { device: 'meta' })), { ...argument, message: /on cpu.*on meta/ });
  const gone = ones([2]);
  gone.dispose();
  t.throws(wrong(gone), { code: 'ERR_TENCH_DISPOSED' });
  t.equal(x.grad, null);
});

t.test('wrong values from forward, and wrong marks', async (t) => {
  class Wrong extends AutogradFunction {
    forward(x: Tensor, act: (self: Wrong, x: Tensor) => unknown): Tensor {
      return act(this, x) as Tensor;
    }
    backward(): null {
      return null;
    }
    mark(kind: 'markDirty' | 'markNonDifferentiable', value: unknown): void {
      this[kind](value as Tensor);
    }
    save(value: unknown): void {
      this.saveForBackward(value as Record<string, never>);
    }
  }
  const x = ones([1], { requiresGrad: true });
  const argument = { code: 'ERR_TENCH_ARGUMENT' };
  t.throws(() => Wrong.apply(x, () => 5), { ...argument, message: /returned by Wrong\.forward/ });
  t.throws(() => Wrong.apply(x, () => []), argument);
  t.throws(() => Wrong.apply(x, (_, y) => [y, null]), { ...argument, message: /forward: 1/ });
  t.throws(() => Wrong.apply(x, (self, y) => (self.save({ y: 3 }), y)), { ...argument, message: /saveForBackward: y/ });
  t.throws(() => Wrong.apply(x, (self, y) => (self.mark('markNonDifferentiable', 1), y)), argument);
  t.throws(() => Wrong.apply(x, (self, y) => (self.mark('markDirty', ones([1])), y)), { message: /markDirty/ });
  const apply = (self: unknown): void => {
    (AutogradFunction.apply as unknown as { call(self: unknown, x: Tensor): void }).call(self, x);
  };
  t.throws(() => apply(Map), { ...argument, message: /extends AutogradFunction/ });
});

t.test('backward inside backward goes through custom functions as well', async (t) => {
  class Inner extends AutogradFunction<{ x: Tensor }> {
    private depth = 0;

    forward(x: Tensor, depth: number): Tensor {
      this.depth = depth;
      this.saveForBackward({ x });
      return x.mul(2);
    }
    backward(gradient: Tensor): FunctionGradients {
      if (this.depth === 0) return [gradient.mul(2), null];
      const leaf = this.saved.x.detach().requiresGrad_();
      const [inner] = grad(
        enableGrad(() => Inner.apply(leaf, this.depth - 1)),
        leaf,
      );
      return [gradient.mul(inner!).mul(2), null];
    }
  }
  const x = ones([1], { requiresGrad: true });
  Inner.apply(x, 3).backward();
  t.same(x.grad?.toList(), [16], 'four walks, one inside the other, multiply by 2 each');
});

t.test('the compiler knows arguments, results and saved tensors', async (t) => {
  const x = ones([1], { requiresGrad: true });
  // @ts-expect-error -- forward takes a tensor
  t.throws(() => Exp.apply(5), TypeError);
  // @ts-expect-error -- forward takes three arguments
  t.throws(() => Both.apply(x), { code: 'ERR_TENCH_ARGUMENT' });
  const both: [Tensor, Tensor] = Both.apply(x, 1, x);
  t.equal(both.length, 2);
  class Mistaken extends AutogradFunction<{ y: Tensor }> {
    forward(input: Tensor): Tensor {
      const y = input.mul(1);
      // @ts-expect-error -- y is missing
      this.saveForBackward({});
      return y;
    }
    backward(): Tensor {
      // @ts-expect-error -- nothing of this name is saved
      return this.saved.x as Tensor;
    }
  }
  t.throws(() => Mistaken.apply(x).backward(), { message: /array of 1.*received undefined/ });
});

t.test('functions inside scopes keep what backward needs', async (t) => {
  const x = ones([2], { requiresGrad: true });
  const loss = scope(() => Exp.apply(x).sum());
  scope(() => loss.backward());
  t.same(x.grad?.toList(), x.exp().toList());
});

t.test('nothing is left of thousands of graphs', async (t) => {
  const x = ones([2], { requiresGrad: true });
  class Throws extends AutogradFunction<{ y: Tensor }> {
    forward(x: Tensor): Tensor {
      const y = x.exp();
      this.saveForBackward({ y });
      return y;
    }
    backward(): Tensor {
      throw new Error('as planned');
    }
  }
  let failures = 0;
  const round = (): void => {
    Exp.apply(x).sum();
    Exp.apply(Exp.apply(x)).sum().backward();
    grad(grad(Exp.apply(x).sum(), x, { createGraph: true })[0]!.sum(), x);
    const [product] = Both.apply(x, 2, x);
    product.sum().backward(null, { retainGraph: true });
    try {
      Throws.apply(x).sum().backward();
    } catch {
      failures += 1;
    }
    x.grad = null;
  };
  const settle = (): { tensors: number; bytes: number } => {
    collectGarbage();
    Exp.apply(x); // lets go of what graphs left behind when they died in the collector
    collectGarbage();
    return memory();
  };
  for (let i = 0; i < 50; i += 1) round();
  const before = settle();
  for (let i = 0; i < 1000; i += 1) round();
  const after = settle();
  t.equal(after.tensors, before.tensors);
  t.equal(after.bytes, before.bytes);
  t.equal(failures, 1050);
});
