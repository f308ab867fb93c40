/** A long training in which something throws every few steps: the long form of test/tensor/leaks.test.ts, in figures instead of calls. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { packageFolder } from '../../../lib/runtime/places.js';
import type { RunKind, RunOptions, Summary } from '../kind.js';

const program = join(packageFolder, 'dist', 'test', 'tensor', 'leaks.test.js');

/** Ends with what the program has written, or why it failed. */
function run(env: NodeJS.ProcessEnv): Promise<{ text: string; failure: string | null }> {
  const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ text, failure: code === 0 ? null : (signal ?? `exit code ${code}`) });
    });
  });
}

export const leaks: RunKind = {
  name: 'leaks',
  about: 'steps of a training with exceptions, which must end with the memory it began with; without sanitizers',
  calls: 20_000,
  async run({ calls, onFinding }: RunOptions): Promise<Summary> {
    const { text, failure } = await run({ ...process.env, TENCH_LEAK_STEPS: String(calls) });
    const summary: Summary = { calls, returned: calls, threw: 0, reached: new Set(['training']), findings: [] };
    if (failure !== null) {
      const source = `TENCH_LEAK_STEPS=${calls} node dist/test/tensor/leaks.test.js`;
      summary.findings.push({ source, how: failure, detail: text, index: -1 });
      summary.findings.forEach(onFinding);
    }
    return summary;
  },
};
