import t from 'tap';

import { arange, slice, tensor, type Index, type Tensor } from '../../lib/tensor/index.js';
import { goldenCases } from './golden.js';

const x = (): Tensor => arange(24).reshape([2, 3, 4]);

function parse(text: string): Index {
  if (text === 'n') return null;
  if (text === '...') return '...';
  if (text === 'mask') return x().gt(10);
  if (text === 'rows') return tensor([1, 0], { dtype: 'int64' });
  if (text === 'rowmask') return tensor([false, true]);
  if (text === 'list') return [3, 0];
  const [kind, ...rest] = text.split(':');
  if (kind === 'i') return Number(rest[0]);
  const [start, end, step] = rest.map((part) => (part === '' ? null : Number(part)));
  return slice(start ?? null, end ?? null, step ?? 1);
}

t.test('reading and writing agree with PyTorch', async (t) => {
  interface Case {
    index: string[];
    read: unknown;
    shape: number[];
    written: unknown;
  }
  for (const { index, read, shape, written } of goldenCases<Case>('indexing')) {
    const name = `[${index.join(', ')}]`;
    const indices = index.map(parse);
    const part = x().get(...indices);
    t.same(part.shape, shape, `${name} has PyTorch's shape`);
    t.same(part.toList(), read, `${name} reads the same`);
    t.same(x().set(indices, -1).toList(), written, `${name} writes the same`);
  }
});

t.test('parts by number and range share memory, gathers do not', async (t) => {
  const base = x();
  base.get(0, slice(1)).zero_();
  t.equal(base.get(0).sum().item(), 6, 'zeroing a range changed the tensor');
  base.get([0]).zero_();
  t.equal(base.get(0).sum().item(), 6, 'zeroing a gather did not');
});

t.test('a tensor is assigned, broadcast and converted', async (t) => {
  const base = x();
  base.set([1], tensor([1, 2, 3, 4], { dtype: 'int64' }));
  t.same(base.get(1, 2).toList(), [1, 2, 3, 4]);
  base.set(base.gt(3), 0.5);
  t.equal(base.max().item(), 3);
});

t.test('what cannot be an index is refused with its place', async (t) => {
  const base = x();
  t.throws(() => base.get(2), { message: /whole number from -2 to 1 on axis 0.*received 2/ });
  t.throws(() => base.get(0.5), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => base.get(0, 0, 0, 0), { message: /at most 3 axes of shape \[2, 3, 4\]/ });
  t.throws(() => base.get('...', '...'), { message: /at most one/ });
  t.throws(() => base.get(slice(0, 2, 0)), { message: /slice: step/ });
  t.throws(() => base.get(tensor([0.5])), { message: /integer dtype or bool/ });
  t.throws(() => base.get('0' as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(
    () => base.get([5]),
    { code: 'ERR_TENCH_OPERATOR' },
    'an index tensor out of range is an error of the operator',
  );
});
