/** Remembers which line of the user's code made each tensor, while tracing is on; holds the tensors' numbers only, so that it keeps none alive. */

import { findSourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

import { native, type Handle } from './native.js';

/** Live tensors that one line of code made. */
export interface MemorySource {
  /** `file:line:column` in the user's code; in the TypeScript it was compiled from when Node runs with `--enable-source-maps`. */
  at: string;
  /** How many are alive. */
  tensors: number;
  /** Bytes of their data. A storage that several tensors share counts once, for the oldest of them. */
  bytes: number;
  /** Seconds since the oldest of them was made. */
  oldest: number;
  /** Seconds since the newest of them was made. */
  newest: number;
  /** Dtype and shape of the oldest, e.g. `float32 [64, 10]`. */
  example: string;
}

/** A place in the code, shared by all tensors that it made. */
interface Site {
  file: string;
  line: number;
  column: number;
}

interface Made {
  site: Site;
  /** By `performance.now()`. */
  time: number;
}

/** In the order of making. Null while tracing is off, which is the one thing that making a tensor then costs. */
let made: Map<Handle, Made> | null = null;
let sites = new Map<string, Site>();
let sweepAt = 0;

const fewest = 4096;
/** Deeper than the library's own frames can be nested below the user's. */
const stackDepth = 100;
const library = new URL('..', import.meta.url).href;

/** Called for every tensor that JavaScript gets hold of. */
export function noteMade(handle: Handle): void {
  if (made !== null) record(made, handle);
}

/** Starts tracing; what was made before stays unknown. Does nothing when it is on. */
export function startTrace(): void {
  if (made !== null) return;
  made = new Map();
  sweepAt = fewest;
}

/** Ends tracing and forgets what was recorded. */
export function stopTrace(): void {
  made = null;
  sites = new Map();
}

function record(into: Map<Handle, Made>, handle: Handle): void {
  into.set(handle, { site: userSite(), time: performance.now() });
  if (into.size < sweepAt) return;
  sweep(into);
  sweepAt = Math.max(fewest, 2 * into.size);
}

/** Forgets the dead. A handle never comes again, so a number is enough to know them by. */
function sweep(from: Map<Handle, Made>): void {
  for (const handle of from.keys()) if (!native.isAlive(handle)) from.delete(handle);
}

/** The innermost frame that is neither the library's nor Node's. */
function userSite(): Site {
  // Node's own formatting is put aside: it maps every frame of every stack back to its source, where we need one frame, later.
  const { stackTraceLimit } = Error;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back as it was, never called
  const { prepareStackTrace } = Error;
  const holder: { stack?: NodeJS.CallSite[] } = {};
  let frames: NodeJS.CallSite[] | undefined;
  try {
    Error.stackTraceLimit = stackDepth;
    Error.prepareStackTrace = (_error, frames) => frames;
    Error.captureStackTrace(holder, record);
    frames = holder.stack;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
  for (const frame of frames ?? []) {
    const file = frame.getFileName();
    if (typeof file !== 'string' || file.startsWith(library) || file.startsWith('node:')) continue;
    return siteAt(file, frame.getLineNumber() ?? 0, frame.getColumnNumber() ?? 0);
  }
  return siteAt('an unknown place', 0, 0);
}

function siteAt(file: string, line: number, column: number): Site {
  const key = `${file}:${line}:${column}`;
  let site = sites.get(key);
  if (site === undefined) sites.set(key, (site = { file, line, column }));
  return site;
}

/** Where the site is for the reader: in the source it was compiled from, if Node knows that. */
function place({ file, line, column }: Site): string {
  const entry = findSourceMap(file)?.findEntry(line - 1, column - 1);
  if (entry !== undefined && 'originalSource' in entry)
    return `${path(entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  return line === 0 ? file : `${path(file)}:${line}:${column}`;
}

function path(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

/** What is alive by the lines that made it, the line of the oldest tensor first; empty when tracing is off. */
export function tracedSources(): MemorySource[] {
  if (made === null) return [];
  sweep(made);
  const now = performance.now();
  const bySite = new Map<Site, MemorySource>();
  const counted = new Set<number>();
  for (const [handle, { site, time }] of made) {
    const age = (now - time) / 1000;
    let source = bySite.get(site);
    if (source === undefined) {
      const example = `${native.dtype(handle)} [${native.shape(handle).join(', ')}]`;
      source = { at: place(site), tensors: 0, bytes: 0, oldest: age, newest: age, example };
      bySite.set(site, source);
    }
    source.tensors += 1;
    source.newest = age;
    const storage = native.storage(handle, null);
    if (storage === null || counted.has(storage[0])) continue;
    counted.add(storage[0]);
    source.bytes += storage[1];
  }
  return [...bySite.values()];
}
