import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import t from 'tap';

import { cacheFolder, makeFolderOnce, withLock } from '../../lib/runtime/cache.js';

const library = new URL('../../lib/runtime/cache.js', import.meta.url).href;

/** Runs a script in a process of its own; `makeFolderOnce`, `withLock` and `sleep` are at hand there. */
function start(script: string): ChildProcess {
  const head = `
    const { makeFolderOnce, withLock } = await import(${JSON.stringify(library)});
    const { writeFile, appendFile } = await import('node:fs/promises');
    const { setTimeout: sleep } = await import('node:timers/promises');`;
  return spawn(process.execPath, ['--input-type=module', '-e', head + script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => child.on('exit', done));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

t.test('the cache folder follows TENCH_CACHE, then XDG, then the home folder', async (t) => {
  t.equal(cacheFolder({ TENCH_CACHE: '/a/b', XDG_CACHE_HOME: '/c' }), '/a/b');
  t.equal(cacheFolder({ TENCH_CACHE: 'here' }), join(process.cwd(), 'here'));
  t.equal(cacheFolder({ XDG_CACHE_HOME: '/c' }), '/c/tench');
  t.equal(cacheFolder({ XDG_CACHE_HOME: 'relative' }), join(homedir(), '.cache', 'tench'));
  t.equal(cacheFolder({ TENCH_CACHE: '', XDG_CACHE_HOME: '' }), join(homedir(), '.cache', 'tench'));
});

t.test('a folder is built once, and only a finished one is seen', async (t) => {
  const folder = join(t.testdir(), 'deep', 'made');
  let builds = 0;
  const build = async (temporary: string) => {
    builds++;
    t.notOk(existsSync(folder));
    writeFileSync(join(temporary, 'a'), 'a');
  };
  t.equal(await makeFolderOnce(folder, build), folder);
  t.equal(await makeFolderOnce(folder, build), folder);
  t.equal(builds, 1);
  t.same(readdirSync(join(folder, '..')), ['made'], 'no lock and no temporary folder is left');
  t.same(readdirSync(folder), ['a']);
});

t.test('a build that fails leaves nothing and may be tried again', async (t) => {
  const parent = t.testdir();
  const folder = join(parent, 'made');
  const failing = makeFolderOnce(folder, async (temporary) => {
    writeFileSync(join(temporary, 'half'), '');
    throw new Error('no luck');
  });
  await t.rejects(failing, { message: 'no luck' });
  t.same(readdirSync(parent), []);
  await makeFolderOnce(folder, async () => undefined);
  t.same(readdirSync(parent), ['made']);
});

t.test('several processes build a folder once', async (t) => {
  const parent = t.testdir();
  const script = `await makeFolderOnce(${JSON.stringify(join(parent, 'made'))}, async (temporary) => {
    await appendFile(${JSON.stringify(join(parent, 'log'))}, 'x');
    await sleep(200);
    await writeFile(temporary + '/a', 'whole');
  });`;
  t.same(await Promise.all([1, 2, 3, 4].map(() => ended(start(script)))), [0, 0, 0, 0]);
  t.equal(readFileSync(join(parent, 'log'), 'utf8'), 'x');
  t.equal(readFileSync(join(parent, 'made', 'a'), 'utf8'), 'whole');
  t.same(readdirSync(parent).sort(), ['log', 'made']);
});

t.test('what a killed process leaves is taken over and removed', async (t) => {
  const parent = t.testdir();
  const folder = join(parent, 'made');
  const child = start(`await makeFolderOnce(${JSON.stringify(folder)}, async (temporary) => {
    await writeFile(temporary + '/half', 'half');
    setInterval(() => {}, 1000);
    await new Promise(() => {});
  });`);
  await until(() => readdirSync(parent, { recursive: true }).some((path) => String(path).endsWith('half')));
  t.notOk(existsSync(folder), 'nothing looks finished');
  child.kill('SIGKILL');
  await ended(child);
  t.equal(readdirSync(parent).length, 2, 'its lock and its temporary folder are there');
  let waited = false;
  await makeFolderOnce(folder, async (temporary) => writeFileSync(join(temporary, 'a'), 'a'), {
    onWait: () => (waited = true),
  });
  t.notOk(waited, 'nobody waits for the dead');
  t.same(readdirSync(parent), ['made']);
  t.same(readdirSync(folder), ['a']);
});

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

t.test('a living owner is waited for', async (t) => {
  const path = join(t.testdir(), 'thing');
  const order: string[] = [];
  let waits = 0;
  const first = withLock(path, async () => {
    await sleep(250);
    order.push('first');
  });
  await until(() => existsSync(`${path}.lock`));
  await withLock(path, async () => void order.push('second'), { onWait: () => waits++ });
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

t.test('a file in the place of the folder is an error, not replaced', async (t) => {
  const parent = t.testdir({ made: 'a file' });
  await t.rejects(makeFolderOnce(join(parent, 'made'), async () => undefined));
  t.equal(readFileSync(join(parent, 'made'), 'utf8'), 'a file');
  t.same(readdirSync(parent), ['made']);
  mkdirSync(join(parent, 'empty'));
  t.equal(
    await makeFolderOnce(join(parent, 'empty'), async () => void t.fail('is there already')),
    join(parent, 'empty'),
  );
});
