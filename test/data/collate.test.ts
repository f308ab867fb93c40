import t from 'tap';
import { collate } from '../../lib/data/collate.js';
import { tensor } from '../../lib/tensor/index.js';

const made = (values: unknown[], names?: string[]): [string, number[], unknown] => {
  const batch = collate(values, names);
  return [batch.dtype, batch.shape, batch.toList()];
};

t.test('numbers', (t) => {
  t.same(made([3, 0, 2]), ['int64', [3], [3, 0, 2]], 'whole ones are labels');
  t.same(made([1, 0.5]), ['float32', [2], [1, 0.5]]);
  t.same(made([1n, 2n]), ['int64', [2], [1, 2]]);
  t.same(made([true, false]), ['bool', [2], [true, false]]);
  t.end();
});

t.test('tensors of one shape and type are stacked', (t) => {
  t.same(made([tensor([1, 2]), tensor([3, 4])]), [
    'float32',
    [2, 2],
    [
      [1, 2],
      [3, 4],
    ],
  ]);
  t.same(
    made([tensor(new Uint8Array([1, 2]), { shape: [1, 2] })]),
    ['uint8', [1, 1, 2], [[[1, 2]]]],
    'bytes stay bytes',
  );
  t.end();
});

t.test('rows of numbers', (t) => {
  t.same(
    made([
      [1, 2],
      [3, 4],
    ])[0],
    'int64',
  );
  t.same(made([[0.5], [1]]), ['float32', [2, 1], [[0.5], [1]]]);
  t.same(made([new Float32Array([1, 2])]), ['float32', [1, 2], [[1, 2]]]);
  t.same(made([new Uint8Array([1])])[0], 'uint8');
  t.end();
});

t.test('unequal shapes name the first two items that differ', (t) => {
  const tensors = [tensor([[1, 2]]), tensor([[1, 2]]), tensor([[1, 2, 3]])];
  t.throws(() => collate(tensors, ['a.jpg', 'b.jpg', 'c.jpg']), {
    message: /a\.jpg is float32 \[1, 2\] and c\.jpg is float32 \[1, 3\].*ResizeFixed/,
  });
  t.throws(() => collate([[1], [1, 2]], ['x', 'y']), {
    message: /x is of length 1 and y is of length 2/,
    code: 'ERR_TENCH_SHAPE',
  });
  t.throws(() => collate([tensor([1]), tensor([1n])]), {
    message: /item 0 of the batch is float32 \[1\] and item 1 of the batch is int64 \[1\]/,
  });
  t.end();
});

t.test('what no tensor can hold says what to do', (t) => {
  t.throws(() => collate(['tench'], ['a.jpg']), { message: /a\.jpg is the string "tench".*CategoryProcessor/ });
  t.throws(() => collate([{ width: 1, height: 1 }]), { message: /toByteTensor/ });
  t.throws(() => collate([null]), { message: /null, which no tensor can hold/ });
  t.throws(() => collate([1, 'a']), { message: /one kind.*first is 1 and item 1 of the batch is the string "a"/ });
  t.throws(() => collate([tensor([1]), 2]), { message: /one kind/ });
  t.throws(() => collate([]), { message: /no items/ });
  t.end();
});
