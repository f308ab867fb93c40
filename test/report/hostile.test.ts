/** Whatever a function of the report room is given, it returns or throws a typed error, which says what was wrong. */

import { rmSync } from 'node:fs';

import t from 'tap';

import * as room from '../../lib/report/index.js';
import { ArgumentError } from '../../lib/tensor/index.js';
import { messagesOf } from '../messages.js';
import { provokeRoom } from '../provoke.js';
import { reportFolder, reportRoom } from './room.js';

t.teardown(() => {
  rmSync(reportFolder, { recursive: true });
});

const seed = 1;

t.test(`all that is exported, seed ${seed}`, async (t) => {
  const { calls, places, faults } = await provokeRoom(reportRoom, { seed, numRuns: 40 });
  t.strictSame(faults, []);
  t.ok(calls > 12, `${calls} functions, constructors, methods and accessors are called`);
  t.ok(places > 20, `${places} right arguments are spoilt`);
});

const loose = room as unknown as Record<
  keyof typeof room,
  { (...args: unknown[]): unknown; new (...args: unknown[]): unknown }
>;

t.test('the message names the argument, what was expected and what came', async (t) => {
  await messagesOf(t, [
    [() => loose.formatBytes(-1), ArgumentError, [/bytes/, /at least 0/, /-1/]],
    [() => loose.formatDuration('soon'), ArgumentError, [/seconds/, /number/, /soon/]],
    [() => new loose.EpochTable('loss'), ArgumentError, [/names/, /array/, /loss/]],
    [() => new loose.EpochTable(['loss'], NaN), ArgumentError, [/maxWidth/, /number/, /NaN/]],
    [() => new loose.ProgressCallback({ table: 'stdout' }), ArgumentError, [/table/, /stream/, /stdout/]],
    [() => loose.showTransfer(null), ArgumentError, [/stream/, /null/]],
  ]);
});
