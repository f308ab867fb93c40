/** Ctrl-C: one press asks, npm's echo of it changes nothing, a second press ends the process. */

import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';

const address = new URL('../../lib/cli/interrupt.js', import.meta.url).href;

/** Never ends by itself. Its clock stands still until it is told, so that how long signals take on their way decides nothing. */
const script = `
  import { Interrupt } from ${JSON.stringify(address)};
  let now = 1000;
  performance.now = () => now;
  const interrupt = new Interrupt(() => console.log('asked')).listen();
  interrupt.signal.addEventListener('abort', () => console.log('aborted'));
  process.on('SIGINT', () => console.log('pressed'));
  process.stdin.on('data', (milliseconds) => console.log('clock', (now += Number(milliseconds))));
  console.log('ready');
`;

t.test('presses and their echoes', async (t) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  let stdout = '';
  let errors = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let isOver = false;
  void ended.then(() => (isOver = true));
  const until = async (text: string): Promise<void> => {
    while (!stdout.endsWith(text) && !isOver) await sleep(5);
  };

  await until('ready\n');
  t.equal(errors, '');
  child.kill('SIGINT');
  await until('asked\naborted\npressed\n');
  child.stdin.write('300');
  await until('clock 1300\n');
  child.kill('SIGINT');
  await until('pressed\n');
  t.equal(
    stdout,
    'ready\nasked\naborted\npressed\nclock 1300\npressed\n',
    'the echo of the first press does not end it, and asks nothing again',
  );

  child.stdin.write('300');
  await until('clock 1600\n');
  child.kill('SIGINT');
  t.equal(await ended, 130);
});
