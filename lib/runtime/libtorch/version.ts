/**
 * Which versions of LibTorch tench works with, and which one it fetches.
 */

import { TenchError } from '../errors.js';

/** The version that set-up fetches. */
export const pinnedVersion = '2.13.0';

const oldest = [2, 11] as const;
const firstTooNew = [2, 15] as const;

/** For messages: `at least 2.11 and less than 2.15`. */
export const supportedRange = `at least ${oldest.join('.')} and less than ${firstTooNew.join('.')}`;

/** The numbers of a version such as `2.13.0+cpu` or `2.14.0a0`: [2, 13, 0]. Throws a TenchError on anything else. */
export function parseVersion(version: string): [number, number, number] {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(version);
  if (!match) throw new TenchError(`"${version}" is not a version of LibTorch such as ${pinnedVersion}`);
  return [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** Whether tench works with this version. */
export function isSupported(version: string): boolean {
  const [major, minor] = parseVersion(version);
  return major === oldest[0] && minor >= oldest[1] && minor < firstTooNew[1];
}

/** Whether an addon built against one may be loaded with the other: LibTorch keeps its C++ interface within a minor version. */
export function isCompatible(built: string, loaded: string): boolean {
  const [a, b] = [parseVersion(built), parseVersion(loaded)];
  return a[0] === b[0] && a[1] === b[1];
}
