/** Arguments that an overload of the curated surface can be called with: made from its schema, or by hand where its operator wants more than types. */

import type { Argument, Schema } from '../../../scripts/schema.js';
import { byHand } from './byHand.js';
import { floats, restart } from './values.js';

/** Positional arguments in schema order, and the rest by the schema's names. */
export interface Given {
  args: unknown[];
  options: Record<string, unknown>;
}

/** A way to call an overload: with what it cannot do without, or with every argument that has a default too. */
export type Fullness = 'least' | 'most';

/** Left at their defaults: what they say of where and how a result lies would be the same. */
const placements = new Set(['Generator', 'Layout', 'Device', 'MemoryFormat']);

/** The same arguments at every call for the same overload, in fresh tensors. */
export function argumentsOf(schema: Schema, fullness: Fullness): Given {
  restart();
  const names = [schema.name, schema.name.replace(/_$/, '')];
  const known = [...names.map((name) => `${name}.${schema.overload}`), ...names].find((name) => name in byHand);
  const made = known === undefined ? undefined : byHand[known]?.();
  const args: unknown[] = made === undefined ? [] : [...made];
  const options: Record<string, unknown> = {};
  const last = args[args.length - 1];
  if (typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype && !('re' in last))
    Object.assign(options, args.pop());

  const positional = schema.arguments.filter((argument) => !argument.keyword);
  for (const argument of positional.slice(args.length)) {
    if (argument.default === null) args.push(required(argument));
    else if (fullness === 'least' || placements.has(argument.type)) break;
    else args.push(readDefault(argument));
  }
  for (const argument of schema.arguments.filter(({ keyword }) => keyword)) {
    if (argument.name in options) continue;
    if (argument.default === null && argument.optional) options[argument.name] = null;
    else if (placements.has(argument.type)) continue;
    else if (argument.default === null) options[argument.name] = required(argument);
    else if (fullness === 'most' && argument.default !== 'None' && argument.type !== 'ScalarType')
      options[argument.name] = readDefault(argument);
  }
  return { args, options };
}

function required(argument: Argument): unknown {
  if (argument.type === 'Tensor') return argument.list ? [floats(3, 3), floats(3, 3)] : floats(3, 3);
  const value = {
    int: 1,
    SymInt: 1,
    Scalar: 0.5,
    float: 0.5,
    bool: false,
    ScalarType: 'float32',
    str: '',
  }[argument.type];
  if (value === undefined) throw new Error(`no value for ${argument.type} ${argument.name}`);
  return argument.list ? new Array<unknown>(argument.size ?? 1).fill(value) : value;
}

/** A default as a value; a number stands for a list of fixed length, as it does in the schema. */
function readDefault({ default: text, type }: Argument): unknown {
  if (text === null || text === 'None') return null;
  if (type === 'bool') return text === 'True';
  if (type === 'str') return text.replaceAll('"', '');
  if (text.startsWith('[')) return JSON.parse(text) as unknown;
  return Number(text);
}
