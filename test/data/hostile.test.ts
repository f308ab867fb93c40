/** Whatever a function of the data room is given, it returns or throws a typed error, which says what was wrong. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import * as room from '../../lib/data/index.js';
import { ArgumentError, TenchError, setNumThreads } from '../../lib/tensor/index.js';
import { messagesOf, type MessageCase } from '../messages.js';
import { provokeRoom } from '../provoke.js';
import { dataFolder, dataRoom } from './room.js';

const seed = 1;

process.env.TENCH_CACHE = join(dataFolder, 'cache');
setNumThreads(1);
t.teardown(() => rmSync(dataFolder, { recursive: true }));

t.test(`all that is exported, seed ${seed}`, async (t) => {
  const { calls, places, faults } = await provokeRoom(dataRoom, { seed, numRuns: 40 });
  t.strictSame(faults, []);
  t.ok(calls > 100, `${calls} functions, constructors, methods and accessors are called`);
  t.ok(places > 350, `${places} right arguments are spoilt`);
});

/** A function or class that takes anything. */
interface Anything {
  (...args: unknown[]): unknown;
  new (...args: unknown[]): unknown;
  fromJSON(json: unknown): unknown;
}

const loose = room as unknown as Record<keyof typeof room, Anything>;

t.test('what a processor has learned is checked when it is loaded', async (t) => {
  const cases: MessageCase[] = [
    [
      () => loose.CategoryProcessor.fromJSON({ kind: 'CategoryProcessor', options: {}, state: { vocab: [null] } }),
      ArgumentError,
      [/vocab/, /null/],
    ],
    [
      () => loose.CategoryProcessor.fromJSON({ kind: 'CategoryProcessor', options: {}, state: 7 }),
      ArgumentError,
      [/state/, /7/],
    ],
    [
      () => loose.NumericalizeProcessor.fromJSON({ kind: 'NumericalizeProcessor', options: {}, state: { vocab: [1] } }),
      ArgumentError,
      [/vocab/, /string/, /1/],
    ],
    [
      () =>
        loose.FillMissingProcessor.fromJSON({ kind: 'FillMissingProcessor', options: {}, state: { fills: 'median' } }),
      ArgumentError,
      [/fills/, /median/],
    ],
    [() => loose.TokenizeProcessor.fromJSON(null), ArgumentError, [/TokenizeProcessor/, /json/, /null/]],
  ];
  await messagesOf(t, cases);
});

t.test('the message names the argument, what was expected and what came', async (t) => {
  const list = new room.ItemList(['a', 'b', 'c']);
  await messagesOf(t, [
    [() => loose.getFiles(7), ArgumentError, [/path/, /folder/, /7/]],
    [() => loose.getFiles(dataFolder, { recurse: 'no' }), ArgumentError, [/recurse/, /true or false/, /no/]],
    [() => loose.getFiles(dataFolder, { extensions: [7] }), ArgumentError, [/extensions/, /\.jpg/, /7/]],
    [() => room.getFiles(join(dataFolder, 'nowhere')), TenchError, [/nowhere/, /does not exist/]],
    [() => room.readIdx(dataFolder), TenchError, [/IDX/, /cannot be read/]],
    [() => room.readIdx('a\0b'), ArgumentError, [/path/, /IDX file/]],
    [() => new loose.DataLoader(list, { batchSize: 0 }), ArgumentError, [/batchSize/, /at least 1/, /0/]],
    [() => new loose.DataLoader({ length: -1, get: () => 1 }), ArgumentError, [/dataset/, /length/]],
    [() => new loose.DataLoader({ length: 2 ** 40, get: () => 1 }), ArgumentError, [/dataset.length/, /from 0 to/]],
    [() => new loose.DataLoader(list, { shuffle: 1 }), ArgumentError, [/shuffle/, /true or false/, /1/]],
    [() => list.at({ start: 0.5 }), ArgumentError, [/start/, /whole number/, /0\.5/]],
    [() => list.get(0, { seed: 1, epoch: NaN }), ArgumentError, [/epoch/, /whole number/, /NaN/]],
    [() => new room.Generator(0).permutation(2 ** 31), ArgumentError, [/`n`/, /from 0 to/, /2147483648/]],
    [() => loose.randomSplitter('half'), ArgumentError, [/pValid/, /0 to 1/, /half/]],
    [() => loose.indexSplitter([-1]), ArgumentError, [/valid/, /at least 0/, /-1/]],
    [() => loose.labelByFunc(list, () => 1), ArgumentError, [/split/, /SplitData/]],
    [() => new room.CategoryProcessor().process([Symbol('x') as never]), ArgumentError, [/label/, /string/, /Symbol/]],
    [() => room.untarData('http://['), ArgumentError, [/address/, /http:\/\/\[/]],
    [() => room.untarData('file://elsewhere/set.tgz'), ArgumentError, [/address/, /elsewhere/]],
    [() => room.untarData('/nowhere.tgz', { silenceMs: NaN }), ArgumentError, [/silenceMs/, /above 0/, /NaN/]],
    [() => room.untarData('/nowhere.tgz'), TenchError, [/cannot find/, /nowhere/]],
  ]);
});
