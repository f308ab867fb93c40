/** A TensorList gives the very bits of its words on one tensor after the other. */

import { inspect } from 'node:util';

import t, { type Test } from 'tap';

import { TensorList, manualSeed, randn, tensor, zeros, type DType, type Tensor } from '../../lib/tensor/index.js';

const shapes = [[3], [2, 5], [], [4, 1, 3], [0]];

function draw(dtype: DType = 'float32', offset = 0): TensorList {
  return new TensorList(shapes.map((shape) => randn(shape).abs().add(offset).to(dtype)));
}

function same(t: Test, found: TensorList, wanted: readonly Tensor[], message: string): void {
  const equal = found.length === wanted.length && found.tensors.every((tensor, i) => bits(tensor) === bits(wanted[i]!));
  t.ok(equal, message);
}

function bits(x: Tensor): string {
  return `${x.dtype} ${String(x.shape)} ${Buffer.from(new Uint8Array(x.toTypedArray().buffer)).toString('hex')}`;
}

type Word = (x: never, a: never, b: never) => unknown;

/** Every word, as a function that reads alike for tensors and for lists. */
const words: Record<string, (x: TensorList, a: TensorList, b: TensorList) => TensorList> = {
  add: (x, a) => x.add(a),
  'add alpha': (x, a) => x.add(a, { alpha: -0.3 }),
  'add number': (x) => x.add(0.7),
  sub: (x, a) => x.sub(a),
  'sub alpha': (x, a) => x.sub(a, { alpha: 0.3 }),
  'sub number': (x) => x.sub(0.7),
  mul: (x, a) => x.mul(a),
  'mul number': (x) => x.mul(1 / 3),
  'mul whole number': (x) => x.mul(3),
  div: (x, a) => x.div(a),
  'div number': (x) => x.div(3),
  pow: (x, a) => x.pow(a),
  'pow number': (x) => x.pow(1.5),
  'pow whole number': (x) => x.pow(2),
  maximum: (x, a) => x.maximum(a),
  minimum: (x, a) => x.minimum(a),
  clampMin: (x, a) => x.clampMin(a),
  'clampMin number': (x) => x.clampMin(0.5),
  clampMax: (x, a) => x.clampMax(a),
  'clampMax number': (x) => x.clampMax(0.5),
  lerp: (x, a) => x.lerp(a, 0.1),
  'lerp list': (x, a, b) => x.lerp(a, b),
  addcmul: (x, a, b) => x.addcmul(a, b, { value: -0.1 }),
  addcdiv: (x, a, b) => x.addcdiv(a, b, { value: -0.1 }),
  'addcdiv of value 1': (x, a, b) => x.addcdiv(a, b),
  norm: (x) => x.norm(),
  'norm 1': (x) => x.norm(1),
  sum: (x) => x.sum(),
  mean: (x) => x.mean(),
  'root mean square': (x) => x.pow(2).mean().sqrt(),
  clone: (x) => x.clone(),
};
for (const name of [
  'abs',
  'neg',
  'sign',
  'sqrt',
  'rsqrt',
  'reciprocal',
  'exp',
  'log',
  'tanh',
  'sigmoid',
  'sin',
  'floor',
  'erf',
  'log1p',
] as const) {
  words[name] = (x) => x[name]();
}

const inPlace: typeof words = {
  add_: (x, a) => x.add_(a, { alpha: -0.3 }),
  'add_ number': (x) => x.add_(0.7),
  sub_: (x, a) => x.sub_(a, { alpha: 0.3 }),
  mul_: (x, a) => x.mul_(a),
  'mul_ number': (x) => x.mul_(0.9),
  div_: (x, a) => x.div_(a),
  pow_: (x) => x.pow_(1.5),
  clampMin_: (x, a) => x.clampMin_(a),
  clampMax_: (x) => x.clampMax_(0.5),
  lerp_: (x, a) => x.lerp_(a, 0.1),
  addcmul_: (x, a, b) => x.addcmul_(a, b, { value: 0.01 }),
  addcdiv_: (x, a, b) => x.addcdiv_(a, b, { value: 0.01 }),
  zero_: (x) => x.zero_(),
  copy_: (x, a) => x.copy_(a),
};
for (const name of [
  'abs_',
  'neg_',
  'sign_',
  'sqrt_',
  'rsqrt_',
  'reciprocal_',
  'exp_',
  'log_',
  'tanh_',
  'sigmoid_',
  'round_',
] as const) {
  inPlace[name] = (x) => x[name]();
}

