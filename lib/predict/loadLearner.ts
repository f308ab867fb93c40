/** Loading: from the file of an exported learner to what predicts with it. */

import { pathToFileURL } from 'node:url';

import { needRevival } from '../data/labeledData.js';
import { Source } from '../io/source.js';
import { Module } from '../nn/index.js';
import { needCount, needFlag, needFunction, needOptions, needPath, needText } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import type { Device } from '../tensor/index.js';
import { learnerFormat } from './description.js';
import { openLearner, type OwnCode } from './openLearner.js';
import { Predictor } from './predictor.js';
import type { LabelPrediction, Prediction } from './predictions.js';
import { EngineThread, importCode } from './thread.js';

/** Options of {@link loadLearner}. */
export interface LoadLearnerOptions extends OwnCode {
  /**
   * A module of one's own, by its address (`new URL('./mine.js', import.meta.url)`) or path, that is imported first: it may register
   * architectures (`registerModel`), and its exports `model`, `transforms` and `processors` count as these options. Unlike them it can be used on
   * another thread.
   */
  readonly code?: URL | string;
  /** Whether the model runs on a thread of its own, so that it never holds up the event loop. Default: unless `model`, `transforms` or `processors` are given, which are of this thread. */
  readonly thread?: boolean;
  /** Where the model runs; default `'cpu'`. */
  readonly device?: Device;
  /** The most images that go through the model at a time; default 32. */
  readonly batchSize?: number;
  /** The most bytes that are taken from a stream; default 64 MiB. */
  readonly maxBytes?: number;
}

/**
 * Opens a file that `Learner.export` wrote.
 *
 *     const predictor = await loadLearner('pets.safetensors');
 *     const { label, probabilities } = await predictor.predict('cat.jpg');
 *
 * P is what it predicts: one label (default), `LabelsPrediction` or `ValuesPrediction`; the file decides, and `predictor.kind` says so.
 *
 * @throws TenchError that names the file and what is wrong: `ERR_TENCH_READ` (there is none), `ERR_TENCH_DAMAGED`, `ERR_TENCH_UNSUPPORTED` (it is
 *   newer than this tench), `ERR_TENCH_MODEL` (its architecture is not known here), `ERR_TENCH_STATE_DICT` (the weights do not fit, and which)
 */
export async function loadLearner<P extends Prediction = LabelPrediction>(
  path: string,
  options: LoadLearnerOptions = {},
): Promise<Predictor<P>> {
  needPath('path', path, 'the path of a file');
  const { own, code, thread, device, batchSize, maxBytes } = needLoading(options);
  // A wrong path is told at once, and not when a thread has been started for it.
  await Source.using(path, `an ${learnerFormat.what}`, () => Promise.resolve());
  const imported = await importCode(code);
  const { processors = [] } = { ...imported, ...own };
  const engine = thread
    ? await EngineThread.start({ path, device, code })
    : await openLearner(path, { ...imported, ...own, device });
  return new Predictor<P>({ path, engine, processors, batchSize, maxBytes });
}

function needLoading(options: LoadLearnerOptions): Required<Omit<LoadLearnerOptions, keyof OwnCode | 'code'>> & {
  readonly own: OwnCode;
  readonly code: string | null;
} {
  needOptions('loadLearner', options);
  const { model, transforms, processors, device = 'cpu', batchSize = 32, maxBytes = 2 ** 26 } = options;
  if (model !== undefined && !(model instanceof Module))
    needFunction('model', model, 'a Module, or a function that makes one');
  if (transforms !== undefined) {
    needOptions('transforms', transforms);
    for (const [name, maker] of Object.entries(transforms)) needFunction(`transforms.${name}`, maker);
  }
  if (processors !== undefined) needRevival('loadLearner', { processors });
  const given = Object.entries({ model, transforms, processors }).filter(([, value]) => value !== undefined);
  const { thread = given.length === 0 } = options;
  if (needFlag('thread', thread) && given.length > 0)
    throw invalid(
      'thread',
      `false beside ${given.map(([name]) => `\`${name}\``).join(', ')}: name a module as \`code\` instead`,
      thread,
    );
  return {
    own: Object.fromEntries(given),
    code: options.code === undefined ? null : addressOf(options.code),
    thread,
    device: needText('device', device, 'the name of a device'),
    batchSize: needCount('batchSize', batchSize, 1),
    maxBytes: needCount('maxBytes', maxBytes, 1),
  };
}

function addressOf(code: URL | string): string {
  if (code instanceof URL) return code.href;
  needPath('code', code, 'the address or path of a module');
  return /^(file|data):/.test(code) ? code : pathToFileURL(code).href;
}
