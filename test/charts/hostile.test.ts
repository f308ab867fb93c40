/** Whatever a chart is made of or asked for, it is drawn or refused with a typed error, which says what was wrong. */

import { rmSync } from 'node:fs';

import t from 'tap';

import * as room from '../../lib/charts/index.js';
import { ArgumentError } from '../../lib/tensor/index.js';
import { messagesOf } from '../messages.js';
import { provokeRoom } from '../provoke.js';
import { chartsFolder, chartsRoom } from './room.js';

const seed = 1;

t.teardown(() => rmSync(chartsFolder, { recursive: true }));

t.test(`all that is exported, seed ${seed}`, async (t) => {
  const { calls, places, faults } = await provokeRoom(chartsRoom, { seed, numRuns: 20 });
  t.strictSame(faults, []);
  t.ok(calls > 5, `${calls} constructors, methods and accessors are called`);
  t.ok(places > 30, `${places} right arguments are spoilt`);
});

const loose = room as unknown as Record<keyof typeof room, new (...args: unknown[]) => room.Chart>;
const line = { kind: 'line', name: 'loss', y: [1] };
const make = (options: object) => () => new loose.Chart({ title: 'Loss', ...options });
const chart = make({ series: [line] })();

t.test('the message names the argument, what was expected and what came', async (t) => {
  await messagesOf(t, [
    [() => new loose.Chart('Loss'), ArgumentError, [/Chart/, /plain object/, /Loss/]],
    [make({}), ArgumentError, [/Chart: panels/, /panels or series/]],
    [make({ panels: [] }), ArgumentError, [/Chart: panels/, /1 to 64/]],
    [make({ series: [{ ...line, kind: 'pie' }] }), ArgumentError, [/kind/, /'histogram' or 'heatmap'/, /pie/]],
    [make({ series: [{ ...line, y: [1, '2'] }] }), ArgumentError, [/loss\.y/, /numbers/, /"2"/]],
    [make({ series: [{ ...line, x: [1, 2] }] }), ArgumentError, [/loss\.x/, /1 numbers/]],
    [make({ series: [line], y: { log: true, from: 0 } }), ArgumentError, [/Chart: y\.from/, /above 0/, /0/]],
    [make({ series: [line], x: { from: 2, to: 1 } }), ArgumentError, [/Chart: x\.to/, /more than 2/, /1/]],
    [make({ series: [{ kind: 'heatmap', name: 'h', rows: [[1], []] }] }), ArgumentError, [/h\.rows/, /one length/]],
    [() => chart.save('loss.gif'), ArgumentError, [/path/, /\.svg/, /loss\.gif/]],
    [() => chart.svg({ width: 10 }), ArgumentError, [/width/, /at least 120/, /10/]],
    [() => chart.png({ theme: 'auto' }), ArgumentError, [/theme/, /'light' or 'dark'/, /auto/]],
    [() => chart.terminal({ width: 0 }), ArgumentError, [/width/, /at least 1/, /0/]],
  ]);
});
