/** Every method and function of the curated surface runs the overload that its arguments ask for, on both ways into LibTorch, with the same result. */

import t, { type Test } from 'tap';

import * as T from '../../lib/tensor/index.js';
import * as functions from '../../lib/tensor/generated/functions.js';
import { native } from '../../lib/tensor/native.js';
import type { Schema } from '../../scripts/schema.js';
import { argumentsOf, type Fullness, type Given } from './surface/arguments.js';
import { difference } from './surface/compare.js';
import { surface, type Entry } from './surface/table.js';

type AnyFunction = (...args: unknown[]) => unknown;

/** LibTorch tells nobody that it runs these. */
const unseen = new Set(['is_complex']);

/** LibTorch has no kernels of these for the CPU, and says so. */
const onGpuOnly = new Set(['addmm.dtype', 'baddbmm.dtype', 'bmm.dtype', 'mm.dtype']);

/** LAPACK rounds these by how the copies that it works on happen to lie in memory. */
const rounds = new Set(['linalg_lstsq']);

function titleOf({ kind, name }: Entry): string {
  return kind === 'method' ? `x.${name}()` : `${name}()`;
}

function callEntry({ kind, name }: Entry, args: unknown[]): unknown {
  const [self, ...rest] = args;
  const call = (kind === 'method' ? self : functions) as Record<string, AnyFunction>;
  return kind === 'method' ? call[name]?.(...rest) : call[name]?.(...args);
}

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
  const title = `${titleOf(entry)} as ${name}, ${fullness}${records ? ', recorded' : ''}`;
  const [first, second, third] = [fresh(), fresh(), fresh()];
  const named = Object.keys(first.options).length > 0;
  const boxed = answer(() => callEntry(entry, [...first.args, camelCase(first.options)]));
  const short = named ? boxed : answer(() => callEntry(entry, second.args));
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

t.test('every overload is reached, with one result on every way', async (t) => {
  const ways = [
    ['least', false],
    ['most', false],
    ['least', true],
  ] as const;
  for (const entry of surface) {
    for (const schema of entry.schemas) {
      for (const [fullness, records] of ways) {
        T.scope(() => {
          check(t, entry, schema, fullness, records);
        });
      }
    }
    t.pass(titleOf(entry));
  }
  t.ok(surface.length > 850, `${surface.length} methods and functions`);
});
