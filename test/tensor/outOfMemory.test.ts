/** Running out of memory is an error with sizes, wherever it happens, and everything goes on afterwards. */

import { Worker } from 'node:worker_threads';
import t from 'tap';

import { collectGarbage } from '../collect.js';
import {
  OutOfMemoryError,
  callOperator,
  emptyCache,
  enableGrad,
  memory,
  ones,
  setMemoryCap,
  zeros,
} from '../../lib/tensor/index.js';

const library = new URL('../../lib/tensor/index.js', import.meta.url).href;
const MiB = 2 ** 20;

/** Runs with at most so many bytes more than are in use now. What earlier tests have dropped must not make room in the middle of it. */
async function withRoom<T>(bytes: number, work: () => T | Promise<T>): Promise<T> {
  collectGarbage();
  emptyCache();
  setMemoryCap(memory().heldBytes + bytes);
  try {
    return await work();
  } finally {
    setMemoryCap(null);
  }
}

const outOfMemory = { name: 'OutOfMemoryError', code: 'ERR_TENCH_MEMORY' };

t.test('the message names operator, asked, in use, held, cap and machine', async (t) => {
  const x = ones([MiB]);
  await withRoom(16 * MiB, () => {
    t.throws(() => x.repeat([8]), {
      ...outOfMemory,
      message:
        /repeat.*float32 \[1048576\].*33554432 bytes \(32 MiB\) were asked for, \d+ bytes.* are in use in \d+ blocks, \d+ .*are held, the cap is \d+ .*this machine has at most/,
    });
    t.equal(memory().cap! > 0, true);
    t.equal(x.sum().item(), MiB);
  });
  t.equal(memory().cap, null);
  t.equal(x.repeat([8]).sum().item(), 8 * MiB);
});

t.test('sizes that no machine has', async (t) => {
  t.throws(() => zeros([2 ** 45]), { ...outOfMemory, message: /140737488355328 bytes/ });
  t.throws(() => ones([2 ** 30, 2 ** 30]), { code: /^ERR_TENCH_/ });
  t.throws(() => callOperator('aten::empty.memory_format', [[2 ** 31, 2 ** 31, 4]]), { code: /^ERR_TENCH_/ });
  const wide = ones([1]).expand([2 ** 40]);
  t.throws(() => wide.toTypedArray(), { code: /^ERR_TENCH_/ }, 'a view that holds little, read out whole');
  t.throws(() => wide.clone().mul(2), { code: /^ERR_TENCH_/ });
  t.equal(wide.get(2 ** 39).item(), 1, 'and the view itself is fine');
});

t.test('more tensors than could be held, although they hold next to nothing', (t) => {
  const x = ones([1]).expand([2 ** 31]);
  const cases: [string, unknown[]][] = [
    ['aten::unbind.int', [x, 0]],
    ['aten::unbind.int', [ones([2, 1]).expand([2, 2 ** 31]), -1]],
    ['aten::split.Tensor', [x, 1]],
    ['aten::unsafe_split.Tensor', [x, 2]],
    ['aten::chunk', [x, 2 ** 31]],
    ['aten::tensor_split.sections', [ones([2]), 2 ** 31]],
    ['aten::hsplit.int', [x, 2 ** 31]],
  ];
  for (const [name, args] of cases) t.throws(() => callOperator(name, args), /at most 1048576 tensors/, name);
  const lengths = (name: string, args: unknown[]): unknown =>
    (callOperator(name, args) as { shape: number[] }[]).map(({ shape }) => shape[0]);
  t.same(
    lengths('aten::chunk', [x, 3]),
    [715_827_883, 715_827_883, 715_827_882],
    'a few large pieces are none the worse',
  );
  t.same(lengths('aten::tensor_split.indices', [x, [1, 5], 0]), [1, 4, 2 ** 31 - 5]);
  t.end();
});

t.test('inside backward, and inside a hook of it', async (t) => {
  const w = ones([1], { requiresGrad: true });
  const loss = (): ReturnType<typeof ones> =>
    w
      .expand([8 * MiB])
      .mul(1)
      .cumsum(0)
      .sum();
  const graph = loss();
  await withRoom(4 * MiB, () => {
    t.throws(() => graph.backward(), outOfMemory);
    const h = w.mul(2);
    h.registerHook(() => {
      enableGrad(() => ones([8 * MiB]));
    });
    t.throws(() => h.sum().backward(), outOfMemory);
  });
  t.doesNotThrow(() => loss().backward());
});

t.test('in a worker, which goes on as the main thread does', async (t) => {
  const code = `
    const { parentPort } = require('node:worker_threads');
    import(${JSON.stringify(library)}).then((T) => {
      let message = '';
      try { T.ones([64, 1024, 1024]); } catch (error) { message = error.code; }
      parentPort.postMessage([message, T.ones([4]).sum().item()]);
    });`;
  await withRoom(64 * MiB, async () => {
    const worker = new Worker(code, { eval: true });
    const answer = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    t.same(answer, ['ERR_TENCH_MEMORY', 4]);
    t.equal(ones([3]).sum().item(), 3);
    await worker.terminate();
  });
});

t.test('nothing is lost by a thousand failures', async (t) => {
  collectGarbage();
  const before = memory().bytes;
  await withRoom(4 * MiB, () => {
    const x = ones([1024]);
    for (let i = 0; i < 1000; i += 1) {
      try {
        x.repeat([2048]).add(1);
        t.fail('it fitted');
      } catch (error) {
        if (!(error instanceof OutOfMemoryError)) throw error;
      }
    }
    x.dispose();
  });
  collectGarbage();
  t.equal(memory().bytes, before);
});
