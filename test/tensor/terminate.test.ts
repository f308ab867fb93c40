/** Two hundred workers, each terminated in the middle of something, while the main thread computes: nobody else notices. */

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import t from 'tap';

import { collectGarbage } from '../collect.js';
import { memory, ones, tensor } from '../../lib/tensor/index.js';

const library = new URL('../../lib/tensor/index.js', import.meta.url).href;

/** What the workers are in the middle of; each runs for ever. */
const work: Record<string, string> = {
  operators: `for (;;) x.matmul(w).relu_().sum();`,
  'one long operator': `const big = T.randn([1500, 1500]); for (;;) big.matmul(big);`,
  'a backward with a hook in JavaScript': `
    for (;;) {
      const h = x.matmul(w);
      h.registerHook((gradient) => gradient.mul(2));
      h.pow(2).mean().backward();
    }`,
  'a backward inside a hook': `
    for (;;) {
      const h = x.matmul(w);
      h.registerHook(() => { T.enableGrad(() => x.matmul(w).sum().backward()); });
      h.pow(2).mean().backward();
    }`,
  'backwards that nobody waits for, with hooks': `
    for (;;) {
      const h = x.matmul(w);
      h.registerHook((gradient) => gradient.mul(2));
      await Promise.all([T.backwardAsync(h.pow(2).mean()), T.backwardAsync(x.matmul(w).sum())]);
    }`,
  'a scope': `T.scope(() => { for (;;) T.scope(() => x.matmul(w).relu()); });`,
  'switches that are on': `T.inferenceMode(() => T.autocast({}, () => { for (;;) x.matmul(x.transpose(0, 1)); }));`,
  exceptions: `for (;;) try { x.matmul(x); } catch {}`,
  'handing over': `for (;;) { parentPort.postMessage(T.shareTensor(T.ones([1000]))); await new Promise(setImmediate); }`,
};

function start(code: string): { worker: Worker; started: Promise<unknown> } {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
    (async () => {
      const T = await import(${JSON.stringify(library)});
      const w = T.randn([50, 50], { requiresGrad: true });
      const x = T.randn([64, 50]);
      parentPort.postMessage('started');
      ${code}
    })();`,
    { eval: true },
  );
  const started = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { worker, started };
}

/** 8, through a backward with a hook. */
function compute(): number | undefined {
  const w = tensor([3], { requiresGrad: true });
  w.registerHook((gradient) => gradient.mul(2));
  w.mul(ones([4]))
    .sum()
    .backward();
  return w.grad?.item();
}

/** Bytes and tensors alive when all that can go has gone. */
function alive(): { tensors: number; bytes: number } {
  collectGarbage();
  const { tensors, bytes } = memory();
  return { tensors, bytes };
}

t.test('200 workers are terminated in the middle of their work', async (t) => {
  const terminations = 200;
  const names = Object.keys(work);
  const before = alive();
  let ended = 0;
  let computed = 0;
  /** Terminates every second one, so that two are at work at a time. */
  const lane = async (first: number): Promise<void> => {
    for (let i = first; i < terminations; i += 2) {
      const { worker, started } = start(work[names[(i >> 1) % names.length]!]!);
      await started;
      await sleep(i % 11);
      await worker.terminate();
      ended += 1;
    }
  };
  const lanes = Promise.all([lane(0), lane(1)]);
  const state = { running: true };
  lanes.finally(() => (state.running = false)).catch(() => undefined);
  while (state.running) {
    const result = compute();
    if (result !== 8) t.fail(`the main thread computed ${String(result)} for 8`);
    computed += 1;
    await sleep(1);
  }
  await lanes;
  t.equal(ended, terminations);
  t.ok(computed > 0);
  // Threads of backwards that nobody waits for may outlive their worker by a moment.
  for (let now = alive(); now.bytes > before.bytes || now.tensors > before.tensors; now = alive()) await sleep(20);
  t.same(alive(), before, 'and all of their memory came back');
});
