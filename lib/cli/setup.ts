/**
 * `tench setup` and `tench build`: what is missing, and nothing else.
 */

import { parseArgs } from 'node:util';

import { CommandError } from '../runtime/command.js';
import { TenchError } from '../runtime/errors.js';
import type { Report } from '../runtime/report.js';
import { setUp, type WithLock } from '../runtime/setup.js';

const usage = `Usage: tench setup [--cpu | --cuda]       sets up what is missing
       tench build [--sanitize] [--if-found]  calls the compilers, prints what they print

  --cpu, --cuda   which build of LibTorch to fetch (default: CUDA where an NVIDIA driver is installed)
  --sanitize      an addon with AddressSanitizer, into build/Sanitize
  --if-found      do nothing, with exit code 0, where no LibTorch is on this machine
`;

/** What the way in (scripts/tench.mjs) gives to the commands. */
export interface Context {
  withLock: WithLock;
}

/** Runs the command and returns its exit code. */
export async function setup(command: 'setup' | 'build', argv: string[], { withLock }: Context): Promise<number> {
  const options = {
    cpu: { type: 'boolean' },
    cuda: { type: 'boolean' },
    sanitize: { type: 'boolean' },
    'if-found': { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options }));
    if (values.cpu && values.cuda) throw new TypeError('--cpu and --cuda exclude one another');
  } catch (error) {
    process.stderr.write(`tench ${command}: ${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    await setUp({
      withLock,
      report: command === 'build' ? loudReport() : quietReport(),
      kind: values.cpu ? 'cpu' : values.cuda ? 'cuda' : undefined,
      fetch: !values['if-found'],
      force: command === 'build',
      sanitize: values.sanitize,
    });
    return 0;
  } catch (error) {
    if (values['if-found'] && error instanceof TenchError && skippable.has(error.code)) {
      process.stderr.write(`tench: the addon is not built now: ${error.message}. \`npm run setup\` does it.\n`);
      return 0;
    }
    return fail(error);
  }
}

/** What is no error to a package manager: set-up proper says what to do about it. */
const skippable = new Set(['ERR_TENCH_NO_LIBTORCH', 'ERR_TENCH_TOOLCHAIN', 'ERR_TENCH_PLATFORM', 'ERR_TENCH_LIBTORCH']);

/** Prints an error as people should see it and returns the exit code. */
function fail(error: unknown): number {
  if (!(error instanceof TenchError)) throw error;
  if (error instanceof CommandError) process.stderr.write(`${error.output.join('\n')}\n`);
  process.stderr.write(`tench: ${error.message}\n`);
  return 1;
}

/** Steps as lines; how far one is, as a line that is painted over, on a terminal only. */
export function quietReport(stream: NodeJS.WriteStream = process.stderr): Report {
  let painted = false;
  const clear = (): void => {
    if (painted) stream.write('\r\x1b[K');
    painted = false;
  };
  process.once('exit', clear);
  return {
    step(text) {
      clear();
      stream.write(`tench: ${text}\n`);
    },
    detail(text) {
      if (!stream.isTTY) return;
      stream.write(`\r\x1b[K  ${text.slice(0, (stream.columns || 80) - 4)}`);
      painted = true;
    },
  };
}

/** Steps and details as lines. */
function loudReport(): Report {
  return {
    step: (text) => process.stderr.write(`tench: ${text}\n`),
    detail: (text) => process.stderr.write(`${text}\n`),
  };
}
