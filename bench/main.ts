/** `npm run -s bench -- NAME`: measures one benchmark, prints a table and, as the last line, one JSON object. */

import { OutFolder } from '../lib/cli/saved.js';
import { quietReport } from '../lib/cli/setup.js';
import { TenchError } from '../lib/runtime/errors.js';
import { benchmarks } from './benchmarks.js';
import { parseNamed } from '../lib/cli/named.js';
import { UsageError } from '../lib/cli/usageError.js';
import type { Benchmark, Survey } from './harness/benchmark.js';
import { setUpEnvironment } from './harness/environments.js';
import { toMarkdown, writeTables, type GrowthTable } from './harness/growthTable.js';
import { efforts, measure, type Effort } from './harness/measure.js';
import { closingLine, header, row, toJson } from './harness/report.js';

const usage = `Usage: npm run -s bench -- NAME [--quick] [--data PATH] [--out DIR]
       npm run -s bench -- list

  NAME          a benchmark; list names them
  --quick       fewer repetitions of the same work
  --data PATH   the folder of data, for benchmarks that need it (TENCH_DATA)
  --out DIR     where tables and pictures go, of benchmarks that have some
`;

interface Request {
  /** null: list. */
  readonly benchmark: Benchmark | Survey | null;
  readonly quick: boolean;
  readonly data: string | null;
  readonly out: string | null;
}

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

function parse(argv: readonly string[]): Request | 'help' {
  const named = parseNamed(argv, {
    what: 'benchmark',
    all: benchmarks,
    options: { quick: { type: 'boolean', default: false }, data: { type: 'string' }, out: { type: 'string' } },
  });
  if (named === 'help') return 'help';
  const { chosen: benchmark, values } = named;
  const { quick, out = null } = values;
  if (out !== null && (benchmark === null || !('tables' in benchmark)))
    throw new UsageError(`\`${named.name}\` has no pictures for --out`);
  return { benchmark, quick, data: values.data ?? (process.env.TENCH_DATA || null), out };
}

async function run(argv: readonly string[]): Promise<number> {
  const request = parse(argv);
  if (request === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const { benchmark, quick } = request;
  if (benchmark === null) {
    for (const { name, summary } of benchmarks) print(`${name.padEnd(10)}  ${summary}`);
    return 0;
  }
  const effort = quick ? efforts.quick : efforts.full;
  print('tables' in benchmark ? await survey(benchmark, effort, request) : await compare(benchmark, effort, request));
  return 0;
}

/** Prints a row for each comparison; returns the closing line. */
async function compare(benchmark: Benchmark, effort: Effort, { data }: Request): Promise<string> {
  const { environment } = benchmark;
  const python = environment === null ? '' : await setUpEnvironment(environment, { report: quietReport() });
  print(header());
  const result = await measure(benchmark, effort, { python, data }, (measurement) => print(row(measurement)));
  return toJson(benchmark.name, result, effort);
}

/** Prints a table for each quantity; returns the closing line. */
async function survey(chosen: Survey, effort: Effort, { out }: Request): Promise<string> {
  const folder = out === null ? null : await OutFolder.prepare(out);
  const libtorch = await chosen.libtorch();
  const tables: GrowthTable[] = [];
  for await (const table of chosen.tables(effort)) {
    tables.push(table);
    print(`${table.title}\n\n${toMarkdown(table).join('\n')}\n`);
  }
  if (folder !== null) for (const path of await writeTables(folder.path, tables)) print(path);
  return closingLine(chosen.name, { libtorch, ratios: {}, effort, found: { tables } });
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
