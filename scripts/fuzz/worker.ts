/** The process that makes the calls: it writes down each one before it makes it, since it may not live to tell. */

import { appendFileSync, openSync, writeSync } from 'node:fs';

import { Generator, manualSeed, setMemoryCap, setNumThreads } from '../../lib/index.js';
import { native } from '../../lib/tensor/native.js';
import { parseSchema, type Schema } from '../schema.js';
import { callSource } from './arguments.js';
import { evaluate } from './evaluate.js';
import { entryText, type Entry, type Job } from './journal.js';

const MEMORY_CAP = 256 * 2 ** 20;

/** Every overload of LibTorch, in an order that does not depend on how it is loaded. */
export function allSchemas(): Schema[] {
  const parsed = native.schemas().map(parseSchema);
  return parsed
    .filter((schema): schema is Schema => schema !== null)
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
}

function write(journal: number, entry: Entry): void {
  const bytes = entryText(entry);
  writeSync(journal, bytes, 0, bytes.length, 0);
}

function run(job: Job): void {
  setMemoryCap(MEMORY_CAP);
  setNumThreads(1);
  const wanted = new RegExp(job.operators);
  const schemas = allSchemas().filter(({ name, overload }) =>
    wanted.test(overload === '' ? name : `${name}.${overload}`),
  );
  const journal = openSync(job.journal, 'r+');
  let returned = 0;
  let threw = 0;
  const reached = new Set<string>();
  for (let index = job.from; index < job.to; index += 1) {
    const round = Math.floor(index / schemas.length);
    const schema = schemas[index % schemas.length]!;
    const source = callSource(new Generator(job.seed, round, index % schemas.length), schema);
    write(journal, { index, returned, threw, source });
    manualSeed(index);
    const outcome = evaluate(source);
    if (outcome.kind === 'returned') {
      returned += 1;
      const name = `${schema.name}.${schema.overload}`;
      if (!reached.has(name)) {
        reached.add(name);
        appendFileSync(job.reached, `${name}\n`);
      }
    } else {
      threw += 1;
      if (outcome.kind === 'finding')
        appendFileSync(job.findings, `${JSON.stringify({ source, text: outcome.text })}\n`);
    }
  }
  write(journal, { index: job.to, returned, threw, source: '' });
}

run(JSON.parse(process.argv[2]!) as Job);
// LibTorch's static destructors are not what is looked at here.
process.exit(0);
