/** Parses LibTorch's operator schemas, as far as the generators need them. */

export interface Argument {
  name: string;
  /** Base type without list, optional and alias marks, e.g. `Tensor`. */
  type: string;
  list: boolean;
  /** Fixed length of a list (which a single value may stand for), or null. */
  size: number | null;
  elementOptional: boolean;
  optional: boolean;
  /** Text of the default, or null for none. */
  default: string | null;
  keyword: boolean;
  /** Alias annotation, with `!` where the operator writes. */
  alias: string;
}

export interface Schema {
  name: string;
  overload: string;
  arguments: Argument[];
  returns: Argument[];
  text: string;
}

/** Splits at commas that are not inside brackets. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let current = '';
  for (const letter of text) {
    if (letter === '(' || letter === '[') depth += 1;
    if (letter === ')' || letter === ']') depth -= 1;
    if (letter === ',' && depth === 0) {
      parts.push(current.trim());
      current = '';
    } else {
      current += letter;
    }
  }
  if (current.trim() !== '') parts.push(current.trim());
  return parts;
}

function parseArgument(text: string, keyword: boolean): Argument | null {
  const match = /^([A-Za-z]\w*)(\([^)]*\))?(\?)?(\[(\d*)\])?(\([^)]*\))?(\?)?(?:\s+(\w+))?(?:=(.*))?$/.exec(text);
  if (match === null) return null;
  const [, type = '', alias = '', first, list, size, listAlias = '', last, name = '', fallback] = match;
  const isList = list !== undefined;
  return {
    name,
    type,
    list: isList,
    size: size === undefined || size === '' ? null : Number(size),
    elementOptional: isList && first !== undefined,
    optional: isList ? last !== undefined : first !== undefined || last !== undefined,
    default: fallback ?? null,
    keyword,
    alias: alias + listAlias,
  };
}

/** The parts of a schema in the `aten` namespace; null for any other, and for those written in a form that no operator of tensors has. */
export function parseSchema(text: string): Schema | null {
  const match = /^aten::(\w+)(?:\.(\w+))?\((.*)\) -> (.*)$/.exec(text);
  if (match === null) return null;
  const [, name = '', overload = '', inside = '', outside = ''] = match;
  const args: (Argument | null)[] = [];
  let keyword = false;
  for (const part of splitTop(inside)) {
    if (part === '*') keyword = true;
    else args.push(parseArgument(part, keyword));
  }
  const results = /^\(.*\)$/.test(outside) ? splitTop(outside.slice(1, -1)) : [outside];
  const returns = results.map((part) => parseArgument(part, false));
  if (args.includes(null) || returns.includes(null)) return null;
  return { name, overload, arguments: args as Argument[], returns: returns as Argument[], text };
}
