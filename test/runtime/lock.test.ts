import { existsSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import t from 'tap';

import { withLock } from '../../lib/runtime/lock.js';
import { ended, start, until } from './processes.js';

t.test('a dead owner is replaced by exactly one of many waiters', async (t) => {
  const parent = t.testdir();
  const path = join(parent, 'thing');
  const log = join(parent, 'log');
  const child = start(
    `await withLock(${JSON.stringify(path)}, async () => { setInterval(() => {}, 1000); await new Promise(() => {}); });`,
  );
  await until(() => existsSync(`${path}.lock`) && readFileSync(`${path}.lock`, 'utf8') !== '');
  child.kill('SIGKILL');
  await ended(child);
  const script = `for (let n = 0; n < 5; n++) await withLock(${JSON.stringify(path)}, async () => {
    await appendFile(${JSON.stringify(log)}, 'in ');
    await sleep(5);
    await appendFile(${JSON.stringify(log)}, 'out ');
  });`;
  await Promise.all([1, 2, 3].map(() => ended(start(script))));
  t.equal(readFileSync(log, 'utf8'), 'in out '.repeat(15), 'never two at once');
});

t.test('of many who find a dead owner at once, none removes the lock of one who was quicker', async (t) => {
  const parent = t.testdir();
  const path = join(parent, 'thing');
  const own = await withLock(path, async () => JSON.parse(readFileSync(`${path}.lock`, 'utf8')) as object);
  let [inside, most, ran] = [0, 0, 0];
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside);
    await new Promise(setImmediate);
    inside -= 1;
    ran += 1;
  };
  for (let round = 0; round < 8; round++) {
    writeFileSync(`${path}.lock`, JSON.stringify({ ...own, token: `dead ${round}`, started: '1' }));
    await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (i) => {
        await sleep((7 * i + round) % 4);
        await withLock(path, work);
      }),
    );
    t.same(readdirSync(parent), [], 'nothing is left');
  }
  t.same([most, ran], [1, 48]);
});

t.test('a living owner is waited for', async (t) => {
  const path = join(t.testdir(), 'thing');
  const order: string[] = [];
  let waits = 0;
  let release = (): void => undefined;
  const waited = new Promise<void>((resolve) => (release = resolve));
  const first = withLock(path, async () => {
    await waited;
    order.push('first');
  });
  await until(() => existsSync(`${path}.lock`));
  const onWait = (): void => {
    waits += 1;
    release();
  };
  await withLock(path, async () => void order.push('second'), { onWait });
  release();
  await first;
  t.same(order, ['first', 'second']);
  t.equal(waits, 1);
  t.notOk(existsSync(`${path}.lock`));
});

t.test('waiting ends with the signal', async (t) => {
  const path = join(t.testdir(), 'thing');
  await withLock(path, async () => {
    const waiting = withLock(path, async () => void t.fail('both hold the lock'), { signal: AbortSignal.timeout(50) });
    await t.rejects(waiting);
  });
});

t.test('an owner that cannot be looked up is believed for a minute', async (t) => {
  const parent = t.testdir();
  const path = join(parent, 'thing');
  const elsewhere = { token: 'x', pid: 1, started: '1', space: 'another machine' };
  writeFileSync(`${path}.lock`, JSON.stringify(elsewhere));
  await t.rejects(withLock(path, async () => undefined, { signal: AbortSignal.timeout(150) }));
  const before = new Date(Date.now() - 61_000);
  utimesSync(`${path}.lock`, before, before);
  t.equal(await withLock(path, async () => 'mine'), 'mine');
  writeFileSync(`${path}.lock`, '');
  utimesSync(`${path}.lock`, before, before);
  t.equal(await withLock(path, async () => 'mine'), 'mine', 'so is one that was killed before it had written');
  t.same(readdirSync(parent), []);
});

t.test('a number that another process has now does not count as the owner', async (t) => {
  const path = join(t.testdir(), 'thing');
  const own = await withLock(path, async () => JSON.parse(readFileSync(`${path}.lock`, 'utf8')) as object);
  writeFileSync(`${path}.lock`, JSON.stringify({ ...own, token: 'x', started: '1' }));
  t.equal(await withLock(path, async () => 'mine', { onWait: () => t.fail('waits for a stranger') }), 'mine');
});
