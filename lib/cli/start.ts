/** `tench start`: trains the lesson's network on images, prints a table by epoch, saves what was learned. */

import { join, resolve } from 'node:path';

import {
  AvgStatsCallback,
  BatchTransformXCallback,
  Learner,
  ParamScheduler,
  Recorder,
  type Dashboard,
  accuracy,
} from '../learner/index.js';
import { convLayer, countParameters } from '../nn/index.js';
import { combineScheds, cos1cycleAnneal } from '../optim/index.js';
import { ProgressCallback, formatDuration, showTransfer, type ProgressStream } from '../report/index.js';
import { getNumThreads, isCudaAvailable, manualSeed, setNumThreads } from '../tensor/index.js';
import { TenchError } from '../tensor/errors.js';
import { getCnnModel, initCnn, normalizer } from '../vision/index.js';
import { openDataset, type Dataset } from './dataset.js';
import { Interrupt, stopped } from './interrupt.js';
import { parseStartOptions, startUsage, type StartOptions } from './options.js';
import { UnfinishedRun } from './unfinished.js';
import { UsageError } from './usageError.js';
import { OutFolder, defaultOut, epochResult, type RunResult } from './saved.js';

/** What the page is called in the folder of the results. */
const dashboardFile = 'dashboard.html';

/** Runs the command line and returns its exit code: 0, 2 for wrong usage, 130 after Ctrl-C, 143 after SIGTERM, 1 for everything else. */
export async function start(argv: readonly string[]): Promise<number> {
  process.stdout.on('error', endQuietly);
  const interrupt = new Interrupt(() => say('stopping; Ctrl-C again stops at once')).listen();
  try {
    const options = parseStartOptions(argv);
    if (options.help) {
      process.stdout.write(startUsage);
      return 0;
    }
    if (options.resume === null) return await run(options, interrupt, argv);
    const begun = await new UnfinishedRun(resolve(options.resume)).options();
    return await run({ ...begun, resume: begun.out, json: options.json }, interrupt, null);
  } catch (error) {
    // What an interrupted download throws says no more than the signal did.
    if (interrupt.requested && isAbort(error)) return interrupt.code;
    complain(error);
    return error instanceof UsageError ? 2 : 1;
  } finally {
    interrupt.close();
  }
}

/** @param argv what the run is begun with; null where it goes on */
async function run(options: StartOptions, interrupt: Interrupt, argv: readonly string[] | null): Promise<number> {
  const began = performance.now();
  // With --json, stdout belongs to the result alone.
  const text: ProgressStream = options.json ? process.stderr : process.stdout;
  checkDevice(options.device);
  if (options.threads !== null) setNumThreads(options.threads);
  manualSeed(options.seed);
  // A given folder is tried before a download of gigabytes, the default one named after the data.
  const given = options.out === null ? null : await OutFolder.prepare(options.out);
  let folder = given;
  let dashboard: Dashboard | null = null;
  try {
    const dataset = await open(options, interrupt);
    folder ??= await OutFolder.prepare(defaultOut(dataset.name));
    const unfinished = new UnfinishedRun(folder.path);
    const resume = argv === null ? await unfinished.state() : null;
    const learn = makeLearner(dataset, options, text, interrupt);
    describe(text, dataset, learn, options);
    interrupt.signal.throwIfAborted();
    if (options.dashboard) {
      dashboard = await learn.dashboard({
        port: options.dashboardPort,
        title: `Training on ${dataset.name}`,
        out: join(folder.path, dashboardFile),
        vocab: dataset.classNames,
      });
      text.write(`dashboard: ${dashboard.url}\n`);
    }
    if (argv !== null) await unfinished.begin(argv);
    await learn.fit(dataset.recipe.epochs, { cbs: [unfinished.callback(interrupt.signal)], resume });

    const result: RunResult = {
      dataset: dataset.name,
      split: dataset.split,
      device: options.device,
      seed: options.seed,
      train: dataset.train,
      valid: dataset.valid,
      classes: dataset.vocab.length,
      epochs: learn.find(AvgStatsCallback)?.records.map(epochResult) ?? [],
      seconds: (performance.now() - began) / 1000,
      // The system counts in kibibytes.
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      out: folder.path,
    };
    await folder.write(learn, dataset, options, result);
    const files = ['model.safetensors', 'history.json', ...(dashboard === null ? [] : [dashboardFile])].join(', ');
    text.write(`saved in ${folder.path} after ${formatDuration(result.seconds)}: ${files}\n`);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    if (!interrupt.requested) await unfinished.forget();
    else text.write(`to go on: npm start -- --resume ${folder.path}\n`);
    return interrupt.code;
  } catch (error) {
    if (folder !== null) await abandon(folder);
    throw error;
  } finally {
    await dashboard?.close();
  }
}

