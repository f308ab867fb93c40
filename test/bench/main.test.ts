/** The command line of the benchmarks. */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import t from 'tap';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

function bench(...args: string[]) {
  return spawnSync(process.execPath, ['dist/bench/main.js', ...args], { cwd: repository, encoding: 'utf8' });
}

t.test('list names every benchmark, by the file that describes it', async (t) => {
  const machinery = ['main', 'setup', 'benchmarks'];
  const files = readdirSync(`${repository}bench`).filter((name) => name.endsWith('.ts'));
  const expected = files.map((name) => name.slice(0, -'.ts'.length)).filter((name) => !machinery.includes(name));
  const { status, stdout, stderr } = bench('list');
  const named = stdout.trimEnd().split('\n');
  t.same(named.map((line) => line.split(' ')[0]).sort(), expected.sort());
  for (const line of named) t.match(line, /^\S+ {2,}\S/, 'with what it measures');
  t.match({ status, stderr }, { status: 0, stderr: '' });
});

t.test('wrong usage is told, with exit code 2 and nothing on stdout', async (t) => {
  for (const args of [[], ['nothing'], ['ops', 'more'], ['ops', '--fast'], ['ops', '--data'], ['ops', '--out', 'x']]) {
    const { status, stdout, stderr } = bench(...args);
    t.match({ status, stdout }, { status: 2, stdout: '' }, args.join(' '));
    t.match(stderr, /^tench: .+\nUsage: npm run -s bench/);
  }
  t.match(bench('--help'), { status: 0, stdout: /^Usage/ });
});
