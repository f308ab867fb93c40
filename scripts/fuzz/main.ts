/**
 * `npm run fuzz [-- KIND] [OPTIONS]`: long runs of hostile calls, trainings and files under sanitizers; without a kind, all of them in turn.
 */

import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { isCallKind, type Finding, type Kind, type Summary } from './kind.js';
import { kinds } from './kinds.js';
import { sanitizedEnvironment } from './sanitizers.js';
import { supervise } from './supervisor.js';

const kindLines = kinds.map(({ name, about, calls }) => `  ${name.padEnd(10)} ${about} (${calls})`).join('\n');

const usage = `Usage: npm run fuzz [-- KIND] [OPTIONS]

Kinds, with how many calls or steps each makes unless --calls says so; without a kind, all in turn:
${kindLines}

  --calls N        how many calls, of each kind
  --seed S         another seed, other calls (1)
  --from I         begins with the call of this number: what a finding says to make it again
  --only PATTERN   only subjects (operators, methods, layers, formats) that match a regular expression
  --plain          without sanitizers, which is several times as fast
  --record PATH    appends each finding to a file, one JSON object a line
`;

function parse(argv: string[]) {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      calls: { type: 'string' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      only: { type: 'string', default: '' },
      record: { type: 'string' },
      plain: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
}

type Values = ReturnType<typeof parse>['values'];

/** The value of an option that is a whole number, or a reason to stop. */
function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`--${name}: expected a whole number but received ${text}`);
  return Number(text);
}

/** The command that makes one call again, in a new process. */
function again(kind: Kind, values: Values, index: number): string {
  const only = values.only === '' ? '' : ` --only '${values.only.replaceAll("'", `'\\''`)}'`;
  const plain = values.plain ? ' --plain' : '';
  return `npm run fuzz -- ${kind.name} --seed ${values.seed} --from ${index} --calls 1${only}${plain}`;
}

async function fuzz(kind: Kind, values: Values): Promise<Summary> {
  const started = Date.now();
  const seconds = (): number => Math.round((Date.now() - started) / 1000);
  const calls = values.calls === undefined ? kind.calls : wholeNumber('calls', values.calls);
  const onFinding = (finding: Finding): void => {
    const { how, source, detail, index } = finding;
    const command = index < 0 ? '' : `  again: ${again(kind, values, index)}\n`;
    process.stdout.write(`${kind.name}: ${how}\n  ${source}\n${command}${detail.replace(/^/gm, '    ')}\n`);
    if (values.record !== undefined)
      appendFileSync(values.record, `${JSON.stringify({ kind: kind.name, ...finding })}\n`);
  };
  const line = ({ calls, returned, threw, reached, findings }: Summary): string =>
    `${kind.name}: ${calls} calls, ${returned} returned, ${threw} threw, ${reached.size} subjects returned, ${findings.length} findings, ${seconds()} s\n`;
  const summary = isCallKind(kind)
    ? await supervise({
        kind,
        calls,
        seed: wholeNumber('seed', values.seed),
        from: wholeNumber('from', values.from),
        only: values.only,
        env: values.plain ? process.env : sanitizedEnvironment(),
        onFinding,
        onProgress: (summary) => process.stderr.write(line(summary)),
      })
    : await kind.run({ calls, onFinding });
  process.stdout.write(line(summary));
  return summary;
}

async function main(argv: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parse(argv);
    for (const name of ['calls', 'seed', 'from'] as const) wholeNumber(name, parsed.values[name] ?? '0');
    new RegExp(parsed.values.only);
  } catch (error) {
    process.stderr.write(`tench: ${(error as Error).message}\n${usage}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const [name] = positionals;
  const chosen = name === undefined ? kinds : kinds.filter((kind) => kind.name === name);
  if (positionals.length > 1 || chosen.length === 0) {
    const known = kinds.map(({ name }) => name).join(', ');
    process.stderr.write(`tench: no kind of fuzzing is named ${positionals.join(' ')}; there are ${known}\n${usage}`);
    return 2;
  }
  const started = Date.now();
  let calls = 0;
  let findings = 0;
  for (const kind of chosen) {
    const summary = await fuzz(kind, values);
    calls += summary.calls;
    findings += summary.findings.length;
  }
  process.stdout.write(`fuzz: ${calls} calls, ${findings} findings, ${Math.round((Date.now() - started) / 1000)} s\n`);
  return findings === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
