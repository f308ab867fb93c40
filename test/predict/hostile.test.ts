/** Whatever a function of the predict room is given, it returns or throws a typed error, which says what was wrong. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import * as room from '../../lib/predict/index.js';
import { ArgumentError, TenchError, setNumThreads } from '../../lib/tensor/index.js';
import { messagesOf } from '../messages.js';
import { provokeRoom } from '../provoke.js';
import { predictFolder, predictRoom } from './room.js';

const seed = 1;

setNumThreads(1);
t.teardown(() => rmSync(predictFolder, { recursive: true }));

t.test(`all that is exported, seed ${seed}`, async (t) => {
  // A text is a path, whatever it says.
  const before = process.cwd();
  process.chdir(mkdtempSync(join(predictFolder, 'texts-')));
  const { calls, places, faults } = await provokeRoom(predictRoom, { seed, numRuns: 40 });
  t.strictSame(faults, []);
  t.ok(calls >= 8, `${calls} functions, constructors, methods and accessors are called`);
  t.ok(places > 20, `${places} right arguments are spoilt`);
  t.notOk(
    [...readdirSync('.'), ...readdirSync(predictFolder)].some((name) => name.endsWith('.tmp')),
    'nothing half-written is left',
  );
  process.chdir(before);
});

const loose = room as unknown as Record<keyof typeof room, (...args: unknown[]) => Promise<unknown>>;

t.test('the message names the argument, what was expected and what came', async (t) => {
  const path = join(predictFolder, 'right.safetensors');
  const predictor = await room.loadLearner(path, { thread: false });
  const predict = (...args: unknown[]): unknown => (predictor.predict as (...args: unknown[]) => unknown)(...args);
  await messagesOf(t, [
    [() => loose.loadLearner(7), ArgumentError, [/path/, /a file/, /7/]],
    [() => loose.loadLearner(path, { batchSize: 0 }), ArgumentError, [/batchSize/, /at least 1/, /0/]],
    [() => loose.loadLearner(path, { device: 7 }), ArgumentError, [/device/, /7/]],
    [() => loose.loadLearner(path, { thread: 'yes' }), ArgumentError, [/thread/, /true or false/, /yes/]],
    [
      () => loose.loadLearner(path, { thread: true, processors: [] }),
      ArgumentError,
      [/thread/, /`processors`.*`code`/],
    ],
    [() => loose.loadLearner(path, { model: 7 }), ArgumentError, [/model/, /Module/, /7/]],
    [() => loose.loadLearner(path, { transforms: { a: 7 } }), ArgumentError, [/transforms\.a/, /function/, /7/]],
    [() => loose.loadLearner(path, { processors: [7] }), ArgumentError, [/processors/, /fromJSON/, /7/]],
    [() => loose.loadLearner(path, { device: 'cuda:99', thread: false }), TenchError, [/cuda/i]],
    [() => predict(7), ArgumentError, [/source/, /readable stream/, /7/]],
    [() => predict([path, null]), ArgumentError, [/sources/, /readable stream/, /null/]],
    [() => predict(path, { tta: { n: 2 } }), TenchError, [/no BatchAugment/, /`tta`/]],
    [() => predict(path, { signal: 'stop' }), ArgumentError, [/signal/, /AbortSignal/, /stop/]],
    [
      () => predictor.predictBatch([path], { onError: 'skip' as never }),
      ArgumentError,
      [/onError/, /'return'/, /skip/],
    ],
    [() => loose.exportLearner('learner', path), ArgumentError, [/learn/, /Learner/]],
  ]);
});
