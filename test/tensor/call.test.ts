import t from 'tap';

import * as T from '../../lib/tensor/index.js';
import { methodTable } from '../../lib/tensor/generated/methods.js';
import { native } from '../../lib/tensor/native.js';
import { goldenCases, largestDifference } from './golden.js';

const { callOperator, tensor } = T;

type Encoded = { tensor: never; dtype: T.DType } | number | string | boolean | null | Encoded[];

function decode(value: Encoded, leaves: T.Tensor[]): unknown {
  if (Array.isArray(value)) return value.map((item) => decode(item, leaves));
  if (typeof value !== 'object' || value === null) return value;
  const made = tensor(value.tensor, { dtype: value.dtype });
  if (value.dtype === 'float32') leaves.push(made.requiresGrad_());
  return made;
}

t.test('operators and their gradients agree with PyTorch', async (t) => {
  interface Case {
    name: string;
    args: Encoded[];
    options: Record<string, number>;
    result: unknown;
    shape: number[];
    gradients: unknown[];
  }
  for (const { name, args, options, result, shape, gradients } of goldenCases<Case>('operators')) {
    const leaves: T.Tensor[] = [];
    const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const call = (T as unknown as Record<string, (...args: unknown[]) => T.Tensor>)[camel];
    if (call === undefined) {
      t.fail(`no function ${camel}`);
      continue;
    }
    const y = call(...args.map((argument) => decode(argument, leaves)), options);
    t.same(y.shape, shape, `${name}: shape`);
    t.ok(largestDifference(y.toList(), result) < 1e-5, `${name}: values`);
    T.grad(y.mul(y).sum(), leaves).forEach((gradient, index) => {
      t.ok(largestDifference(gradient?.toList(), gradients[index]) < 1e-4, `${name}: gradient ${index}`);
    });
  }
});

t.test('result dtypes are promoted as in PyTorch', async (t) => {
  for (const { left, right, add, div } of goldenCases<Record<'left' | 'right' | 'add' | 'div', T.DType>>('promotion')) {
    const [a, b] = [T.ones([2], { dtype: left }), T.ones([2], { dtype: right })];
    t.equal(a.add(b).dtype, add, `${left} + ${right}`);
    t.equal(a.div(b).dtype, div, `${left} / ${right}`);
  }
});

t.test('every generated method and function finds its operator', async (t) => {
  for (const [method, name, overloads] of methodTable) {
    t.type((T.Tensor.prototype as unknown as Record<string, unknown>)[method], 'function', method);
    for (const overload of overloads) t.not(native.bind(name, [overload]), null, `${name}.${overload}`);
  }
});

t.test('every kind of argument and result', async (t) => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  t.same(
    (callOperator('aten::add.Tensor', [x, x], { alpha: 3 }) as T.Tensor).toList(),
    [
      [4, 8],
      [12, 16],
    ],
    'Scalar by name',
  );
  t.equal(callOperator('aten::size.int', [x, 0]), 2, 'a number comes back');
  t.equal(callOperator('aten::is_nonzero', [tensor(1)]), true, 'a boolean comes back');
  t.equal((callOperator('aten::split.Tensor', [x, 1]) as T.Tensor[]).length, 2, 'Tensor[] comes back');
  t.equal((callOperator('aten::max.dim', [x, 1]) as T.Tensor[]).length, 2, 'two results come back');
  t.equal(
    (callOperator('aten::index.Tensor', [x, [null, tensor([1], { dtype: 'int64' })]]) as T.Tensor).numel(),
    2,
    'Tensor?[] with a hole',
  );
  t.equal(
    (callOperator('aten::to.dtype_layout', [x], { dtype: 'float64', device: 'cpu', layout: 'strided' }) as T.Tensor)
      .dtype,
    'float64',
  );
  t.equal(
    (
      callOperator('aten::clone', [x.reshape([1, 1, 2, 2])], { memory_format: 'channels_last' }) as T.Tensor
    ).isContiguous({ memoryFormat: 'channels_last' }),
    true,
  );
  t.equal(
    (callOperator('aten::clone', [x.reshape([1, 1, 2, 2])], { memoryFormat: 'channels_last' }) as T.Tensor).dtype,
    'float32',
    'camelCase too',
  );
  t.same(
    (callOperator('aten::linalg_vander', [tensor([2, 3])], { N: 2 }) as T.Tensor).toList(),
    [
      [1, 2],
      [1, 3],
    ],
    'a name in capitals stays as it is',
  );
  t.equal(
    (callOperator('aten::mul.Scalar', [tensor([1n]), 2]) as T.Tensor).dtype,
    'int64',
    'a whole number is an integer Scalar',
  );
  t.equal((callOperator('aten::mul.Scalar', [tensor([1n]), 2.5]) as T.Tensor).dtype, 'float32');
  t.equal(
    (callOperator('aten::mul.Scalar', [tensor([1]), { re: 0, im: 1 }]) as T.Tensor).dtype,
    'complex64',
    'a complex Scalar',
  );
  t.equal((callOperator('aten::einsum', ['ij->i', [x]]) as T.Tensor).get(1).item(), 7, 'a string');
  t.equal((callOperator('aten::sum.dim_IntList', [x, 1]) as T.Tensor).get(0).item(), 3, 'one number for int[1]');
  t.equal(callOperator('aten::_foreach_add_.Scalar', [[x], 1]), undefined, 'nothing comes back');
  t.equal(x.get(0, 0).item(), 2, 'and the list was changed in place');
  const out = T.empty([0]);
  t.equal(callOperator('aten::add.out', [x, x], { out }), out, 'an out variant returns its argument');
  t.same(out.shape, [2, 2], 'whose shape is read anew');
});

