/** `npm run bench:setup`: makes the environments of the peers that are compared with; silent when they are there. */

import { parseArgs } from 'node:util';

import { quietReport } from '../lib/cli/setup.js';
import { TenchError } from '../lib/runtime/errors.js';
import { benchmarks } from './benchmarks.js';
import { setUpEnvironment, type EnvironmentName } from './harness/environments.js';

const usage = `Usage: npm run bench:setup [-- --all]

  --all   also environments that no benchmark needs yet: PyTorch with torchvision, kornia and fastai, some 6 GB
`;

function parse(): { all?: boolean; help?: boolean } | undefined {
  const options = { all: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`tench: ${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return undefined;
  }
}

async function setUp({ all = false }): Promise<number> {
  const needed = benchmarks.flatMap(({ environment }) => environment ?? []);
  const names = new Set<EnvironmentName>(all ? ['same', 'vision'] : needed);
  for (const name of names) {
    try {
      await setUpEnvironment(name, { report: quietReport() });
    } catch (error) {
      if (!(error instanceof TenchError)) throw error;
      process.stderr.write(`tench: ${error.message}\n`);
      return 1;
    }
  }
  return 0;
}

/** Exit code after Ctrl-C: 128 and the number of SIGINT. */
process.once('SIGINT', () => process.exit(130));

const values = parse();
if (values === undefined) process.exitCode = 2;
else if (values.help === true) process.stdout.write(usage);
else process.exitCode = await setUp(values);
