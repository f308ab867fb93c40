/** Writes calls of the curated surface as TypeScript, out of LibTorch's schemas: some that its types must take, and some that they must refuse. */

import type { Argument, Schema } from '../../../scripts/schema.js';
import type { Entry } from './table.js';

/** Names of constants by what a schema's type means in TypeScript; see {@link preamble}. */
const names: Readonly<Record<string, [single: string, list: string]>> = {
  Tensor: ['x', 'xs'],
  int: ['n', 'ns'],
  SymInt: ['n', 'ns'],
  float: ['n', 'ns'],
  bool: ['flag', 'flags'],
  str: ['text', 'texts'],
  Scalar: ['scalar', 'scalars'],
  ScalarType: ['dtype', 'dtypes'],
  Layout: ['layout', 'layouts'],
  Device: ['device', 'devices'],
  MemoryFormat: ['format', 'formats'],
};

const results: Readonly<Record<string, string>> = {
  Tensor: 'Tensor',
  int: 'number',
  SymInt: 'number',
  float: 'number',
  bool: 'boolean',
  Scalar: 'Scalar',
};

/** The head of a file of such calls. `wrong` is nothing that any operator takes. */
export const preamble = `
import * as T from '../../lib/tensor/index.js';
import * as functions from '../../lib/tensor/generated/functions.js';
import type { DType, Device, Layout, MemoryFormat, Scalar, Tensor } from '../../lib/tensor/index.js';
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function returns<Wanted>(): <Found>(value: Found, ...same: Equal<Wanted, Found> extends true ? [] : [never]) => void;
declare const x: Tensor, xs: readonly Tensor[], n: number, ns: readonly number[], flag: boolean, flags: readonly boolean[];
declare const text: string, scalar: Scalar, scalars: readonly Scalar[], dtype: DType, layout: Layout, device: Device, format: MemoryFormat;
declare const holes: readonly (Tensor | null)[], wrong: { readonly wrong: symbol };
export { T };
`;

const known = ({ type }: Argument): boolean => type in names;

function value(argument: Argument): string {
  if (argument.elementOptional) return 'holes';
  return names[argument.type]?.[argument.list ? 1 : 0] ?? 'wrong';
}

const camelCase = (name: string): string =>
  name.replace(/(?<=[A-Za-z0-9])_+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function resultOf({ returns }: Schema): string {
  const each = returns.map(({ type, list }) => `${results[type] ?? type}${list ? '[]' : ''}`);
  return each.length === 0 ? 'void' : each.length === 1 ? String(each[0]) : `[${each.join(', ')}]`;
}

/** The lines of one overload; each is a statement, and those after `@ts-expect-error` must not compile. */
export function typeCalls({ kind, name }: Entry, schema: Schema): string[] {
  const given = schema.arguments.filter(known).slice(kind === 'method' ? 1 : 0);
  const positional = given.filter(({ keyword }) => !keyword);
  const keywords = given.filter(({ keyword }) => keyword);
  const needed = keywords.filter((argument) => argument.default === null && !argument.optional);
  const callee = kind === 'method' ? `x.${name}` : `functions.${name}`;
  const options = (some: readonly Argument[], change: Record<string, string> = {}): string[] => {
    const entries = Object.entries({
      ...Object.fromEntries(some.map((argument) => [camelCase(argument.name), value(argument)])),
      ...change,
    });
    return entries.length === 0 ? [] : [`{ ${entries.map(([key, text]) => `${key}: ${text}`).join(', ')} }`];
  };
  const call = (args: readonly string[], last: readonly string[]): string =>
    `${callee}(${[...args, ...last].join(', ')})`;
  const result = `returns<${resultOf(schema)}>()`;
  const full = positional.map(value);
  const least = positional.filter((argument) => argument.default === null).map(value);

  const taken = [call(full, options(keywords))];
  if (needed.length === 0 || least.length === positional.length) taken.push(call(least, options(needed)));
  const nulls = positional.map((argument) => (argument.optional ? 'null' : value(argument)));
  if (nulls.includes('null')) taken.push(call(nulls, options(keywords)));
  const singles = positional.map((argument) => (argument.list && argument.size !== null ? 'n' : value(argument)));
  if (String(singles) !== String(full)) taken.push(call(singles, options(keywords)));

  const refused = full.map((_, place) => call(full.with(place, 'wrong'), options(keywords)));
  for (const keyword of keywords) refused.push(call(full, options(keywords, { [camelCase(keyword.name)]: 'wrong' })));
  refused.push(call(full, options(keywords, { nothingIsCalledThis: 'n' })));
  return [...taken.map((one) => `${result}(${one});`), ...refused.map((one) => `// @ts-expect-error\n${one};`)];
}
