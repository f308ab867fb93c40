/** The generated files are what their script makes of LibTorch's schemas, so that nobody edits them and nobody forgets to write them anew. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { pinnedVersion } from '../../lib/runtime/libtorch/version.js';
import { libtorchVersion } from '../../lib/tensor/index.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const other =
  !libtorchVersion().startsWith(pinnedVersion) &&
  `they are written with LibTorch ${pinnedVersion}, not ${libtorchVersion()}`;

t.test('the generated operators are up to date', { skip: other }, (t) => {
  const args = ['dist/scripts/generate-operators.js', '--check'];
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  t.equal(run.status, 0, run.stderr);
  t.end();
});
