/** `npm run -s example -- NAME`: runs one station of the lesson and writes its pictures. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { TenchError } from 'tench';
import type { Station } from './harness/station.js';
import { stations } from './stations.js';

const usage = `Usage: npm run -s example -- NAME [--out DIR] [--data PATH] [--json]
       npm run -s example -- list

  NAME          a station of the lesson; list names them
  --out DIR     where its pictures go (runs/NAME)
  --data PATH   images: a file, a folder or an archive (the Imagenette in TENCH_DATA; else one is drawn)
  --json        the last line of stdout is one JSON object, everything else goes to stderr
`;

/** Wrong usage: exit code 2. */
class UsageError extends Error {}

interface Request {
  /** null: list. */
  readonly station: Station | null;
  readonly out: string;
  readonly data: string | null;
  readonly json: boolean;
}

function parse(argv: readonly string[]): Request | 'help' {
  const options = {
    out: { type: 'string' },
    data: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  } as const;
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(/\.\s/)[0] : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) return 'help';
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError('give the name of one station');
  const station = name === 'list' ? null : stations.find((one) => one.name === name);
  if (station === undefined) throw new UsageError(`there is no station \`${name}\``);
  return {
    station,
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
  const { station, out, data, json } = request;
  if (station === null) {
    for (const { name, summary } of stations) process.stdout.write(`${name.padEnd(12)}  ${summary}\n`);
    return 0;
  }
  makeFolder(out);
  const stream = json ? process.stderr : process.stdout;
  const result = await station.run({ data, out, print: (line) => void stream.write(`${line}\n`) });
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