t.test('in-place methods return the tensor itself and forget its cached shape', async (t) => {
  const x = T.zeros([1, 3]);
  t.same(x.shape, [1, 3]);
  t.equal(x.add_(1), x);
  t.equal(x.squeeze_(0), x);
  t.same(x.shape, [3]);
  const shape = x.shape;
  shape[0] = 99;
  t.same(x.shape, [3], 'a shape that was read can be changed without harm');
});

t.test('errors name the operator, the argument and what came', async (t) => {
  const x = T.zeros([2, 3]);
  t.throws(() => x.add(T.zeros([4])), {
    name: 'OperatorError',
    message: /aten::add\(Tensor float32 \[2, 3\], Tensor float32 \[4\]\).*size/,
  });
  t.throws(() => x.add('a' as never), {
    name: 'ArgumentError',
    message: /no overload takes \(Tensor float32 \[2, 3\], the string "a"\)/,
  });
  t.throws(() => callOperator('aten::relu', [3]), {
    message: /aten::relu: expected a Tensor for `self` but received 3/,
  });
  t.throws(() => callOperator('aten::relu', []), { message: /`self` \(Tensor\) is missing/ });
  t.throws(() => callOperator('aten::relu', [x, x]), { message: /at most 1 positional/ });
  t.throws(() => callOperator('aten::relu', [x], { colour: 1 }), { message: /no argument is called `colour`/ });
  t.throws(() => callOperator('aten::relu', [x], { self: x }), { message: /given twice/ });
  t.throws(() => callOperator('aten::flip', [x, [0.5]]), { message: /whole number for `dims` but received 0\.5/ });
  t.throws(() => callOperator('aten::to.dtype_layout', [x], { dtype: 'float99' }), { message: /one of float32/ });
  t.throws(() => callOperator('aten::nothing', [x]), {
    code: 'ERR_TENCH_MISSING_OPERATOR',
    message: /no operator aten::nothing/,
  });
  t.throws(() => callOperator('nonsense', []), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => callOperator('aten::cat', [[x, 3], 0]), { message: /element 1 of a list of tensors/ });
});

t.test(
  'operators that do not check their arguments are called only by those who take that upon themselves',
  async (t) => {
    const zeros = () => callOperator('aten::_efficientzerotensor', [[2, 3]]) as T.Tensor;
    t.throws(zeros, { code: 'ERR_TENCH_ARGUMENT', message: /_efficientzerotensor: it is refused.*allowUnchecked/ });
    t.same(T.allowUnchecked(zeros).shape, [2, 3]);
    t.throws(zeros, 'refused again');
    t.throws(() => T.allowUnchecked(async () => zeros()), { code: 'ERR_TENCH_ASYNC_SCOPE' });
  },
);
