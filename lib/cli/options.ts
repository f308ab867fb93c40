/** The options of `tench start`: what may be given, what it means, and a clear word for what is wrong. */

import { parseArgs } from 'node:util';

import { precisions, type PrecisionName } from '../learner/index.js';
import { UsageError } from './usageError.js';

/** How the files are split into training and validation. */
export type SplitName = 'folder' | 'lesson' | 'random';

const splits: readonly SplitName[] = ['folder', 'lesson', 'random'];

/** What the user has asked for; null where the data decide. */
export interface StartOptions {
  readonly data: string | null;
  readonly epochs: number | null;
  readonly batchSize: number | null;
  readonly size: number | null;
  readonly split: SplitName | null;
  readonly lr: number;
  readonly seed: number;
  readonly device: string;
  readonly threads: number | null;
  readonly precision: PrecisionName;
  readonly out: string | null;
  /** Whether a page shows the training, and at which port; 0: any. */
  readonly dashboard: boolean;
  readonly dashboardPort: number;
  /** The folder of a run that is gone on with, whose options then count. */
  readonly resume: string | null;
  readonly json: boolean;
  readonly help: boolean;
}

export const startUsage = `Usage: npm start [-- OPTIONS]

Trains the lesson's convolutional network, prints a table by epoch and saves the model.
Without --data it trains on MNIST.

  --data WHAT         a folder of images, an archive of one (.tgz, .tar, .zip), or the name of a data set
                      that fast.ai publishes: imagenette-160, imagewoof-320, imagewang, ...
  --epochs N          passes over the training data (5; MNIST 2)
  --batch-size N      images a step (64)
  --size N            width and height that images are resized to (128; MNIST 28)
  --split HOW         folder: by the folders train and val (or valid)
                      lesson: files named ...ILSVRC2012_val... are valid, as in the first Imagenette
                      random: a fifth is valid
                      (folder where there are such folders, else random)
  --lr RATE           highest learning rate; one cycle goes from a third of it up and down to a sixth (0.3)
  --seed N            of weights, order and random split (0)
  --device NAME       cpu, cuda or cuda:N (cpu)
  --threads N         threads of tensor operations (LibTorch's own choice)
  --precision NAME    fp32, bf16 or fp16 (fp32)
  --out DIR           where model, history and what is needed to use them go (runs/DATA-TIME)
  --dashboard         a page on this machine alone that shows the training; its address is printed, and it
                      stays in --out as dashboard.html
  --dashboard-port N  where it is served (0: any port that is free); implies --dashboard
  --resume DIR        goes on with the run that was stopped in DIR, as it was begun (alone, or with --json)
  --json              the last line of stdout is one JSON object, everything else goes to stderr
  --help              this text

Ctrl-C and SIGTERM stop after the batch and keep what was trained; a second one stops at once. --resume goes on from
there, or, where the process was killed, from the last whole epoch.
TENCH_DEBUG=1 prints where an error comes from.
`;

/**
 * Reads the command line.
 *
 * @throws UsageError that names the option and what it takes
 */
export function parseStartOptions(argv: readonly string[]): StartOptions {
  const values = parse(argv);
  if (values.resume !== undefined) {
    const other = Object.keys(values).find((name) => !['resume', 'json', 'help'].includes(name));
    if (other !== undefined)
      throw new UsageError(
        `--resume goes on with the options of the run that it names; --${other} cannot stand beside it`,
      );
  }
  return {
    data: text('data', values.data),
    epochs: whole('epochs', values.epochs, 1),
    batchSize: whole('batch-size', values['batch-size'], 1),
    size: whole('size', values.size, 1, 4096),
    split: choice('split', values.split, splits),
    lr: rate(values.lr),
    seed: whole('seed', values.seed, 0) ?? 0,
    device: device(values.device),
    threads: whole('threads', values.threads, 1, 1024),
    precision: choice('precision', values.precision, precisions) ?? 'fp32',
    out: text('out', values.out),
    dashboard: values.dashboard === true || values['dashboard-port'] !== undefined,
    dashboardPort: whole('dashboard-port', values['dashboard-port'], 0, 65_535) ?? 0,
    resume: text('resume', values.resume),
    json: values.json === true,
    help: values.help === true,
  };
}

function parse(argv: readonly string[]) {
  const string = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    data: string,
    epochs: string,
    'batch-size': string,
    size: string,
    split: string,
    lr: string,
    seed: string,
    device: string,
    threads: string,
    precision: string,
    out: string,
    dashboard: flag,
    'dashboard-port': string,
    resume: string,
    json: flag,
    help: { ...flag, short: 'h' },
  } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false, strict: true }).values;
  } catch (error) {
    // Node's own sentences name the option; only the first is about what went wrong.
    throw new UsageError((error as Error).message.split(/\.\s/)[0] ?? 'wrong usage');
  }
}

function text(name: string, value: string | undefined): string | null {
  if (value === '') throw new UsageError(`--${name} takes a text, but it is empty`);
  return value ?? null;
}

function whole(name: string, value: string | undefined, least: number, most = Number.MAX_SAFE_INTEGER): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new UsageError(`--${name} takes a whole number ${range}, not ${JSON.stringify(value)}`);
  }
  return number;
}

function choice<T extends string>(name: string, value: string | undefined, choices: readonly T[]): T | null {
  if (value === undefined) return null;
  const found = choices.find((one) => one === value);
  if (found === undefined)
    throw new UsageError(`--${name} takes ${choices.join(' or ')}, not ${JSON.stringify(value)}`);
  return found;
}

function rate(value: string | undefined): number {
  if (value === undefined) return 0.3;
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number <= 0)
    throw new UsageError(`--lr takes a number above 0, not ${JSON.stringify(value)}`);
  return number;
}

function device(value: string | undefined): string {
  if (value === undefined) return 'cpu';
  if (!/^(cpu|cuda(:\d+)?)$/.test(value))
    throw new UsageError(`--device takes cpu, cuda or cuda:N, not ${JSON.stringify(value)}`);
  return value;
}
