/** `npm run -s example -- NAME`: runs one station of the lesson and writes its pictures. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { TenchError, precisions, type PrecisionName } from 'tench';
import { parseNamed } from '../lib/cli/named.js';
import { UsageError } from '../lib/cli/usageError.js';
import type { Station, TrainingOption } from './harness/station.js';
import { stations } from './stations.js';

const usage = `Usage: npm run -s example -- NAME [--out DIR] [--data PATH] [--json]
       npm run -s example -- list

  NAME          a station of the lesson; list names them
  --out DIR     where its pictures go (runs/NAME)
  --data PATH   images: a file, a folder or an archive (the Imagenette in TENCH_DATA; else one is drawn)
  --seeds N     how often training is repeated (stations that train)
  --precision P fp32, bf16 or fp16 (stations that train)
  --limit N     the most images to train on, for a quick look (stations that train)
  --epochs N    of each training (stations that train)
  --arms A,B    which of the ways that are compared (augmentation-training)
  --json        the last line of stdout is one JSON object, everything else goes to stderr
`;

interface Request {
  /** null: list. */
  readonly station: Station | null;
  readonly out: string;
  readonly data: string | null;
  readonly json: boolean;
  readonly seeds: number | null;
  readonly precision: PrecisionName | null;
  readonly limit: number | null;
  readonly epochs: number | null;
  readonly arms: readonly string[] | null;
}

const trainingOptions: readonly TrainingOption[] = ['seeds', 'precision', 'limit', 'epochs', 'arms'];

function countOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${name} takes a whole number of at least 1`);
  return Number(text);
}

function precisionOf(text: string | undefined): PrecisionName | null {
  if (text === undefined) return null;
  const found = precisions.find((name) => name === text);
  if (found === undefined) throw new UsageError(`--precision takes ${precisions.join(', ')}`);
  return found;
}

function parse(argv: readonly string[]): Request | 'help' {
  const named = parseNamed(argv, {
    what: 'station',
    all: stations,
    options: {
      out: { type: 'string' },
      data: { type: 'string' },
      json: { type: 'boolean', default: false },
      seeds: { type: 'string' },
      precision: { type: 'string' },
      limit: { type: 'string' },
      epochs: { type: 'string' },
      arms: { type: 'string' },
    },
  });
  if (named === 'help') return 'help';
  const { name, chosen: station, values } = named;
  for (const option of trainingOptions) {
    if (values[option] !== undefined && station?.takes?.includes(option) !== true)
      throw new UsageError(`${name} takes no --${option}`);
  }
  return {
    station,
    seeds: countOf('seeds', values.seeds),
    precision: precisionOf(values.precision),
    limit: countOf('limit', values.limit),
    epochs: countOf('epochs', values.epochs),
    arms: values.arms?.split(',') ?? null,
    out: values.out || join('runs', name),
    data: values.data || process.env.TENCH_DATA || null,
    json: values.json,
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (cause) {
    throw new TenchError(`the folder for pictures cannot be made: ${(cause as Error).message}`, { cause });
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const request = parse(argv);
  if (request === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const { station, out, data, json, seeds, precision, limit, epochs, arms } = request;
  if (station === null) {
    for (const { name, summary } of stations) process.stdout.write(`${name.padEnd(21)}  ${summary}\n`);
    return 0;
  }
  makeFolder(out);
  const stream = json ? process.stderr : process.stdout;
  const result = await station.run({
    data,
    out,
    seeds,
    precision,
    limit,
    epochs,
    arms,
    print: (line) => void stream.write(`${line}\n`),
  });
  if (json) process.stdout.write(`${JSON.stringify({ example: station.name, ...result })}\n`);
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
