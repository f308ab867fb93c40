/** `memory({ trace: true })` names the lines that made the live tensors. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { findSourceMap } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import ts from 'typescript';

import { collectGarbage } from '../collect.js';
import * as nn from '../../lib/nn/index.js';
import { memory, ones, randn, scope, zeros, type Tensor } from '../../lib/tensor/index.js';

// tap runs Node with source maps, and then lines are those of the source.
const here = fileURLToPath(
  findSourceMap(fileURLToPath(import.meta.url)) === undefined
    ? import.meta.url
    : new URL('../../../test/tensor/trace.test.ts', import.meta.url),
);
const library = new URL('../../lib/tensor/index.js', import.meta.url).href;

t.afterEach(() => void memory({ trace: false }));

t.test('lines, counts, bytes, oldest first', async (t) => {
  collectGarbage();
  const before = ones([3]);
  t.same(memory({ trace: true }).sources, [], 'it starts with the first call');
  const kept: Tensor[] = [zeros([10, 10])];
  for (let i = 0; i < 5; i += 1) kept.push(ones([4]));
  const view = kept[0]!.get(0);
  scope(() => void ones([5]).add(1));

  const { sources, untraced, tensors, bytes } = memory({ trace: true });
  t.same(
    sources.map(({ at, ...rest }) => [at.startsWith(here), rest.tensors, rest.bytes, rest.example]),
    [
      [true, 1, 400, 'float32 [10, 10]'],
      [true, 5, 80, 'float32 [4]'],
      [true, 1, 0, 'float32 [10]'],
    ],
    'a view has no bytes of its own, and what a scope released is gone',
  );
  t.equal(untraced, 1);
  t.equal(tensors, 8);
  t.equal(bytes, 400 + 80 + 12);
  const [first, second, third] = sources.map(({ at }) => Number(at.slice(here.length + 1).split(':')[0]));
  t.ok(first! < second! && second! < third!);
  for (const { oldest, newest } of sources) t.ok(oldest >= newest && newest >= 0 && oldest < 60);

  view.dispose();
  kept.length = 1;
  collectGarbage();
  t.same(
    memory({ trace: true }).sources.map((source) => source.tensors),
    [1],
    'tracing keeps nothing alive',
  );
  t.ok(before.isAlive && kept[0]!.isAlive);
});

t.test('what the library makes is the caller’s', async (t) => {
  memory({ trace: true });
  const layer = new nn.Sequential(new nn.Linear(3, 4), new nn.Linear(4, 2));
  const out = layer.call(randn([1, 3]));
  collectGarbage();
  const { sources } = memory({ trace: true });
  t.ok(sources.every(({ at }) => at.startsWith(here)));
  t.ok(out.isAlive);
});

t.test('off again', async (t) => {
  memory({ trace: true });
  const x = ones([2]);
  t.notOk('sources' in memory({ trace: false }));
  t.notOk('sources' in memory());
  t.same(memory({ trace: true }).sources, []);
  t.ok(x.isAlive);
  t.throws(() => memory({ trace: 1 as never }), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => memory(null as never), { code: 'ERR_TENCH_ARGUMENT' });
});

t.test('lines are those of the source when Node knows it', async (t) => {
  const folder = t.testdir();
  const source = `import { memory, ones } from ${JSON.stringify(library)};

interface Batch { xb: unknown }
memory({ trace: true });
function load(): Batch {
  return { xb: ones([2]) };
}
const batch: Batch = load();
console.log(memory({ trace: true }).sources[0]!.at, batch.xb !== null);
`;
  const { outputText } = ts.transpileModule(source, {
    fileName: 'user.mts',
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, inlineSourceMap: true },
  });
  const program = join(folder, 'user.mjs');
  writeFileSync(program, outputText);
  const output = execFileSync(process.execPath, ['--enable-source-maps', program], { encoding: 'utf8' });
  t.equal(output, `${join(folder, 'user.mts')}:6:16 true\n`);
});
