/** A short run of what `npm run fuzz` does for long: whatever is called, built, trained or read returns or throws a typed error. */

import t from 'tap';

import { isCallKind, type CallKind } from '../../scripts/fuzz/kind.js';
import { kinds } from '../../scripts/fuzz/kinds.js';
import { supervise } from '../../scripts/fuzz/supervisor.js';

const seed = 20;

/** Calls of a run that takes a few seconds, and how many of the kind's subjects must return something in it. */
const short: Readonly<Record<string, readonly [calls: number, subjects: number]>> = {
  calls: [3200, 500],
  indexing: [1200, 30],
  training: [900, 45],
  files: [240, 6],
  images: [600, 30],
};

/** The leaks run is a test of its own already, test/tensor/leaks.test.ts. */
for (const kind of kinds.filter((kind): kind is CallKind => isCallKind(kind))) {
  t.test(`hostile ${kind.name}, seed ${seed}`, async (t) => {
    const [calls, subjects] = short[kind.name]!;
    const summary = await supervise({
      kind: { ...kind, batch: 1600 },
      seed,
      calls,
      env: process.env,
      onFinding: ({ how, source, detail }) => t.fail(how, { source, detail }),
      onProgress: () => undefined,
    });
    t.equal(summary.calls, calls, 'all calls are made');
    t.equal(summary.returned + summary.threw, summary.calls, 'and each returns or throws');
    t.ok(summary.reached.size >= subjects, `${summary.reached.size} subjects have returned something`);
  });
}
