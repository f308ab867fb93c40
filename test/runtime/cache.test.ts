import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import t from 'tap';

import { cacheFolder, makeFolderOnce } from '../../lib/runtime/cache.js';
import { ended, start, until } from './processes.js';

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

t.test('a file in the place of the folder is an error, not replaced', async (t) => {
  const parent = t.testdir({ made: 'a file' });
  await t.rejects(makeFolderOnce(join(parent, 'made'), async () => undefined));
  await t.rejects(
    makeFolderOnce(join(parent, 'made', 'inner'), async () => undefined),
    { code: 'ERR_TENCH_CACHE', message: /cannot make the folder .*made: E.*TENCH_CACHE/ },
  );
  t.equal(readFileSync(join(parent, 'made'), 'utf8'), 'a file');
  t.same(readdirSync(parent), ['made']);
  mkdirSync(join(parent, 'empty'));
  t.equal(
    await makeFolderOnce(join(parent, 'empty'), async () => void t.fail('is there already')),
    join(parent, 'empty'),
  );
});
