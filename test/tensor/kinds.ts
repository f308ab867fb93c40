/** The kinds of arguments and results that schemas of ATen operators can have, and the ones that a recorded call shows. */

import { native } from '../../lib/tensor/native.js';
import { parseSchema, type Argument, type Schema } from '../../scripts/schema.js';
import type { RecordedCall } from './replay.js';

/** A type as a schema writes it, without the length of a list: `Tensor`, `Scalar?`, `int[]`, `Tensor?[]`. */
export function kindOf(argument: Argument): string {
  const element = argument.type + (argument.elementOptional ? '?' : '');
  return element + (argument.list ? '[]' : '') + (argument.optional ? '?' : '');
}

/** Kinds that have no JavaScript form. */
export const formless: ReadonlySet<string> = new Set([
  'Storage',
  'Stream',
  'Dict',
  '__torch__.torch.classes.rnn.CellParamsBase[]',
]);

/** Every overload that LibTorch can run on dense CPU tensors: its name and its schema, or the schema's text where it is of a form that we do not parse. */
export function cpuSchemas(): Map<string, Schema | string> {
  const found = new Map<string, Schema | string>();
  for (const text of native.schemas()) {
    const [, base = '', overload = ''] = /^(aten::\w+)(?:\.(\w+))?\(/.exec(text) ?? [];
    if (!native.hasCpuKernel(base, overload)) continue;
    found.set(overload === '' ? base : `${base}.${overload}`, parseSchema(text) ?? text);
  }
  return found;
}

/** The kinds of arguments of an overload that are needed to call it and have no JavaScript form. */
export function formlessArguments(schema: Schema | string): string[] {
  if (typeof schema === 'string') return ['a type that only TorchScript has'];
  return schema.arguments.filter((argument) => argument.default === null && formless.has(kindOf(argument))).map(kindOf);
}

/** What kinds of arguments and results a recorded call gives: `int[]? given`, `int[]? null`, `Scalar complex`, `Tensor result`. */
export function kindsShown(call: RecordedCall, schema: Schema): string[] {
  const shown: string[] = [];
  schema.arguments.forEach((argument, index) => {
    const value = index < call.args.length && !argument.keyword ? call.args[index] : call.options?.[argument.name];
    if (value === undefined) return;
    const kind = kindOf(argument);
    shown.push(value === null ? `${kind} null` : kind);
    if (argument.type === 'Scalar' && !argument.list && value !== null) shown.push(`Scalar ${scalarKind(value)}`);
    if (argument.list && Array.isArray(value) && value.length === 0) shown.push(`${kind} empty`);
    if (argument.elementOptional && Array.isArray(value) && value.includes(null)) shown.push(`${kind} with a hole`);
    if (argument.alias.includes('!')) shown.push(`${kind} written`);
  });
  for (const result of schema.returns) shown.push(`${kindOf(result)} result`);
  shown.push(`${schema.returns.length} results`);
  return shown;
}

function scalarKind(value: unknown): string {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float';
  const special = value as Record<string, unknown>;
  return 're' in special ? 'complex' : 'big' in special ? 'integer' : 'float';
}