for (const dtype of ['float32', 'float64', 'bfloat16'] as const) {
  t.test(`words, ${dtype}`, (t) => {
    manualSeed(1);
    const [x, a, b] = [draw(dtype, 0.1), draw(dtype, 0.1), draw(dtype, 0.1)];
    for (const [name, word] of Object.entries(words)) {
      const one = word as unknown as Word;
      const before = x.map((tensor) => tensor.clone());
      const wanted = x.tensors.map((tensor, i) => one(tensor as never, a.at(i) as never, b.at(i) as never) as Tensor);
      same(t, word(x, a, b), wanted, name);
      same(t, x, before.tensors, `${name} leaves the list as it was`);
    }
    t.end();
  });

  t.test(`words in place, ${dtype}`, (t) => {
    manualSeed(2);
    const [x, a, b] = [draw(dtype, 0.1), draw(dtype, 0.1), draw(dtype, 0.1)];
    for (const [name, word] of Object.entries(inPlace)) {
      const one = word as unknown as Word;
      const wanted = x.tensors.map(
        (tensor, i) => one(tensor.clone() as never, a.at(i) as never, b.at(i) as never) as Tensor,
      );
      const list = x.clone();
      const tensors = [...list];
      t.equal(word(list, a, b), list, `${name} returns the list`);
      same(t, list, wanted, name);
      t.ok(
        tensors.every((tensor, i) => tensor === list.at(i)),
        `${name} keeps the tensors`,
      );
    }
    t.end();
  });
}

t.test('a number for each tensor, and one tensor for all', (t) => {
  const x = new TensorList([tensor([1, 2]), tensor([[3]])]);
  t.same(
    x.mul([10, 100]).tensors.map((y) => y.toList()),
    [[10, 20], [[300]]],
  );
  t.same(
    x.add([1, 2], { alpha: 2 }).tensors.map((y) => y.toList()),
    [[3, 4], [[7]]],
  );
  t.same(
    x.addcmul(x, x, { value: [1, 2] }).tensors.map((y) => y.toList()),
    [[2, 6], [[21]]],
  );
  const two = tensor(2);
  t.same(
    x.mul(two).tensors.map((y) => y.toList()),
    [[2, 4], [[6]]],
  );
  t.same(
    x.sub(two, { alpha: 3 }).tensors.map((y) => y.toList()),
    [[-5, -4], [[-3]]],
  );
  t.same(x.mul(x.norm()).at(1).toList(), [[9]], 'a scalar of each');
  t.throws(() => x.mul([1]), { code: 'ERR_TENCH_ARGUMENT', message: /2 entries/ });
  t.throws(() => x.add(new TensorList([tensor(1)])), /2 entries/);
  t.throws(() => x.addcmul(x, new TensorList([tensor(1)])), /2 entries/);
  t.throws(() => x.lerp(x, [1]), /2 entries/);
  t.throws(() => x.add('1' as never), /a TensorList, a Tensor, a number/);
  t.end();
});

t.test('gradients', (t) => {
  const p = new TensorList([tensor([1, 2], { requiresGrad: true }), tensor([3], { requiresGrad: true })]);
  t.throws(() => p.grad, { code: 'ERR_TENCH_ARGUMENT', message: /a gradient.*tensors\[0\]\.grad/ });
  p.at(0).mul(p.at(1)).sum().backward();
  t.same(
    p.grad.tensors.map((grad) => grad.toList()),
    [[3, 3], [3]],
  );
  p.grad = p.grad.mul(2);
  t.same(p.at(0).grad?.toList(), [6, 6]);
  t.throws(() => (p.grad = new TensorList([tensor(1)])), /2 entries/);
  t.end();
});

t.test('making, reading, printing', (t) => {
  const x = new TensorList([zeros([2, 3]), zeros([2, 3])]);
  t.equal(x.length, 2);
  t.equal(x.numel(), 12);
  t.equal(inspect(x), 'TensorList(2 tensors, 12 elements, float32, cpu)');
  t.same(x.stack().shape, [2, 2, 3]);
  t.same(new TensorList(x.stack().unbind()).at(-1).shape, [2, 3]);
  t.same(
    x
      .zerosLike()
      .map((y) => y.add(1))
      .at(0)
      .toList(),
    [
      [1, 1, 1],
      [1, 1, 1],
    ],
  );
  t.equal(new TensorList(new Set(x)).at(1), x.at(1));
  t.throws(() => x.at(2), /from -2 to 1/);
  t.throws(() => new TensorList([]), /at least one tensor/);
  t.throws(() => new TensorList([1 as never]), /tensors\[0\]/);
  const one = x.at(0);
  x.dispose();
  t.notOk(one.isAlive);
  t.end();
});