/** Where training has failed later than its first checkpoint, it can go on. */
async function abandon(folder: OutFolder): Promise<void> {
  const unfinished = new UnfinishedRun(folder.path);
  if (await unfinished.hasCheckpoint()) say(`to go on: npm start -- --resume ${folder.path}`);
  else await unfinished.forget();
  await folder.abandon();
}

function checkDevice(device: string): void {
  if (device === 'cpu' || isCudaAvailable()) return;
  throw new TenchError(
    `--device ${device}: there is no CUDA device here, or LibTorch is a build for the CPU (npx tench doctor says which)`,
  );
}

async function open(options: StartOptions, interrupt: Interrupt): Promise<Dataset> {
  const transfer = showTransfer(process.stderr);
  try {
    return await openDataset(options, { onProgress: transfer.show, signal: interrupt.signal });
  } finally {
    transfer.end();
  }
}

/** The notes' run: their CNN, plain SGD, and one cosine cycle of the rate. */
function makeLearner(dataset: Dataset, options: StartOptions, text: ProgressStream, interrupt: Interrupt): Learner {
  const { lr, device, precision } = options;
  const model = initCnn(getCnnModel(dataset.data, dataset.recipe.nfs, convLayer));
  const schedule = combineScheds([0.3, 0.7], cos1cycleAnneal(lr / 3, lr, lr / 6));
  const progress = new ProgressCallback({ table: text, bar: process.stderr });
  interrupt.say = () => progress.say('tench: stopping after this batch; Ctrl-C again stops at once');
  return new Learner(model, dataset.data, {
    lr,
    precision,
    device,
    // The lesson's CNN takes a quarter to a third less time so, in float32 too; for the digits it makes no difference.
    channelsLast: true,
    cbs: [
      new BatchTransformXCallback(normalizer(dataset.recipe.stats)),
      new ParamScheduler('lr', schedule),
      new AvgStatsCallback([accuracy]),
      new Recorder(),
      progress,
    ],
  });
}

function describe(text: ProgressStream, dataset: Dataset, learn: Learner, options: StartOptions): void {
  const { name, split, train, valid, leftOut, vocab, classNames, recipe } = dataset;
  const number = (value: number): string => value.toLocaleString('en-US');
  const classes = vocab.map((label, i) => (classNames[i] === label ? label : `${label} ${classNames[i]}`));
  const shown = classes.length > 20 ? [...classes.slice(0, 20), '...'] : classes;
  text.write(
    [
      `${name}: ${number(train)} images to train on, ${number(valid)} to validate on (split: ${split})${leftOut > 0 ? `, ${number(leftOut)} in neither` : ''}`,
      `${vocab.length} classes: ${shown.join(', ')}`,
      `CNN of ${number(countParameters(learn.model))} parameters, ${recipe.size} x ${recipe.size} pixels, batches of ${recipe.batchSize}; ` +
        `${options.device}, ${options.precision}, ${getNumThreads()} ${getNumThreads() === 1 ? 'thread' : 'threads'}, seed ${options.seed}`,
      '',
    ].join('\n'),
  );
}

/** Whoever read our output has gone, as in `npm start | head`: nobody is left to tell. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(1);
}

function say(text: string): void {
  process.stderr.write(`tench: ${text}\n`);
}

/** One line for people; where it comes from only for those who ask. */
function complain(error: unknown): void {
  const message = error instanceof Error ? error.message.replace(/\s*\n\s*/g, '; ') : String(error);
  say(error instanceof UsageError ? `${message} (npm start -- --help lists the options)` : message);
  if (process.env.TENCH_DEBUG === '1') console.error(error);
}

function isAbort(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'AbortError' || cause.message === stopped) return true;
  }
  return false;
}
