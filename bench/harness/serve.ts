/** Serves the works of a TypeScript side: `node serve.js MODULE`, then requests as lines of JSON on stdin (see ServerSide). */

import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

import type { SideModule, Work } from './work.js';

interface Request {
  readonly ask: 'libtorch' | 'values' | 'time' | 'peak';
  readonly work: string;
  readonly threads: number | null;
  readonly iterations: number;
}

const { works, libtorch, setThreads } = (await import(pathToFileURL(process.argv[2] ?? '').href)) as SideModule;

/** Works that have been timed go on where they were: what they hold is part of their being warm. */
const warm = new Map<string, Work>();

function make(name: string): Work {
  const maker = works[name];
  if (maker === undefined) throw new Error(`there is no work \`${name}\``);
  return maker();
}

async function answer({ ask, work, threads, iterations }: Request): Promise<unknown> {
  if (ask === 'libtorch') return libtorch();
  if (ask === 'peak') return process.resourceUsage().maxRSS * 1024;
  if (threads !== null) setThreads(threads);
  if (ask === 'values') return make(work).values();
  const key = `${work} ${threads}`;
  let known = warm.get(key);
  if (known === undefined) {
    // One at a time: what an earlier work holds must not lie in this one's caches.
    warm.clear();
    known = make(work);
    warm.set(key, known);
  }
  const start = process.hrtime.bigint();
  const done = known.run(iterations);
  if (done !== undefined) await done;
  return Number(process.hrtime.bigint() - start);
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: object;
  try {
    reply = { value: await answer(JSON.parse(line) as Request) };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
