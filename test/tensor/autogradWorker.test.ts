/** Workers that end while the thread of a backward waits for their JavaScript. */

import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import t from 'tap';

import { ones } from '../../lib/tensor/index.js';

const library = new URL('../../lib/tensor/index.js', import.meta.url).href;

/** Backwards through hooks, custom functions and checkpoints, for ever. */
const everything = `
  const T = await import(${JSON.stringify(library)});
  class Twice extends T.AutogradFunction {
    forward(x) { this.saveForBackward({ x }); return x.mul(2); }
    backward(gradient) {
      const leaf = this.saved.x.detach().requiresGrad_();
      T.grad(T.enableGrad(() => leaf.exp().sum()), leaf);
      return gradient.mul(2);
    }
  }
  const w = T.randn([16, 16], { requiresGrad: true });
  const step = () => {
    const y = T.checkpoint((x) => Twice.apply(x.matmul(w)).tanh(), T.ones([4, 16]));
    y.registerHook((gradient) => gradient.mul(1));
    return y.sum();
  };`;

function start(code: string): Worker {
  return new Worker(`(async () => { ${code} })().catch((error) => { throw error; })`, { eval: true });
}

function said(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

t.test('terminated in the middle of backward', async (t) => {
  for (let i = 0; i < 15; i += 1) {
    const worker = start(`${everything}
      require('node:worker_threads').parentPort.postMessage('ready');
      while (true) step().backward();`);
    await said(worker);
    await new Promise((resolve) => setTimeout(resolve, 3 * i));
    await worker.terminate();
    t.equal(ones([4]).sum().item(), 4);
  }
});

t.test('ended by itself inside a hook, and while a backward runs beside the event loop', async (t) => {
  const endings = [
    `const y = w.mul(1); y.registerHook(() => process.exit(3)); y.sum().backward();`,
    `const y = w.mul(1); y.registerHook(() => process.exit(3)); T.backwardAsync(y.sum());`,
    `const y = w.mul(1); y.registerHook((g) => g); T.backwardAsync(y.sum()); process.exit(3);`,
    `T.backwardAsync(step()); T.backwardAsync(step()); setImmediate(() => process.exit(3));`,
    `T.detectAnomaly(() => { const y = w.mul(1); y.registerHook(() => process.exit(3)); y.sum().backward(); });`,
    `T.checkpoint(() => process.exit(3));`,
  ];
  for (const ending of endings) {
    const worker = start(`${everything} ${ending}`);
    const code = await new Promise((resolve) => worker.once('exit', resolve));
    t.equal(code, 3, ending);
  }
  t.equal(ones([4]).sum().item(), 4);
});

t.test('a process ends in the same ways', async (t) => {
  for (const ending of [
    `const y = w.mul(1); y.registerHook(() => process.exit(3)); y.sum().backward();`,
    `T.backwardAsync(step()); setImmediate(() => process.exit(3));`,
    `T.backwardAsync(step()).then(() => process.exit(3));`,
  ]) {
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', `${everything} ${ending}`], {
      encoding: 'utf8',
    });
    t.equal(child.status, 3, ending + child.stderr);
  }
});
