/** A tensor goes to another thread without a copy, and its owners are counted. */

import { Worker } from 'node:worker_threads';
import t from 'tap';

import { collectGarbage } from '../collect.js';
import {
  callOperator,
  inferenceMode,
  memory,
  noGrad,
  ones,
  receiveTensor,
  scope,
  shareTensor,
  storageOwners,
  tensor,
  zeros,
  type TicketData,
} from '../../lib/tensor/index.js';

const library = new URL('../../lib/tensor/index.js', import.meta.url).href;

/** A worker that runs `code` for each message, with the message as `message`, and posts what it returns. */
class Thread {
  readonly #worker: Worker;

  constructor(code: string) {
    this.#worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
      const loaded = import(${JSON.stringify(library)});
      const kept = [];
      parentPort.on('message', async (message) => {
        const T = await loaded;
        parentPort.postMessage(await (async () => { ${code} })());
      });`,
      { eval: true },
    );
  }

  ask(message: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#worker.once('message', resolve);
      this.#worker.once('error', reject);
      this.#worker.postMessage(message);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

t.test('both threads see what either writes, and no bytes are added', async (t) => {
  const thread = new Thread(`
    if (message.ticket) kept.push(T.receiveTensor(message.ticket));
    T.scope(() => void kept[0].get(0).fill_(7));
    return kept[0].toList();`);
  const x = tensor([1, 2, 3]);
  collectGarbage();
  const before = memory().bytes;
  t.equal(storageOwners(x), 1);
  const ticket = shareTensor(x);
  t.same([ticket.shape, ticket.dtype], [[3], 'float32']);
  t.equal(storageOwners(x), 2, 'the ticket is one');
  t.same(await thread.ask({ ticket }), [7, 2, 3]);
  t.same(x.toList(), [7, 2, 3]);
  t.equal(storageOwners(x), 2, 'and then the one who received');
  collectGarbage();
  t.equal(memory().bytes, before);
  scope(() => void x.get(0).fill_(1));
  t.equal(x.version, 2, 'changes in both threads are counted together');
  t.same(await thread.ask({}), [7, 2, 3]);
  await thread.end();
  t.equal(storageOwners(x), 1, 'until its thread ends');
});

t.test('the storage lives as long as one owner', async (t) => {
  collectGarbage();
  const before = memory().bytes;
  const thread = new Thread(`
    if (message.ticket) kept.push(T.receiveTensor(message.ticket));
    return T.scope(() => kept[0].sum().item());`);
  const x = ones([1000]);
  t.equal(await thread.ask({ ticket: shareTensor(x) }), 1000);
  x.dispose();
  t.equal(memory().bytes - before, 4000);
  t.equal(await thread.ask({}), 1000);
  await thread.end();
  collectGarbage();
  t.equal(memory().bytes, before);
});

t.test('workers add their gradients up in one tensor', async (t) => {
  const total = zeros([100]);
  const step = `
    const sum = T.receiveTensor(message.total), w = T.receiveTensor(message.w);
    w.mul(message.by).sum().backward();
    sum.add_(w.grad);
    return w.requiresGrad && w.isLeaf;`;
  const threads = [new Thread(step), new Thread(step)];
  const w = ones([100], { requiresGrad: true });
  const tickets = { total: shareTensor(total, { receivers: 2 }), w: shareTensor(w, { receivers: 2 }) };
  for (const [i, thread] of threads.entries()) t.equal(await thread.ask({ ...tickets, by: i + 1 }), true);
  t.equal(total.sum().item(), 300);
  t.equal(w.grad, null, 'gradients are not shared');
  await Promise.all(threads.map((thread) => thread.end()));
});

t.test('views, dtypes and flags arrive as they were', async (t) => {
  const base = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  for (const x of [
    base.transpose(0, 1),
    base.get(1),
    base.to('bfloat16'),
    tensor([true, false]),
    tensor([1n, 2n]),
    zeros([0, 3]),
    tensor(5),
    inferenceMode(() => base.mul(2)),
    tensor(new Float32Array([1, 2]), { dtype: 'complex64', shape: [1] }).conj(),
  ] as const) {
    const received = receiveTensor(structuredClone(shareTensor(x)));
    t.same([received.shape, received.stride(), received.dtype], [x.shape, x.stride(), x.dtype]);
    t.same(received.toList(), x.toList());
    t.equal(storageOwners(received), storageOwners(x));
  }
  const leaf = ones([2], { requiresGrad: true });
  const received = receiveTensor(shareTensor(leaf));
  t.ok(received.requiresGrad && received.isLeaf);
  t.notOk(receiveTensor(shareTensor(leaf.detach())).requiresGrad);
});

t.test('a ticket is good for as many receivers as it was made for', async (t) => {
  const x = ones([2]);
  const ticket = shareTensor(x, { receivers: 2 });
  receiveTensor(ticket).dispose();
  receiveTensor(ticket).dispose();
  t.throws(() => receiveTensor(ticket), { code: 'ERR_TENCH_TICKET', message: /received already/ });
  t.equal(storageOwners(x), 1);

  const revoked = shareTensor(x);
  t.equal(revoked.revoke(), true);
  t.equal(revoked.revoke(), false);
  t.throws(() => receiveTensor(revoked), { code: 'ERR_TENCH_TICKET' });
  t.equal(storageOwners(x), 1);
});

t.test('tickets end with the thread that made them, unless they outlive it', async (t) => {
  collectGarbage();
  const before = memory().bytes;
  const thread = new Thread(`return [T.shareTensor(T.ones([50])), T.shareTensor(T.ones([60]), { outlives: true })];`);
  const [left, staying] = (await thread.ask({})) as [TicketData, TicketData];
  await thread.end();
  t.throws(() => receiveTensor(left), { code: 'ERR_TENCH_TICKET', message: /has ended/ });
  const x = receiveTensor(staying);
  t.equal(
    scope(() => x.sum().item()),
    60,
  );
  t.equal(memory().bytes - before, 240);
  x.dispose();
});

t.test('what cannot be handed over is refused', async (t) => {
  const w = ones([2], { requiresGrad: true });
  t.throws(() => shareTensor(w.mul(2)), { code: 'ERR_TENCH_ARGUMENT', message: /detach\(\)/ });
  t.throws(() => shareTensor(callOperator('aten::to_sparse', [ones([2])]) as never), {
    code: 'ERR_TENCH_ARGUMENT',
    message: /dense/,
  });
  t.throws(() => shareTensor('x' as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => shareTensor(w, { receivers: 0 }), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => shareTensor(w, { outlives: 1 as never }), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => shareTensor(w, null as never), { code: 'ERR_TENCH_ARGUMENT' });
  for (const ticket of [null, undefined, {}, { tenchTensor: -1 }, { tenchTensor: '1' }, { tenchTensor: 0.5 }])
    t.throws(() => receiveTensor(ticket as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => receiveTensor({ tenchTensor: 1, shape: [], dtype: 'float32' }), { code: 'ERR_TENCH_TICKET' });

  const x = ones([2]);
  const ticket = shareTensor(x);
  t.throws(
    () => noGrad(() => callOperator('aten::resize_', [x, [4]])),
    { code: 'ERR_TENCH_OPERATOR' },
    'it would move',
  );
  ticket.revoke();
});
