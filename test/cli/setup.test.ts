import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import t from 'tap';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Takes the compiler's place: writes each output in two halves, and believes in its own notes about what it has written, as the real
 * one does.
 */
const compiler = `
const { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } = require('node:fs');
const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
const notes = existsSync('dist/.tsbuildinfo') ? JSON.parse(readFileSync('dist/.tsbuildinfo', 'utf8')) : {};
mkdirSync('dist/lib/cli', { recursive: true });
for (const name of readdirSync('lib', { recursive: true }).filter((name) => name.endsWith('.ts'))) {
  const text = readFileSync('lib/' + name, 'utf8');
  if (text.includes('an error')) process.exit(2);
  if (notes[name] === text) continue;
  notes[name] = text;
  writeFileSync('dist/.tsbuildinfo', JSON.stringify(notes));
  const output = 'dist/lib/' + name.replace(/ts$/, 'js');
  writeFileSync(output, text.slice(0, 10));
  pause();
  writeFileSync(output, text);
}
`;

/** Takes the bundler's place: refuses what was not compiled. */
const bundler = `
const { readFileSync } = require('node:fs');
exports.build = async ({ entryPoints }) => entryPoints.forEach((path) => readFileSync(path));
`;

/** Takes npm's place: removes and fills node_modules slowly, writes npm's own stamp last, and notes each of its runs. Waits while there is a file `hold`. */
const npm = `#!/bin/sh
echo run >> npm.log
while [ -e hold ]; do sleep 0.05; done
rm -rf node_modules
mkdir -p node_modules/typescript/bin node_modules/esbuild
sleep 0.1
cp bin/tsc node_modules/typescript/bin/tsc
cp bin/esbuild.cjs node_modules/esbuild/index.js
sleep 0.1
echo '{}' > node_modules/.package-lock.json
`;

/** A clone that holds the real way in, and instead of tench a file that says it ran. */
function clone(root: string): string {
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'lib/cli'), { recursive: true });
  writeFileSync(join(root, 'bin/npm'), npm, { mode: 0o755 });
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(root, 'package-lock.json'), '{}');
  writeFileSync(join(root, 'bin/tsc'), compiler);
  writeFileSync(join(root, 'bin/esbuild.cjs'), bundler);
  writeFileSync(join(root, 'tsconfig.json'), '{}');
  writeFileSync(
    join(root, 'lib/cli/main.ts'),
    "import { word } from '../word.js';\nexport const main = (argv) => (console.log(word, ...argv), 7);\n",
  );
  writeFileSync(join(root, 'lib/word.ts'), "export const word = 'ran';\n");
  writeFileSync(join(root, 'lib/index.ts'), "export * from './word.js';\n");
  for (const name of ['tench', 'lock', 'typescript', 'bundle', 'dependencies']) {
    cpSync(join(repository, `scripts/${name}.mjs`), join(root, `scripts/${name}.mjs`));
  }
  return root;
}

function environment(root: string): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${root}/bin:${process.env.PATH}` };
}

interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

function tench(root: string, ...args: string[]): Run {
  return spawnSync(process.execPath, [join(root, 'scripts/tench.mjs'), ...args], {
    env: environment(root),
    encoding: 'utf8',
  });
}

function runs(root: string): number {
  return existsSync(join(root, 'npm.log')) ? readFileSync(join(root, 'npm.log'), 'utf8').trim().split('\n').length : 0;
}

t.test('a fresh clone sets itself up, a second run has nothing to do and says nothing', (t) => {
  const root = clone(t.testdir());
  const first = tench(root, 'setup', '--option');
  t.match(first, { status: 7, stdout: 'ran setup --option\n' });
  t.match(first.stderr, /installing the dependencies\ntench: compiling the TypeScript\n/);
  t.match(tench(root, 'setup'), { status: 7, stdout: 'ran setup\n', stderr: '' });
  t.equal(runs(root), 1);

  // A touch is no change of the lock's content; another content is.
  utimesSync(join(root, 'package-lock.json'), new Date(), new Date());
  t.match(tench(root, 'setup').stderr, /^tench: compiling/, 'not installed again');
  writeFileSync(join(root, 'package-lock.json'), '{ }');
  t.match(tench(root, 'setup').stderr, /installing the dependencies/);
  t.end();
});

t.test('only what changed is done again', (t) => {
  const root = clone(t.testdir());
  writeFileSync(join(root, 'lib/gone.ts'), 'export const gone = 1;\n');
  tench(root, 'setup');
  t.ok(existsSync(join(root, 'dist/lib/gone.js')));
  rmSync(join(root, 'lib/gone.ts'));
  writeFileSync(join(root, 'lib/word.ts'), "export const word = 'ran anew';\n");
  t.match(tench(root, 'setup'), { stdout: 'ran anew setup\n', stderr: 'tench: compiling the TypeScript\n' });
  t.notOk(existsSync(join(root, 'dist/lib/gone.js')), 'what has lost its source is removed');

  writeFileSync(join(root, 'lib/word.ts'), 'an error\n');
  const failed = tench(root, 'setup');
  t.match(failed, { status: 1, stdout: /^$/ });
  t.match(failed.stderr, /the TypeScript does not compile/);
  t.equal(tench(root, 'setup').status, 1, 'and it is not forgotten');
  t.equal(runs(root), 1);
  t.end();
});

t.test('two set-ups at once: one works, the other waits', async (t) => {
  const root = clone(t.testdir());
  writeFileSync(join(root, 'hold'), '');
  const both = [begin(root), begin(root)].map((child) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      if (String(chunk).includes('waiting for another set-up')) rmSync(join(root, 'hold'), { force: true });
    });
    return finish(child);
  });
  for (const run of await Promise.all(both)) t.match(run, { status: 7, stdout: 'ran setup\n' });
  t.equal(runs(root), 1);
});

t.test('killed at any moment, the next run makes it whole', async (t) => {
  const root = clone(t.testdir());
  for (const moment of [40, 100, 150, 200, 250, 300, 350, 400, 500]) {
    const child = begin(root);
    const ended = once(child, 'exit');
    await sleep(moment);
    child.kill('SIGKILL');
    await ended;
    // Every second time the set-up has got further, or not, and is killed again from there.
    if (moment % 100 === 50) continue;
    t.match(tench(root, 'setup'), { status: 7, stdout: 'ran setup\n' }, `after ${moment} ms`);
    t.match(tench(root, 'setup'), { status: 7, stderr: '' });
    for (const folder of ['node_modules', 'dist']) rmSync(join(root, folder), { recursive: true });
  }
  t.same(
    readdirSync(root).filter((name) => /lock$|tmp/.test(name)),
    [],
    'no lock is left behind',
  );
});

t.test('the doctor changes nothing', (t) => {
  const root = clone(t.testdir());
  t.match(tench(root, 'doctor'), { status: 1, stdout: 'tench is not set up yet: run `npm run setup`\n' });
  t.match(JSON.parse(tench(root, 'doctor', '--json').stdout), { ok: false, help: 'run `npm run setup`' });
  t.notOk(existsSync(join(root, 'dist')));
  t.end();
});

function begin(root: string): ChildProcess {
  return spawn(process.execPath, [join(root, 'scripts/tench.mjs'), 'setup'], {
    env: environment(root),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function finish(child: ChildProcess): Promise<Run> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += String(chunk)));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, stdout, stderr };
}
