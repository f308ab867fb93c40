/** The list of calls that have ended a process, in native/tensor/crashes.json: kept short, with one call for each operator and ending. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { packageFolder } from '../../lib/runtime/places.js';

export interface Crash {
  operator: string;
  /** The call: source text with `t` as the library. */
  call: string;
  /** How the process ended before there was a guard, e.g. `signal SIGSEGV` or `hang`. */
  ended: string;
}

export const crashList = join(packageFolder, 'native', 'tensor', 'crashes.json');

/** The operator that a call is about: the outermost one. */
function operatorOf(call: string): string {
  const outermost = /^\(\((?:a|a, m)\) => (.*)$/s.exec(call)?.[1] ?? call;
  const direct = /^t\.callOperator\('(aten::[\w.]+)'/.exec(outermost)?.[1];
  return direct ?? outermost.slice(0, 60);
}

export function readCrashes(path = crashList): Crash[] {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Crash[]) : [];
}

/** Adds a call, unless a shorter one of the same operator ended in the same way. */
export function recordCrash(call: string, ended: string, path = crashList): void {
  const operator = operatorOf(call);
  const crashes = readCrashes(path);
  const known = crashes.find((crash) => crash.operator === operator && crash.ended === ended);
  if (known === undefined) crashes.push({ operator, call, ended });
  else if (call.length < known.call.length) known.call = call;
  crashes.sort((a, b) => (a.operator < b.operator ? -1 : a.operator > b.operator ? 1 : 0));
  writeFileSync(path, `${JSON.stringify(crashes, null, 2)}\n`);
}
