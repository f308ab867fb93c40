/** A process that has opened LibTorch ends as any other does: with its exit code, and with all that it has printed. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import t from 'tap';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

function run(script: string) {
  const code = `import * as tench from 'tench'; const x = tench.ones([4]).requiresGrad_(); ${script}`;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: repository,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return { status, signal, stdout, stderr };
}

t.test('exit codes are what the program says', async (t) => {
  t.match(run(''), { status: 0, signal: null, stderr: '' });
  t.match(run('process.exit(3)'), { status: 3, signal: null, stderr: '' });
  t.match(run('process.exitCode = 4'), { status: 4, signal: null, stderr: '' });
  t.match(run("throw new Error('on purpose')"), { status: 1, signal: null, stderr: /on purpose/ });
});

t.test('what was written to a pipe arrives, also by exit listeners', async (t) => {
  const { status, stdout } = run(
    "process.stdout.write('a'.repeat(3_000_000)); process.on('exit', () => process.stdout.write('z'))",
  );
  t.equal(status, 0);
  t.equal(stdout.length, 3_000_001);
  t.ok(stdout.endsWith('az'));
});

// With a preloaded library every destructor runs, those of LibTorch too.
const skip = process.env.LD_PRELOAD ? 'a library is preloaded' : false;

t.test('ending while another thread is in LibTorch harms nobody', { skip }, async (t) => {
  const backward = `
    let y = x;
    for (let i = 0; i < 20_000; i += 1) y = y.mul(1.0001);
    void tench.backwardAsync(y.sum());
    process.exit(5);`;
  t.match(run(backward), { status: 5, signal: null, stderr: '' });

  const busy = `
    import { parentPort } from 'node:worker_threads';
    import { ones } from 'tench';
    parentPort.postMessage('busy');
    for (;;) ones([100, 100]).matmul(ones([100, 100]));`;
  const worker = `
    const { Worker } = await import('node:worker_threads');
    new Worker(${JSON.stringify(busy)}, { eval: true }).once('message', () => process.exit(6));`;
  t.match(run(worker), { status: 6, signal: null, stderr: '' });
});
