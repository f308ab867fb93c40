import { execFileSync } from 'node:child_process';
import t from 'tap';

import { collectGarbage } from '../collect.js';
import { emptyCache, memory, ones, resetPeakMemory, setMemoryCap, zeros } from '../../lib/tensor/index.js';

const library = new URL('../../lib/tensor/index.js', import.meta.url).href;

/** Node binaries to try: this one, and those that TENCH_NODES names (separated by colons), as CI does. */
const nodes = [process.execPath, ...(process.env.TENCH_NODES ?? '').split(':').filter((path) => path !== '')];

function run(node: string, code: string, flags: string[] = []): string {
  const script = `const T = await import(${JSON.stringify(library)}); ${code}`;
  return execFileSync(node, ['--expose-gc', ...flags, '--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: 120_000,
  }).trim();
}

for (const node of nodes) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  t.test(`a synchronous loop of 3,000 temporaries of 1 MiB needs no scope (Node ${version})`, async (t) => {
    const code = `
      const peak = () => process.resourceUsage().maxRSS / 1024;
      const base = peak();
      for (let i = 0; i < 3000; i += 1) T.ones([512, 512]);
      console.log(base, peak());`;
    const [base = 0, peak = Infinity] = run(node, code).split(' ').map(Number);
    // A CUDA build of LibTorch takes more than 400 MB before the first tensor is made.
    t.ok(
      peak < Math.max(450, base + 200),
      `peak of ${peak.toFixed(0)} MB, ${base.toFixed(0)} MB of it before the loop`,
    );
  });

  t.test(`finalizers run inside a synchronous loop (Node ${version})`, async (t) => {
    const alive = Number(
      run(node, `for (let i = 0; i < 100; i += 1) T.ones([4]); gc(); console.log(T.memory().tensors);`),
    );
    t.ok(alive < 10, `${alive} of 100 dropped tensors are left after a collection`);
  });

  // In a callback of the event loop Node allocates while it rethrows, and so may collect garbage with the exception half thrown.
  t.test(`a collection in the middle of a throw harms nobody (Node ${version})`, async (t) => {
    const code = `
      const x = T.ones([2]);
      let caught = 0;
      setTimeout(() => {
        for (let i = 0; i < 30000; i += 1) {
          x.add(1);
          try { T.callOperator('aten::add.Tensor', [x]); } catch { caught += 1; }
        }
        console.log(caught);
      });`;
    t.equal(run(node, code, ['--max-semi-space-size=1', '--stack-trace-limit=0']), '30000');
  });

  // V8 asks for the next collection where it is told of a rise, and dies or goes round for ever where that is within one. What is freed adds
  // up over two collections here, while rises too small to be told wait beside it.
  t.test(`a collection that frees tensors tells V8 of no rise (Node ${version})`, async (t) => {
    const code = `
      const floats = (kib) => T.ones([kib * 256]);
      const kept = [];
      for (let i = 0; i < 20; i += 1) {
        floats(60);
        gc({ type: 'minor' });
        kept.push(floats(64), floats(64));
        floats(8);
        kept.push(floats(50));
        // Beyond half of the old space a buffer has everything collected at once.
        for (let k = 0; k < 4; k += 1) new ArrayBuffer(2 ** 26);
        gc();
      }
      console.log(kept.length);`;
    t.equal(run(node, code, ['--max-old-space-size=100']), '60');
  });
}

t.test('a loop that disposes of what it makes does not set the collector to work', async (t) => {
  const code = `
    for (let round = 0; round < 300; round += 1) {
      const batches = Array.from({ length: 8 }, () => T.empty([3 * 2 ** 20]));
      batches.forEach((batch) => batch.dispose());
    }`;
  const collections = (text: string): number => text.split('Mark-Compact').length - 1;
  const idle = collections(run(process.execPath, '', ['--trace-gc']));
  const busy = collections(run(process.execPath, code, ['--trace-gc']));
  t.ok(busy <= idle + 10, `${busy} collections in 300 rounds of 96 MiB, ${idle} without`);
});

t.test('memory counts exactly', async (t) => {
  collectGarbage();
  const before = memory();
  const x = zeros([1000]);
  t.equal(memory().bytes - before.bytes, 4000);
  t.equal(memory().tensors - before.tensors, 1);
  const view = x.get(0);
  t.equal(memory().bytes - before.bytes, 4000, 'a view takes no bytes');
  x.dispose();
  t.equal(memory().bytes - before.bytes, 4000, 'and keeps those of its base');
  view.dispose();
  t.equal(memory().bytes, before.bytes);
});

t.test('running out of memory is an error, and the process goes on', async (t) => {
  emptyCache();
  resetPeakMemory();
  setMemoryCap(memory().heldBytes + 64 * 2 ** 20);
  try {
    t.throws(() => zeros([64, 1024, 1024]), {
      name: 'OutOfMemoryError',
      code: 'ERR_TENCH_MEMORY',
      message: /268435456/,
    });
    t.equal(ones([1024]).sum().item(), 1024);
  } finally {
    setMemoryCap(null);
  }
  t.equal(zeros([64, 1024, 1024]).numel(), 2 ** 26, 'without the cap it fits');
  t.throws(() => zeros([2 ** 50]), { code: 'ERR_TENCH_MEMORY' }, 'more than the machine has');
  t.throws(() => setMemoryCap(-1), { code: 'ERR_TENCH_ARGUMENT' });
});
