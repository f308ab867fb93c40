/** docs/data.md quotes its examples as they are, and they run; what it names exists. */

import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import * as tench from '../../lib/index.js';
import { codeOf, quoted, read, runExample } from './examples.js';

const root = new URL('../../../', import.meta.url);
const page = read('docs/data.md');

for (const name of ['texts', 'shards']) {
  t.test(`${name}.ts is quoted without its header`, (t) => {
    const example = `examples/data/${name}.ts`;
    t.equal(quoted('docs/data.md', example), codeOf(example));
    t.end();
  });
}

const run = (name: string, cwd: string, ...args: string[]): string => {
  const { stdout, stderr, status } = runExample(`examples/data/${name}.ts`, { cwd, args });
  if (status !== 0) throw new Error(stderr);
  return stdout;
};

t.test('texts.ts learns to tell verdicts, and saves its data', (t) => {
  const folder = t.testdir();
  const out = run('texts', folder);
  t.match(out, /^(good|bad) \[/);
  t.match(out, /epoch 5 .*valid loss [\d.]+ accuracy (1|0\.9)/);
  t.same(readdirSync(folder).sort(), ['data.json', 'reviews.csv']);
  t.end();
});

t.test('shards.ts gives batches of all samples', (t) => {
  const out = run('shards', t.testdir(), fileURLToPath(new URL('test/goldens/data', root)));
  t.match(out, /^\[ 8, \d+ \] \[ 8 \]\n\[ 7, \d+ \] \[ 7 \]\n$/);
  t.end();
});

t.test('every name that looks like one of ours is one', (t) => {
  const names = page
    .match(/`(?:new )?[A-Z]\w+(?=[`(.])|`[a-z]+[A-Z]\w+(?=[`(])/g)!
    .map((name) => name.replace(/`(new )?/, ''));
  const others = [
    'Uint8Array',
    'JSON',
    'fromJSON',
    'withTest',
    'leftOut',
    'minCount',
    'toDatabunch',
    'oneBatch',
    'labelOf',
    'groupOf',
  ];
  t.ok(names.length > 30);
  t.same(
    [...new Set(names)].filter((name) => !(name in tench) && !others.includes(name)),
    [],
  );
  t.end();
});
