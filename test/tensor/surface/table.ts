/** The curated surface as it was generated: what is callable, and the overloads behind it. */

import { readFileSync } from 'node:fs';

import { methodTable } from '../../../lib/tensor/generated/methods.js';
import { native } from '../../../lib/tensor/native.js';
import { parseSchema, type Schema } from '../../../scripts/schema.js';

/** A method of Tensor or a function, by name, with the schemas of its overloads. */
export interface Entry {
  kind: 'method' | 'function';
  name: string;
  schemas: Schema[];
}

const known = new Map<string, Schema>();
for (const text of native.schemas()) {
  const schema = parseSchema(text);
  if (schema !== null) known.set(`${schema.name}.${schema.overload}`, schema);
}

function schemasOf(operator: string, overloads: readonly string[]): Schema[] {
  return overloads.map((overload) => {
    const schema = known.get(`${operator}.${overload}`);
    if (schema === undefined) throw new Error(`LibTorch has no ${operator}.${overload}`);
    return schema;
  });
}

/** The functions are read from their source: what they were made with is not told by the functions themselves. */
function functions(): Entry[] {
  const source = readFileSync(new URL('../../../../lib/tensor/generated/functions.ts', import.meta.url), 'utf8');
  const made = source.matchAll(/export const (\w+) = \w+Function\(\s*'aten::(\w+)',\s*\[([^\]]*)\]/g);
  return [...made].map(([, name = '', operator = '', overloads = '']) => ({
    kind: 'function',
    name,
    schemas: schemasOf(
      operator,
      [...overloads.matchAll(/'(\w*)'/g)].map(([, overload = '']) => overload),
    ),
  }));
}

/** Everything that the typed surface has. */
export const surface: readonly Entry[] = [
  ...methodTable.map(([name, operator, overloads]): Entry => ({
    kind: 'method',
    name,
    schemas: schemasOf(operator.slice('aten::'.length), overloads),
  })),
  ...functions(),
];
