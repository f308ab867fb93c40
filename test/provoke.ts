/**
 * Drives everything that a room exports with hostile values: whatever comes back must be a result or an error that may reach a caller.
 *
 * The exports are enumerated, so that none can be forgotten: functions, constructors, static methods, and the methods and accessors of a fresh
 * instance. What is not called is named with its reason, and a name that fits nothing is a fault of its own.
 */

import { inspect } from 'node:util';

import fc from 'fast-check';

import { describe } from '../lib/runtime/errors.js';
import { hostileArguments, hostileMakers, isExpected, strangers } from './hostile.js';

type Arguments = () => unknown[];

/** The exports of a room, with what must be known to call them. */
export interface Room {
  /** The room's index, as `import * as`; namespaces inside it are walked too, and lend their names: `init.normal_`. */
  readonly exports: object;
  /** Names of exports or of calls that are left out, each with the reason. */
  readonly apart?: Readonly<Record<string, string>>;
  /** Classes of earlier rooms, whose own methods are called there. */
  readonly known?: readonly { readonly prototype: object }[];
  /** Right arguments by name of the call (`conv2d`, `new Linear`, `Linear#forward`), made anew for each call. They are spoilt one place at a time. */
  readonly valid?: Readonly<Record<string, Arguments>>;
  /** Makes an instance of a class for the methods that are its own; where it is left out, the right arguments of `new` make it. */
  readonly instances?: Readonly<Record<string, () => object>>;
  /** By name of the call, what a user does next with its result: what was not refused at the door must not fail strangely behind it. */
  readonly uses?: Readonly<Record<string, (result: never) => unknown>>;
  /** Places of right arguments (`Lambda#forward 0`, `save 1.device`) that take any value, each with the reason. */
  readonly open?: Readonly<Record<string, string>>;
}

/** One thing of a room that takes arguments. */
interface Call {
  readonly name: string;
  readonly run: (...args: unknown[]) => unknown;
}

/** How often, and from which seed, arguments are drawn. */
export interface Runs {
  readonly seed: number;
  readonly numRuns: number;
}

/** What {@link provokeRoom} found. */
export interface Provoked {
  /** How many functions, constructors, methods and accessors were called. */
  readonly calls: number;
  /** How many right arguments were spoilt, over all calls. */
  readonly places: number;
  /** Sentences, one for each fault; empty when all is well. */
  readonly faults: readonly string[];
}

/** Calls all that a room exports, first with hostile arguments alone, then with right ones of which one is hostile. */
export async function provokeRoom(room: Room, runs: Runs): Promise<Provoked> {
  const used = new Set<string>();
  const faults: string[] = [];
  const calls = callsOf(room, used, faults);
  let places = 0;
  for (const call of calls) {
    await provokeDrawn(call, runs, faults);
    const valid = room.valid?.[call.name];
    if (valid === undefined) continue;
    places += await provokePlaces(call, valid, room.open ?? {}, used, faults);
  }
  for (const table of [room.apart, room.valid, room.instances, room.uses, room.open])
    for (const name of Object.keys(table ?? {})) if (!used.has(name)) faults.push(`${name} is named, but not there`);
  return { calls: calls.length, places, faults };
}

/** All that takes arguments. Each prototype's own methods come once, with the first class that has them. */
function callsOf(
  { exports, apart = {}, known = [], valid = {}, instances = {}, uses = {} }: Room,
  used: Set<string>,
  faults: string[],
): Call[] {
  const calls: Call[] = [];
  const seen = new Set(known.map(({ prototype }) => prototype));
  const add = (name: string, run: Call['run']): void => {
    used.add(name);
    const use = uses[name] as ((result: unknown) => unknown) | undefined;
    const runAndUse: Call['run'] = (...args) => {
      const result = run(...args);
      return use === undefined ? result : result instanceof Promise ? result.then(use) : use(result);
    };
    if (!(name in apart)) calls.push({ name, run: runAndUse });
  };
  const walk = (namespace: object, prefix: string): void => {
    for (const [key, value] of Object.entries(namespace) as [string, unknown][]) {
      const name = prefix + key;
      if (name in apart) used.add(name);
      else if (isNamespace(value)) walk(value, `${name}.`);
      else if (typeof value === 'function' && isClass(value)) walkClass(value as Constructor, name);
      else if (typeof value === 'function') add(name, value as Call['run']);
    }
  };
  const walkClass = (type: Constructor, name: string): void => {
    const construct = (...args: unknown[]): unknown => new type(...args);
    add(`new ${name}`, construct);
    for (const [key, { value }] of membersOf(type))
      if (typeof value === 'function')
        add(`${name}.${String(key)}`, (...args) => (value as Call['run']).apply(type, args));
    const right = valid[`new ${name}`];
    const make = instances[name] ?? (right === undefined ? null : () => construct(...right()) as object);
    for (const part of prototypesOf(type)) {
      if (seen.has(part)) break;
      seen.add(part);
      used.add(nameOf(part));
      const makePart = instances[nameOf(part)] ?? make;
      if (makePart !== null) walkMembers(part, makePart);
      else if (membersOf(part).length > 0) faults.push(`${name} has methods, and no way to make an instance is given`);
    }
  };
  const walkMembers = (part: object, make: () => object): void => {
    for (const [key, { value, get, set }] of membersOf(part)) {
      const name = `${nameOf(part)}#${String(key)}`;
      if (typeof value === 'function') add(name, (...args) => (value as Call['run']).apply(make(), args));
      if (get !== undefined) add(`get ${name}`, () => get.call(make()) as unknown);
      if (set !== undefined) add(`set ${name}`, (...args) => set.call(make(), args[0]));
    }
  };
  walk(exports, '');
  return calls;
}

