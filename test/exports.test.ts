/** Nothing that the library exports is left out of the tests that call everything with hostile values. */

import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import * as charts from '../lib/charts/index.js';
import * as data from '../lib/data/index.js';
import * as library from '../lib/index.js';
import * as io from '../lib/io/index.js';
import * as learner from '../lib/learner/index.js';
import * as nn from '../lib/nn/index.js';
import * as optim from '../lib/optim/index.js';
import * as predict from '../lib/predict/index.js';
import * as report from '../lib/report/index.js';
import * as tensor from '../lib/tensor/index.js';
import * as vision from '../lib/vision/index.js';
import { chartsFolder, chartsRoom } from './charts/room.js';
import { dataFolder, dataRoom } from './data/room.js';
import { ioFolder, ioRoom } from './io/room.js';
import { learnerRoom } from './learner/room.js';
import { predictFolder, predictRoom } from './predict/room.js';
import { reportFolder, reportRoom } from './report/room.js';
import { visionFolder, visionRoom } from './vision/room.js';

t.teardown(() => {
  for (const folder of [chartsFolder, dataFolder, ioFolder, predictFolder, reportFolder, visionFolder])
    rmSync(folder, { recursive: true });
});

/** The rooms' indices, by the test that walks over all of one. */
const walked: Readonly<Record<string, object>> = {
  'tensor/properties': tensor,
  'charts/hostile': charts,
  'nn/properties': nn,
  'optim/properties': optim,
  'data/hostile': data,
  'vision/hostile': vision,
  'learner/hostile': learner,
  'report/hostile': report,
  'io/hostile': io,
  'predict/hostile': predict,
};

const isNamespace = (value: unknown): value is object => Object.prototype.toString.call(value) === '[object Module]';

/** Functions and classes of a namespace and of those inside it, by name. */
function* callables(namespace: object, prefix = ''): Generator<[name: string, value: object]> {
  for (const [key, value] of Object.entries(namespace) as [string, unknown][]) {
    if (isNamespace(value)) yield* callables(value, `${prefix}${key}.`);
    else if (typeof value === 'function') yield [prefix + key, value];
  }
}

t.test('every function and class is in a room that a test walks over', (t) => {
  for (const name of Object.keys(walked)) {
    const source = readFileSync(fileURLToPath(new URL(`${name}.test.js`, import.meta.url)), 'utf8');
    t.match(source, /provokeRoom\(/, name);
  }
  const reached = new Set(Object.values(walked).flatMap((room) => [...callables(room)].map(([, value]) => value)));
  const exported = [...callables(library)];
  t.strictSame(
    exported.filter(([, value]) => !reached.has(value)).map(([name]) => name),
    [],
  );
  t.ok(exported.length > 800, `${exported.length} functions and classes are exported`);
  t.end();
});

t.test('every function that takes arguments has right ones to be spoilt', (t) => {
  for (const { exports, apart = {}, valid = {} } of [
    chartsRoom,
    dataRoom,
    visionRoom,
    learnerRoom,
    reportRoom,
    ioRoom,
    predictRoom,
  ]) {
    for (const [name, value] of callables(exports)) {
      const isClass = Function.prototype.toString.call(value).startsWith('class');
      if (isClass || name in apart || (value as { length: number }).length === 0) continue;
      t.ok(name in valid, name);
    }
  }
  t.end();
});
