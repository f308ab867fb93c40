/** A short run of what `npm run fuzz` does for long: whatever an operator is given, it returns or throws a typed error. */

import t from 'tap';

import { supervise } from '../../scripts/fuzz/supervisor.js';

const seed = 20;

t.test(`hostile calls of every operator, seed ${seed}`, async (t) => {
  const summary = await supervise({
    seed,
    calls: 3200,
    operators: '',
    batch: 1600,
    env: process.env,
    limits: { seconds: 20, bytes: 4 * 2 ** 30 },
    onFinding: ({ how, source, detail }) => t.fail(how, { source, detail }),
    onProgress: () => undefined,
  });
  t.equal(summary.calls, 3200, 'all calls are made');
  t.equal(summary.returned + summary.threw, summary.calls, 'and each returns or throws');
  t.ok(summary.reached.size > 500, `${summary.reached.size} overloads have returned something`);
});