type Constructor = (new (...args: unknown[]) => unknown) & { prototype: object | null };

const nameOf = (part: object): string => (part.constructor as { name: string }).name;

const isClass = (value: object): boolean => Function.prototype.toString.call(value).startsWith('class');

const isNamespace = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Module]';

/** The prototypes of a class and of those that it extends, without the language's own such as that of Error. */
function prototypesOf(type: Constructor): object[] {
  const found: object[] = [];
  for (let part = type.prototype; part !== null; part = Object.getPrototypeOf(part) as object | null) {
    if (String(part.constructor).includes('[native code]')) break;
    found.push(part);
  }
  return found;
}

function membersOf(holder: object): [key: string | symbol, member: PropertyDescriptor][] {
  return Reflect.ownKeys(holder)
    .filter((key) => !['constructor', 'prototype', 'length', 'name'].includes(String(key)))
    .map((key) => [key, Object.getOwnPropertyDescriptor(holder, key)!]);
}

/** How a call went. */
interface Outcome {
  readonly passed: boolean;
  /** What it threw, in words. */
  readonly thrown: string;
  /** Whether that may not reach a caller. */
  readonly fault: boolean;
}

/** Calls, and waits for what is promised. */
async function provoke(call: () => unknown): Promise<Outcome> {
  try {
    const result = call();
    if (result instanceof Promise) await result;
    return { passed: true, thrown: 'nothing', fault: false };
  } catch (error) {
    return { passed: false, thrown: inspect(error), fault: !isExpected(error) };
  }
}

/** Every hostile value as the only argument, null after arguments that are left out, then several at once. */
async function provokeDrawn({ name, run }: Call, runs: Runs, faults: string[]): Promise<void> {
  const lists = [
    ...hostileMakers.map((make) => () => [make()]),
    () => [undefined, null],
    () => [undefined, undefined, null],
  ];
  for (const make of lists) {
    const { fault, thrown } = await provoke(() => run(...make()));
    if (fault) faults.push(`${name}(${String(make)}): ${thrown}`);
  }
  const property = fc.asyncProperty(hostileArguments, async (drawn) => {
    const { fault, thrown } = await provoke(() => run(...drawn.map((make) => make())));
    if (fault) throw new Error(thrown);
  });
  const found = await fc.check(property, runs);
  if (found.failed) faults.push(`${name}(${String(found.counterexample)}): ${(found.errorInstance as Error).message}`);
}

/** Puts every hostile value into every place of right arguments. What no argument takes must be refused there. */
async function provokePlaces(
  { name, run }: Call,
  valid: Arguments,
  open: Readonly<Record<string, string>>,
  used: Set<string>,
  faults: string[],
): Promise<number> {
  const right = await provoke(() => run(...valid()));
  if (!right.passed) faults.push(`${name} does not take its right arguments: ${right.thrown}`);
  const places = placesOf(valid());
  for (const place of places) {
    const where = `${name} ${place.join('.')}`;
    if (where in open) used.add(where);
    const strange = where in open || place.at(-1) === returned ? [] : strangers;
    for (const make of [...hostileMakers, ...strange]) {
      const { passed, thrown, fault } = await provoke(() => run(...(spoil(valid(), place, make()) as unknown[])));
      if (fault) faults.push(`${where} as ${String(make)}: ${thrown}`);
      else if (passed && strange.includes(make)) faults.push(`${where} takes ${describe(make())}`);
    }
  }
  return places.length;
}

/** The way to a value inside arguments; `returned` leads to what a function there returns. */
type Place = readonly (string | number)[];

const returned = '()';

/** Every argument, every entry of the plain objects and the first ones of the arrays among them, and what functions return. */
function placesOf(value: unknown, depth = 4): Place[] {
  if (depth === 0) return [];
  const below = (key: Place[number], part: unknown): Place[] => [
    [key],
    ...placesOf(part, depth - 1).map((place): Place => [key, ...place]),
  ];
  if (typeof value === 'function') return isClass(value) ? [] : [[returned]];
  if (Array.isArray(value))
    return value.slice(0, depth === 4 ? undefined : 2).flatMap((part, index) => below(index, part));
  return isPlain(value) ? Object.entries(value).flatMap(([key, part]) => below(key, part)) : [];
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The value with another one at a place. */
function spoil(value: unknown, [key, ...rest]: Place, other: unknown): unknown {
  if (key === undefined) return other;
  if (key === returned) return () => other;
  const part = spoil((value as Record<string | number, unknown>)[key], rest, other);
  return Array.isArray(value) ? value.with(key as number, part) : { ...(value as object), [key]: part };
}
