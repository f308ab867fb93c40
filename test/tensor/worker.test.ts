import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';

import { ones } from '../../lib/tensor/index.js';

const library = new URL('../../lib/tensor/index.js', import.meta.url).href;

function train(steps: number): string {
  return `
    const T = await import(${JSON.stringify(library)});
    const w = T.randn([20, 20], { requiresGrad: true });
    const x = T.randn([64, 20]);
    for (let i = 0; i < ${steps}; i += 1) {
      const hook = w.registerHook((g) => g.mul(1));
      x.matmul(w).pow(2).mean().backward();
      hook.remove();
      T.noGrad(() => w.add_(w.grad, { alpha: -0.1 }));
      w.grad = null;
    }`;
}

function ended(worker: Worker): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', resolve);
  });
}

function start(code: string): Worker {
  return new Worker(`(async () => { ${code} })().catch((error) => { throw error; })`, { eval: true });
}

t.test('two workers and the main thread train at once', async (t) => {
  const workers = [start(train(300)), start(train(300))];
  const codes = workers.map(ended);
  for (let i = 0; i < 300; i += 1)
    t.equal(
      ones([8, 8])
        .matmul(ones([8, 8]))
        .get(0, 0)
        .item() === 8 || i,
      true,
    );
  t.same(await Promise.all(codes), [0, 0]);
});

/** Trains a small network with draws of its own generator, and answers the digits of the weights. */
function trainSeeded(seed: number): string {
  return `
    const T = await import(${JSON.stringify(library)});
    const generator = T.createGenerator({ seed: ${seed} });
    const draw = (shape) => T.randn(shape, { generator });
    const w = draw([20, 20]).requiresGrad_();
    for (let i = 0; i < 200; i += 1) {
      draw([64, 20]).matmul(w).tanh().pow(2).mean().backward();
      T.noGrad(() => w.add_(w.grad, { alpha: -0.1 }));
      w.grad = null;
    }
    const answer = Array.from(w.toTypedArray()).join();`;
}

t.test('two workers at once train to the bit what each trains alone', async (t) => {
  const trained = async (seed: number): Promise<string> => {
    const worker = start(`${trainSeeded(seed)} require('node:worker_threads').parentPort.postMessage(answer);`);
    const [answer] = (await once(worker, 'message')) as [string];
    return answer;
  };
  const alone = [await trained(1), await trained(2)];
  t.not(alone[0], alone[1]);
  t.same(await Promise.all([trained(1), trained(2)]), alone);
});

t.test('a process that loads the addon only in workers, 20 times, ends well', async (t) => {
  const code = `
    const { Worker } = require('node:worker_threads');
    (async () => {
      for (let i = 0; i < 20; i += 1) {
        const code = await new Promise((resolve, reject) => {
          const worker = new Worker(${JSON.stringify(`(async () => { ${train(5)} })()`)}, { eval: true });
          worker.once('error', reject);
          worker.once('exit', resolve);
        });
        if (code !== 0) throw new Error('worker ' + i + ' ended with ' + code);
      }
      console.log('all ended');
    })();`;
  const child = spawnSync(process.execPath, ['--eval', code], { encoding: 'utf8' });
  t.equal(child.stderr, '');
  t.equal(child.stdout.trim(), 'all ended');
  t.equal(child.status, 0);
});

t.test('terminating workers in the middle of operators harms nobody', async (t) => {
  for (let i = 0; i < 12; i += 1) {
    const worker = start(train(1_000_000));
    await new Promise((resolve) => worker.once('online', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20 + i * 15));
    await worker.terminate();
    t.equal(ones([4]).sum().item(), 4);
  }
});
