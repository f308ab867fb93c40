/** Makes the calls of a list, one line of JSON for each: the process that a test watches. `node replay.js PATH` */

import { readFileSync } from 'node:fs';

import { manualSeed, setMemoryCap, setNumThreads } from '../../lib/index.js';
import { evaluate } from './evaluate.js';

setMemoryCap(256 * 2 ** 20);
setNumThreads(1);
for (const { call } of JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as { call: string }[]) {
  process.stdout.write(`${JSON.stringify({ call })}\n`);
  manualSeed(0);
  process.stdout.write(`${JSON.stringify(await evaluate(call))}\n`);
}
process.exit(0);
