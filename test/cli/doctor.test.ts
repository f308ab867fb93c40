import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import type { Findings } from '../../lib/cli/findings.js';
import { findProgram } from '../../lib/runtime/platform.js';

const tench = fileURLToPath(new URL('../../../scripts/tench.mjs', import.meta.url));

function doctor(env: NodeJS.ProcessEnv, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [tench, 'doctor', ...args], { env: { ...process.env, ...env }, encoding: 'utf8' });
}

function findings(env: NodeJS.ProcessEnv): { status: number | null; found: Findings } {
  const { status, stdout } = doctor(env, '--json');
  return { status, found: JSON.parse(stdout) as Findings };
}

t.test('where everything is set up, training would work', (t) => {
  const { status, found } = findings({});
  t.equal(status, 0, found.problems.join('\n'));
  t.match(found, {
    ok: true,
    problems: [],
    help: null,
    node: { version: process.versions.node },
    libtorch: { chosen: { version: /^2\.1[1-4]\./ } },
    addon: { built: true, loads: true },
    devices: ['cpu'],
  });
  t.ok(found.threads.cores >= 1 && (found.threads.openmp ?? 0) >= 1);
  t.ok(found.memory.available <= found.memory.total);
  const text = doctor({});
  t.equal(text.status, 0);
  t.match(text.stdout, /^LibTorch {2}2\.\d+\.\d+ for (CPU|CUDA), in \//m);
  t.match(text.stdout, /^Training would work\.$/m);
  t.end();
});

t.test('an addon that is missing: the command that builds it', (t) => {
  const { status, found } = findings({ TENCH_ADDON: t.testdir() });
  t.equal(status, 1);
  t.match(found, {
    ok: false,
    problems: ['The addon has not been built'],
    help: 'npm run setup',
    addon: { built: false, loads: false },
  });
  t.end();
});

t.test('a LIBTORCH that is none', (t) => {
  const { status, found } = findings({ LIBTORCH: '/nowhere' });
  t.equal(status, 1);
  t.match(found, { help: 'unset LIBTORCH', libtorch: { chosen: null } });
  t.match(found.problems[0], /^LIBTORCH=\/nowhere cannot be used: \/nowhere does not exist$/);
  t.match(doctor({ LIBTORCH: '/nowhere' }).stdout, /^What helps: unset LIBTORCH$/m);
  t.end();
});

t.test('no compiler and no CMake on a machine where the addon is yet to be built', (t) => {
  const root = t.testdir();
  mkdirSync(join(root, 'bin'));
  for (const name of ['node', 'apt-get']) symlinkSync(findProgram(name) ?? '/bin/true', join(root, 'bin', name));
  const { status, found } = findings({ TENCH_ADDON: root, PATH: join(root, 'bin'), CXX: '' });
  t.equal(status, 1);
  t.match(found, { compiler: null, cmake: null, npm: null, help: /apt-get install g\+\+$/ });
  t.end();
});

t.test('wrong usage', (t) => {
  t.match(doctor({}, '--jsn'), { status: 2, stderr: /Usage: tench doctor/ });
  t.match(doctor({}, '--help'), { status: 0, stdout: /Usage: tench doctor/ });
  t.end();
});
