/** Ctrl-C: one press asks, npm's echo of it changes nothing, a second press ends the process. */

import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';

const address = new URL('../../lib/cli/interrupt.js', import.meta.url).href;

/** Never ends by itself. */
const script = `
  import { Interrupt } from ${JSON.stringify(address)};
  const interrupt = new Interrupt(() => console.log('asked')).listen();
  interrupt.signal.addEventListener('abort', () => console.log('aborted'));
  setInterval(() => undefined, 1000);
  console.log('ready');
`;

t.test('presses and their echoes', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  let stdout = '';
  let errors = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  let code: number | null | undefined;
  const ended = new Promise<void>((resolve) => {
    child.on('close', (value) => {
      code = value;
      resolve();
    });
  });
  const until = async (text: string): Promise<void> => {
    while (!stdout.includes(text) && code === undefined) await sleep(5);
  };

  await until('ready');
  t.equal(errors, '');
  child.kill('SIGINT');
  await until('aborted');
  child.kill('SIGINT');
  await sleep(100);
  t.equal(code, undefined, 'the echo of the first press does not end it');
  t.equal(stdout, 'ready\nasked\naborted\n');

  await sleep(600);
  child.kill('SIGINT');
  await ended;
  t.equal(code, 130);
});
