/**
 * Reads the requirements in a wheel's metadata (PEP 508), as far as those of CUDA builds go.
 */

import { compareReleases, normaliseProject } from './wheel.js';

export interface Requirement {
  project: string;
  extras: string[];
  /** Whether `release` fulfils it. */
  allows(release: string): boolean;
  /** As it was written, without its condition: what pip can be asked for. */
  text: string;
}

/**
 * The requirements in `metadata` that belong to the CUDA libraries (nvidia-..., cuda-toolkit) and whose conditions hold here, with the
 * given extras asked for.
 */
export function cudaRequirements(metadata: string, extras: string[] = [], architecture = 'x86_64'): Requirement[] {
  const header = metadata.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const lines = [...header.matchAll(/^Requires-Dist:\s*(.+)$/gm)].map((match) => match[1] ?? '');
  return lines.flatMap((line) => {
    const [what = '', condition = ''] = line.split(';', 2).map((part) => part.trim());
    const match = /^([\w.-]+)\s*(?:\[([^\]]*)\])?\s*\(?([^)]*)\)?$/.exec(what);
    const project = normaliseProject(match?.[1] ?? '');
    if (!match || !(project === 'cuda-toolkit' || project.startsWith('nvidia-'))) return [];
    if (condition && ![...extras, ''].some((extra) => holds(condition, { extra, architecture }))) return [];
    const clauses = (match[3] ?? '')
      .split(',')
      .map((clause) => clause.trim())
      .filter(Boolean);
    const names = (match[2] ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean);
    return [
      {
        project,
        extras: names,
        text: what,
        allows: (release: string) => clauses.every((clause) => fulfils(release, clause)),
      },
    ];
  });
}

/** Whether a release fulfils one clause such as `==13.1.*`, `>=13.0` or `~=3.4`. */
function fulfils(release: string, clause: string): boolean {
  const match = /^(===|==|~=|!=|<=|>=|<|>)\s*([\w.*+!-]+)$/.exec(clause);
  if (!match) return false;
  const [, operator, wanted = ''] = match;
  if (wanted.endsWith('.*')) {
    const same = `${release}.`.startsWith(wanted.slice(0, -1));
    return operator === '!=' ? !same : same;
  }
  const order = compareReleases(release, wanted);
  switch (operator) {
    case '~=':
      return order >= 0 && `${release}.`.startsWith(`${wanted.split('.').slice(0, -1).join('.')}.`);
    case '!=':
      return order !== 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    default:
      return order === 0;
  }
}

/** Evaluates a condition: comparisons of names and strings, joined by `and`, `or` and parentheses. */
function holds(condition: string, { extra, architecture }: { extra: string; architecture: string }): boolean {
  const variables: Record<string, string> = {
    extra,
    platform_machine: architecture,
    platform_system: 'Linux',
    sys_platform: 'linux',
    os_name: 'posix',
    platform_python_implementation: 'CPython',
    python_version: '3.12',
    python_full_version: '3.12.0',
  };
  const tokens = condition.match(/"[^"]*"|'[^']*'|[()]|[<>=!~]=?=?|[\w.]+/g) ?? [];
  let at = 0;
  const value = (token = ''): string => (/^["']/.test(token) ? token.slice(1, -1) : (variables[token] ?? ''));
  const comparison = (): boolean => {
    if (tokens[at] === '(') {
      at++;
      const inner = either();
      at++;
      return inner;
    }
    const [left, operator = '', right] = tokens.slice(at, at + 3);
    at += 3;
    const numeric = left?.startsWith('python') ?? false;
    if (numeric) return fulfils(value(left), `${operator}${value(right)}`);
    return operator === '!=' ? value(left) !== value(right) : value(left) === value(right);
  };
  const both = (): boolean => {
    let result = comparison();
    while (tokens[at] === 'and') {
      at++;
      result = comparison() && result;
    }
    return result;
  };
  const either = (): boolean => {
    let result = both();
    while (tokens[at] === 'or') {
      at++;
      result = both() || result;
    }
    return result;
  };
  return either();
}
