import { inspect } from 'node:util';

import t from 'tap';

import {
  ArgumentError,
  OperatorError,
  TensorGenerator,
  callOperator,
  createGenerator,
  manualSeed,
  rand,
  randperm,
  tensor,
  zeros,
  type Tensor,
} from '../../lib/tensor/index.js';
import { goldenCases } from './golden.js';

t.test('a generator draws the numbers of its seed, whatever else is drawn', async (t) => {
  manualSeed(5);
  const wanted = zeros([4]).normal_().toList();
  const generator = createGenerator({ seed: 5 });
  manualSeed(1);
  const before = rand([3]).toList();
  manualSeed(1);
  const first = zeros([2]).normal_(0, 1, { generator });
  t.same(rand([3]).toList(), before, 'the default generator stands where it stood');
  t.notSame(first.toList(), zeros([2]).normal_(0, 1, { generator }).toList(), 'the next draw goes on');
  t.same(
    zeros([4])
      .normal_(0, 1, { generator: generator.manualSeed(5) })
      .toList(),
    wanted,
    'seeded again',
  );
});

t.test("the numbers are PyTorch's", async (t) => {
  const [recorded] = goldenCases<{ seed: number; uniform: number[]; permutation: number[]; bernoulli: number[] }>(
    'generators',
  );
  const { seed, uniform, permutation, bernoulli } = recorded!;
  const generator = createGenerator({ seed });
  t.same(rand([4], { generator }).toList(), uniform);
  t.same(randperm(6, { generator }).toList(), permutation);
  t.same(
    (callOperator('aten::bernoulli', [tensor([0.5, 0.5, 0.5, 0.5])], { generator }) as Tensor).toList(),
    bernoulli,
  );
});

t.test('a state can be kept and put back', async (t) => {
  const generator = createGenerator({ seed: 2n ** 63n });
  t.equal(generator.initialSeed(), 2n ** 63n);
  const state = generator.getState();
  t.equal(state.dtype, 'uint8');
  const first = rand([3], { generator }).toList();
  t.same(rand([3], { generator: createGenerator().setState(state) }).toList(), first);
  t.throws(() => generator.setState(zeros([3])), OperatorError);
});

t.test('what is no generator is refused', async (t) => {
  t.throws(() => createGenerator({ seed: -1 }), ArgumentError);
  t.throws(() => createGenerator({ device: 'meta' }), ArgumentError);
  t.throws(() => createGenerator({ device: 'nowhere' }), ArgumentError);
  for (const generator of [3, 'cpu', {}, tensor(1)]) {
    t.throws(() => callOperator('aten::bernoulli', [tensor([0.5])], { generator }), { code: 'ERR_TENCH_ARGUMENT' });
  }
  t.match(inspect(createGenerator({ seed: 7 })), /cpu, seed 7/);
  t.type(createGenerator(), TensorGenerator);
});
