/** `npm run -s bench -- NAME`: measures one benchmark, prints a table and, as the last line, one JSON object. */

import { quietReport } from '../lib/cli/setup.js';
import { TenchError } from '../lib/runtime/errors.js';
import { benchmarks } from './benchmarks.js';
import { parseNamed } from '../lib/cli/named.js';
import { UsageError } from '../lib/cli/usageError.js';
import type { Benchmark } from './harness/benchmark.js';
import { setUpEnvironment } from './harness/environments.js';
import { efforts, measure } from './harness/measure.js';
import { header, row, toJson } from './harness/report.js';

const usage = `Usage: npm run -s bench -- NAME [--quick] [--data PATH]
       npm run -s bench -- list

  NAME          a benchmark; list names them
  --quick       fewer repetitions of the same work
  --data PATH   the folder of data, for benchmarks that need it (TENCH_DATA)
`;

interface Request {
  /** null: list. */
  readonly benchmark: Benchmark | null;
  readonly quick: boolean;
  readonly data: string | null;
}

function parse(argv: readonly string[]): Request | 'help' {
  const named = parseNamed(argv, {
    what: 'benchmark',
    all: benchmarks,
    options: { quick: { type: 'boolean', default: false }, data: { type: 'string' } },
  });
  if (named === 'help') return 'help';
  const { chosen: benchmark, values } = named;
  return { benchmark, quick: values.quick, data: values.data ?? (process.env.TENCH_DATA || null) };
}

async function run(argv: readonly string[]): Promise<number> {
  const print = (line: string): boolean => process.stdout.write(`${line}\n`);
  const request = parse(argv);
  if (request === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const { benchmark, quick, data } = request;
  if (benchmark === null) {
    for (const { name, summary } of benchmarks) print(`${name.padEnd(10)}  ${summary}`);
    return 0;
  }
  const { environment } = benchmark;
  const python = environment === null ? '' : await setUpEnvironment(environment, { report: quietReport() });
  const effort = quick ? efforts.quick : efforts.full;
  print(header());
  const result = await measure(benchmark, effort, { python, data }, (measurement) => print(row(measurement)));
  print(toJson(benchmark.name, result, effort));
  return 0;
}

/** Exit code after Ctrl-C: 128 and the number of SIGINT. */
process.once('SIGINT', () => process.exit(130));

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError || error instanceof TenchError)) throw error;
  process.stderr.write(`tench: ${error.message}\n${error instanceof UsageError ? usage : ''}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
