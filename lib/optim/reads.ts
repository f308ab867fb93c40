/**
 * The keys that a part takes from its context, read off the parameter list that it was written with.
 *
 * `(p, { lr, wd }) => ...` says which hyper-parameters it needs. The text of a function is part of the language (and property names survive
 * minifiers), so a missing key is found when the optimizer is made, without the author having to say the same twice.
 */

import { TenchError } from '../tensor/index.js';

/**
 * The keys that the parameter at `position` is taken apart into, without those that have a default value there.
 *
 * @returns null where the function does not take it apart in its parameter list
 */
export function keysTaken(fn: (...args: never[]) => unknown, position: number): string[] | null {
  const text = Function.prototype.toString.call(fn).replace(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
  const open = text.indexOf('(');
  if (open < 0 || text.slice(0, open).includes('=>')) return null; // one bare parameter
  const pattern = splitList(text, open)[position]?.trim();
  if (pattern?.startsWith('{') !== true) return null;
  const keys: string[] = [];
  for (const entry of splitList(pattern, 0)) {
    const match = /^\s*(?:(['"])(?<quoted>.*?)\1|(?<plain>[\w$]+))\s*(?::|=|$)/.exec(entry);
    const key = match?.groups?.quoted ?? match?.groups?.plain;
    if (key !== undefined && !/[^=!<>]=[^=>]/.test(entry)) keys.push(key);
  }
  return keys;
}

/** The top-level entries of the bracketed list that opens at `open`. */
function splitList(text: string, open: number): string[] {
  const entries: string[] = [];
  let depth = 0;
  let start = open + 1;
  let quote: string | null = null;
  for (let i = open; i < text.length; i += 1) {
    const character = text.charAt(i);
    if (quote !== null) {
      if (character === '\\') i += 1;
      else if (character === quote) quote = null;
    } else if ('\'"`'.includes(character)) quote = character;
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    if (quote === null && depth <= 1 && (depth === 0 || character === ',')) {
      if (text.slice(start, i).trim() !== '') entries.push(text.slice(start, i));
      start = i + 1;
      if (depth === 0) break;
    }
  }
  return entries;
}

/** The same context, in which a key that nobody provides throws instead of reading as undefined. */
export function guarded<Context extends object>(context: Context, part: string): Context {
  return new Proxy(context, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (value === undefined && typeof key === 'string') throw missingKey(part, [key], Object.keys(target));
      return value;
    },
  });
}

/** The error for keys that a part takes and nobody provides. */
export function missingKey(part: string, keys: readonly string[], known: readonly string[]): TenchError {
  const missing = keys.map((key) => `\`${key}\``).join(', ');
  return new TenchError(
    `Optimizer: ${part} takes ${missing}, which no stat keeps, no part has a default for and the options do not give; known: ${known.join(', ') || 'nothing'}`,
    { code: 'ERR_TENCH_OPTIMIZER_KEY' },
  );
}
