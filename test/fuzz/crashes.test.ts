/** Every call that has once ended a process is answered by a typed error. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { crashList, readCrashes } from '../../scripts/fuzz/crashes.js';
import type { Outcome } from '../../scripts/fuzz/evaluate.js';

const replay = fileURLToPath(new URL('../../scripts/fuzz/replay.js', import.meta.url));

t.test('calls that crash LibTorch throw instead', (t) => {
  const crashes = readCrashes();
  t.ok(crashes.length > 20, `${crashes.length} calls are listed`);
  const { stdout, signal, status } = spawnSync(process.execPath, [replay, crashList], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const lines = stdout.split('\n').filter(Boolean);
  t.equal(signal, null, `the process lives${signal === null ? '' : `, after ${lines.at(-1)}`}`);
  t.equal(status, 0, 'and ends by itself');
  const outcomes = lines.filter((_, index) => index % 2 === 1).map((line) => JSON.parse(line) as Outcome);
  crashes.forEach(({ operator, ended }, index) => {
    t.equal(outcomes[index]?.kind, 'threw', `${operator}: a typed error instead of ${ended}`);
  });
  t.end();
});
