/** Modules print as they do in PyTorch: this file writes values in its notation, so that a tree can be compared line by line. */

import { invalid } from '../tensor/errors.js';

/** A value as Python prints it: `True`, `None`, `1e-05`, `(3, 3)`; strings in single quotes. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) {
    const parts = value.map(pythonRepr);
    return parts.length === 1 ? `(${parts[0]},)` : `(${parts.join(', ')})`;
  }
  if (typeof value === 'number') return number(value);
  throw invalid('value', 'something that Python can print', value);
}

/** A number that is a float in Python whatever its value: `1.0`, not `1`. */
export function pythonFloat(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : number(value);
}

/** Python switches to exponents below 1e-4 (JavaScript below 1e-6) and writes at least two digits in them. */
function number(value: number): string {
  const magnitude = Math.abs(value);
  const text = magnitude !== 0 && magnitude < 1e-4 ? value.toExponential() : String(value);
  return text
    .replace(/e([+-])(\d)$/, 'e$10$2')
    .replace('Infinity', 'inf')
    .replace('NaN', 'nan');
}

/** `name=value` pairs joined by commas, as in the brackets behind a layer's name. */
export function keywords(values: Readonly<Record<string, unknown>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${pythonRepr(value)}`)
    .join(', ');
}

/** A class name with what it says of itself and its children, one level deeper for each level of the tree. */
export function tree(name: string, extra: string, children: readonly (readonly [string, string])[]): string {
  if (children.length === 0) return `${name}(${extra})`;
  const lines = children.map(([key, text]) => `  (${key}): ${text.replaceAll('\n', '\n  ')}`);
  return [`${name}(${extra}`, ...lines, ')'].join('\n');
}
