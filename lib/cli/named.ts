/** Command lines that name one of several things to run: `NAME [OPTIONS]`, `list` or `--help`. */

import { parseArgs, type ParseArgsConfig } from 'node:util';

import { UsageError } from './usageError.js';

/** What a command line asks for. */
export interface Named<T, Values> {
  readonly name: string;
  /** The thing of that name; null for `list`. */
  readonly chosen: T | null;
  readonly values: Values;
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>
>['values'];

const help = { help: { type: 'boolean', short: 'h' } } as const;

/**
 * Reads a command line.
 *
 * @param what the things are called in messages, e.g. `benchmark`
 * @throws UsageError for an unknown option or name, and for none or several names
 */
export function parseNamed<T extends { readonly name: string }, const O extends Options>(
  argv: readonly string[],
  { what, all, options }: { what: string; all: readonly T[]; options: O },
): Named<T, Values<O>> | 'help' {
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options: { ...options, ...help }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(/\.\s/)[0]! : String(error));
  }
  const values = parsed.values as Values<O> & { help?: boolean };
  if (values.help === true) return 'help';
  const [name, ...more] = parsed.positionals;
  if (name === undefined || more.length > 0) throw new UsageError(`give the name of one ${what}`);
  const chosen = name === 'list' ? null : all.find((one) => one.name === name);
  if (chosen === undefined) throw new UsageError(`there is no ${what} \`${name}\``);
  return { name, chosen, values };
}
