/** Every method and function of the curated surface runs the overload that its arguments ask for, on both ways into LibTorch, with the same result. */

import { readFileSync } from 'node:fs';

import t, { type Test } from 'tap';

import * as T from '../../lib/tensor/index.js';
import * as functions from '../../lib/tensor/generated/functions.js';
import { methodTable } from '../../lib/tensor/generated/methods.js';
import { native } from '../../lib/tensor/native.js';
import { parseSchema, type Schema } from '../../scripts/schema.js';
import { argumentsOf, type Fullness, type Given } from './surface/arguments.js';
import { difference } from './surface/compare.js';

type AnyFunction = (...args: unknown[]) => unknown;

interface Entry {
  title: string;
  operator: string;
  overloads: string[];
  call(args: unknown[]): unknown;
}

/** LibTorch tells nobody that it runs these. */
const unseen = new Set(['is_complex']);

/** LibTorch has no kernels of these for the CPU, and says so. */
const onGpuOnly = new Set(['addmm.dtype', 'baddbmm.dtype', 'bmm.dtype', 'mm.dtype']);

/** LAPACK rounds these by how the copies that it works on happen to lie in memory. */
const rounds = new Set(['linalg_lstsq']);

const schemas = new Map<string, Schema>();
for (const text of native.schemas()) {
  const schema = parseSchema(text);
  if (schema !== null) schemas.set(`${schema.name}.${schema.overload}`, schema);
}

/** The functions are read from their source: what they were made with is not told by the functions themselves. */
function functionTable(): Entry[] {
  const source = readFileSync(new URL('../../../lib/tensor/generated/functions.ts', import.meta.url), 'utf8');
  const made = source.matchAll(/export const (\w+) = \w+Function\(\s*'aten::(\w+)',\s*\[([^\]]*)\]/g);
  return [...made].map(([, name = '', operator = '', overloads = '']) => ({
    title: `${name}()`,
    operator,
    overloads: [...overloads.matchAll(/'(\w*)'/g)].map(([, overload = '']) => overload),
    call: (args) => (functions as unknown as Record<string, AnyFunction>)[name]?.(...args),
  }));
}

const entries: Entry[] = [
  ...methodTable.map(([method, operator, overloads]): Entry => ({
    title: `x.${method}()`,
    operator: operator.slice('aten::'.length),
    overloads: [...overloads],
    call: ([self, ...args]) => (self as Record<string, AnyFunction>)[method]?.(...args),
  })),
  ...functionTable(),
];

interface Answer {
  value: unknown;
  error: Error | null;
  /** The overload that LibTorch was asked for. */
  ran: string;
}

/** Runs a call from the same seed as all others, and asks LibTorch what was run. */
function answer(call: () => unknown): Answer {
  T.manualSeed(5);
  const found: Answer = { value: undefined, error: null, ran: '' };
  native.startWitness();
  try {
    found.value = call();
  } catch (error) {
    found.error = error as Error;
  }
  found.ran = (native.stopWitness()[0] ?? '').replace(/^aten::/, '');
  return found;
}

const camelCase = (options: Given['options']): Given['options'] =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [
      key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

/** Floats that record what happens to them, as tensors inside a network do. */
function recorded({ args, options }: Given): Given {
  const record = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(record);
    return T.isTensor(value) && value.isFloatingPoint() ? value.detach().requiresGrad_().clone() : value;
  };
  return { args: args.map(record), options };
}

function check(t: Test, entry: Entry, schema: Schema, fullness: Fullness, records: boolean): void {
  const fresh = (): Given => {
    const given = argumentsOf(schema, fullness);
    return records ? recorded(given) : given;
  };
  const name = schema.overload === '' ? schema.name : `${schema.name}.${schema.overload}`;
  const title = `${entry.title} as ${name}, ${fullness}${records ? ', recorded' : ''}`;
  const [first, second, third] = [fresh(), fresh(), fresh()];
  const named = Object.keys(first.options).length > 0;
  const boxed = answer(() => entry.call([...first.args, camelCase(first.options)]));
  const short = named ? boxed : answer(() => entry.call(second.args));
  const truth = answer(() => T.callOperator(`aten::${name}`, third.args, third.options));
  const refused = truth.error?.constructor.name;
  if (refused !== undefined && !(records || onGpuOnly.has(name))) t.fail(`${title}: ${String(truth.error)}`);
  if (!unseen.has(name) && truth.ran !== name) t.fail(`${title}: callOperator ran ${truth.ran}`);
  const values = schema.name.includes('empty') ? 'any' : rounds.has(name) ? 'close' : 'same';
  for (const [way, { value, error, ran }] of Object.entries({ 'past the boxed call': short, boxed })) {
    if (error?.constructor.name !== refused) t.fail(`${title}, ${way}: ${String(error)}`);
    if (ran !== truth.ran) t.fail(`${title}, ${way}: ran ${ran}`);
    const differs = difference(value, truth.value, { values });
    if (differs !== null) t.fail(`${title}, ${way}: ${differs}`);
  }
}

t.test('the surface is as large as its lists', async (t) => {
  t.equal(methodTable.length, new Set(methodTable.map(([method]) => method)).size);
  t.ok(entries.length > 850, `${entries.length} methods and functions`);
});

t.test('every overload is reached, with one result on every way', async (t) => {
  let overloads = 0;
  for (const entry of entries) {
    for (const overload of entry.overloads) {
      const schema = schemas.get(`${entry.operator}.${overload}`);
      if (schema === undefined) {
        t.fail(`${entry.title}: LibTorch has no ${entry.operator}.${overload}`);
        continue;
      }
      overloads += 1;
      for (const [fullness, records] of [
        ['least', false],
        ['most', false],
        ['least', true],
      ] as const) {
        try {
          T.scope(() => {
            check(t, entry, schema, fullness, records);
          });
        } catch (error) {
          t.fail(`${entry.title} as ${schema.text}, ${fullness}${records ? ', recorded' : ''}: ${String(error)}`);
        }
      }
    }
    t.pass(entry.title);
  }
  t.ok(overloads > 1100, `${overloads} overloads`);
});
