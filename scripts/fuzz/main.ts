/**
 * `npm run fuzz -- calls [--calls N] [--seed S] [--operators PATTERN] [--plain]`: long runs of hostile calls, under sanitizers.
 */

import { parseArgs } from 'node:util';
import { appendFileSync } from 'node:fs';

import { sanitizedEnvironment } from './sanitizers.js';
import { supervise } from './supervisor.js';

const usage = `Usage: npm run fuzz [-- calls] [OPTIONS]

  --calls N            how many calls (200,000)
  --seed S             another seed, other calls (1)
  --operators PATTERN  only overloads that match a regular expression
  --batch N            calls to one process (2,000)
  --plain              without sanitizers, which is several times as fast
  --record PATH        appends each finding to a file, one JSON object a line
`;

async function main(argv: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        calls: { type: 'string', default: '200000' },
        seed: { type: 'string', default: '1' },
        operators: { type: 'string', default: '' },
        batch: { type: 'string', default: '2000' },
        record: { type: 'string' },
        plain: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    process.stderr.write(`tench: ${(error as Error).message}\n${usage}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (positionals.length > 1 || (positionals[0] ?? 'calls') !== 'calls') {
    process.stderr.write(usage);
    return 2;
  }
  const started = Date.now();
  const summary = await supervise({
    seed: Number(values.seed),
    calls: Number(values.calls),
    operators: values.operators,
    batch: Number(values.batch),
    env: values.plain ? process.env : sanitizedEnvironment(),
    limits: { seconds: 20, bytes: 4 * 2 ** 30 },
    onFinding: (finding) => {
      process.stdout.write(`${finding.how}\n  ${finding.source}\n${finding.detail.replace(/^/gm, '    ')}\n`);
      if (values.record !== undefined) appendFileSync(values.record, `${JSON.stringify(finding)}\n`);
    },
    onProgress: ({ calls, returned, threw, reached, findings }) => {
      process.stderr.write(
        `${calls} calls: ${returned} returned, ${threw} threw, ${reached.size} overloads returned, ${findings.length} findings, ${Math.round((Date.now() - started) / 1000)} s\n`,
      );
    },
  });
  return summary.findings.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
