/** The process that makes the calls: it writes down each one before it makes it, since it may not live to tell. */

import { appendFileSync, openSync, writeSync } from 'node:fs';

import { Generator, manualSeed, setMemoryCap, setNumThreads } from '../../lib/index.js';
import { evaluate, type Outcome } from './evaluate.js';
import { entryText, type Entry, type Job } from './journal.js';
import type { Limits, Tools } from './kind.js';
import { callKind } from './kinds.js';

const MEMORY_CAP = 256 * 2 ** 20;

function write(journal: number, entry: Entry): void {
  const bytes = entryText(entry);
  writeSync(journal, bytes, 0, bytes.length, 0);
}

/** The most bytes that this process has ever held. */
function peak(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Evaluates a call, and takes it for a finding when it needed more memory than its kind allows, however short a time. */
async function evaluateWithin({ growth }: Limits, source: string, tools: Tools): Promise<Outcome> {
  if (growth === undefined) return evaluate(source, tools);
  const before = peak();
  const outcome = await evaluate(source, tools);
  const grown = peak() - before;
  return grown > growth ? { kind: 'finding', text: `memory: ${grown} bytes more` } : outcome;
}

async function run(job: Job): Promise<void> {
  setMemoryCap(MEMORY_CAP);
  setNumThreads(1);
  const kind = callKind(job.kind);
  const wanted = new RegExp(job.only);
  const subjects = kind.subjects().filter((subject) => wanted.test(subject));
  if (subjects.length === 0) throw new Error(`no subject of ${kind.name} matches ${job.only}`);
  const tools = (await kind.tools?.()) ?? {};
  const journal = openSync(job.journal, 'r+');
  let returned = 0;
  let threw = 0;
  const reached = new Set<string>();
  for (let index = job.from; index < job.to; index += 1) {
    const turn = index % subjects.length;
    const subject = subjects[turn]!;
    const source = kind.source(new Generator(job.seed, Math.floor(index / subjects.length), turn), subject);
    write(journal, { index, returned, threw, source });
    manualSeed(index);
    const outcome = await evaluateWithin(kind.limits, source, tools);
    if (outcome.kind === 'returned') {
      returned += 1;
      if (!reached.has(subject)) appendFileSync(job.reached, `${subject}\n`);
      reached.add(subject);
    } else {
      threw += 1;
      if (outcome.kind === 'finding')
        appendFileSync(job.findings, `${JSON.stringify({ index, source, text: outcome.text })}\n`);
    }
  }
  write(journal, { index: job.to, returned, threw, source: '' });
}

await run(JSON.parse(process.argv[2]!) as Job);
// LibTorch's static destructors are not what is looked at here.
process.exit(0);
