/** Nothing leaks: a long training in which something throws every few steps ends with the tensors and the memory that it had early. */

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';

import type { LongRun } from './longRun.js';

/** TENCH_LEAK_STEPS=100000 takes about a minute. */
const steps = Number(process.env.TENCH_LEAK_STEPS ?? 6000);
const program = fileURLToPath(new URL('longRun.js', import.meta.url));

t.test(`${steps} training steps with exceptions`, async (t) => {
  // V8 lets its young generation grow to 32 MiB in the first twenty thousand steps. Kept small it leaves only what we hold to be seen.
  const flags = ['--max-semi-space-size=1'];
  const { caught, early, late } = JSON.parse(
    execFileSync(process.execPath, [...flags, program, String(steps)], { encoding: 'utf8' }),
  ) as LongRun;
  t.comment(JSON.stringify({ caught, early, late }));
  for (const [name, count] of Object.entries(caught)) t.ok(count > steps / 100, `${name} threw ${count} times`);
  t.equal(late.tensors, early.tensors);
  t.equal(late.bytes, early.bytes);
  t.ok(late.ownBytes < early.ownBytes + 8 * 2 ** 20, `the process: ${early.ownBytes}, then ${late.ownBytes}`);
  t.ok(late.heapBytes < early.heapBytes + 2 ** 20, `heap: ${early.heapBytes}, then ${late.heapBytes}`);
});
