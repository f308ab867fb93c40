/**
 * An engine on a thread of its own, so that the caller's event loop goes on while the model runs.
 *
 * The thread's program is this very module (or the file into which the library has been put): it starts serving where it finds itself in a thread
 * that was started for that.
 */

import { Worker, isMainThread, parentPort, workerData, type Transferable } from 'node:worker_threads';

import type { TtaVersions } from '../learner/tta.js';
import { TenchError } from '../tensor/errors.js';
import { getNumThreads, setNumThreads, type Device } from '../tensor/index.js';
import type { ImageSource } from '../vision/index.js';
import type { LearnerDescription } from './description.js';
import type { Outcome, PredictionEngine } from './engine.js';
import { openLearner, type OwnCode } from './openLearner.js';

/** What a thread is started with. */
export interface ThreadOptions {
  readonly path: string;
  readonly device: Device;
  /** The address of a module with {@link OwnCode} among its exports; null: none. */
  readonly code: string | null;
}

/** An error on its way between threads: what is stable of it. */
interface Told {
  readonly message: string;
  readonly code: string;
}

interface Question {
  readonly id: number;
  readonly sources: readonly ImageSource[];
  readonly tta: Required<TtaVersions> | null;
}

type Answer =
  | { readonly kind: 'ready'; readonly description: LearnerDescription }
  | { readonly kind: 'failed'; readonly error: Told }
  | { readonly kind: 'answer'; readonly id: number; readonly outcomes: readonly (Float32Array | Told)[] };

interface ThreadData extends ThreadOptions {
  readonly numThreads: number;
}

/** By this the thread's program knows what it was started for. */
const mark = 'tench: predictions';

interface Pending {
  readonly resolve: (outcomes: Outcome[]) => void;
  readonly reject: (error: TenchError) => void;
}

/** The side of the caller. */
export class EngineThread implements PredictionEngine {
  // One batch in the model, one that has been read by then, and one that is on its way.
  readonly lanes = 3;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #asked = 0;
  #gone: TenchError | null = null;

  private constructor(
    worker: Worker,
    readonly description: LearnerDescription,
  ) {
    this.#worker = worker;
    // A program that has nothing else to do may end.
    worker.unref();
  }

  /** @throws TenchError as {@link openLearner} does */
  static async start(options: ThreadOptions): Promise<EngineThread> {
    const data: ThreadData = { ...options, numThreads: getNumThreads() };
    // A thread inherits Node's options. The one that is about the text of `node --eval` is refused for a file, and V8's are where a list is given.
    const isText = process.execArgv.some((one) => one.startsWith('--input-type'));
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { [mark]: data },
      ...(isText ? { execArgv: [] } : {}),
    });
    return new Promise((resolve, reject) => {
      let engine: EngineThread | null = null;
      const end = (error: TenchError): void => {
        if (engine === null) reject(error);
        else engine.#end(error);
      };
      worker.on('message', (answer: Answer) => {
        if (answer.kind === 'ready') resolve((engine = new EngineThread(worker, answer.description)));
        else if (answer.kind === 'answer') engine!.#take(answer.id, answer.outcomes);
        else end(heard(answer.error));
      });
      worker.on('error', (cause) => end(ended(cause)));
      worker.on('exit', () => end(ended(null)));
    });
  }

  run(sources: readonly ImageSource[], tta: Required<TtaVersions> | null): Promise<Outcome[]> {
    if (this.#gone !== null) return Promise.reject(this.#gone);
    const id = (this.#asked += 1);
    const question: Question = { id, sources, tta };
    return new Promise((resolve, reject) => {
      this.#worker.postMessage(question);
      this.#pending.set(id, { resolve, reject });
      this.#worker.ref();
    });
  }

  async close(): Promise<void> {
    this.#gone ??= new TenchError('this predictor has been closed', { code: 'ERR_TENCH_CLOSED' });
    this.#worker.ref();
    await this.#worker.terminate();
  }

  #take(id: number, outcomes: readonly (Float32Array | Told)[]): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.unref();
    pending?.resolve(outcomes.map((one) => (one instanceof Float32Array ? one : heard(one))));
  }

  #end(error: TenchError): void {
    this.#gone ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#gone);
    this.#pending.clear();
  }
}

function ended(cause: unknown): TenchError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new TenchError(`the thread of predictions has ended${why}`, {
    code: 'ERR_TENCH_CLOSED',
    cause: cause ?? undefined,
  });
}

function told(error: unknown): Told {
  const message = error instanceof Error ? error.message : String(error);
  return { message, code: error instanceof TenchError ? error.code : 'ERR_TENCH' };
}

function heard({ message, code }: Told): TenchError {
  return new TenchError(message, { code });
}

/** The module with the user's code, imported. @throws TenchError that names it */
export async function importCode(code: string | null): Promise<OwnCode> {
  if (code === null) return {};
  try {
    const { model, transforms, processors } = (await import(code)) as OwnCode;
    return { model, transforms, processors };
  } catch (cause) {
    throw new TenchError(`the module of \`code\`, ${code}, cannot be imported: ${told(cause).message}`, { cause });
  }
}

/** The side of the thread. */
async function serve({ path, device, code, numThreads }: ThreadData): Promise<void> {
  const port = parentPort!;
  const say = (answer: Answer, transfer: Transferable[] = []): void => port.postMessage(answer, transfer);
  try {
    setNumThreads(numThreads);
    const engine = await openLearner(path, { ...(await importCode(code)), device });
    port.on('message', ({ id, sources, tta }: Question) => {
      void engine.run(sources, tta).then((outcomes) => {
        const rows = outcomes.filter((one) => one instanceof Float32Array);
        const answers = outcomes.map((one) => (one instanceof Float32Array ? one : told(one)));
        say(
          { kind: 'answer', id, outcomes: answers },
          rows.map(({ buffer }) => buffer as ArrayBuffer),
        );
      });
    });
    say({ kind: 'ready', description: engine.description });
  } catch (error) {
    say({ kind: 'failed', error: told(error) });
  }
}

const started = isMainThread ? undefined : (workerData as Record<string, ThreadData> | null | undefined)?.[mark];
// Later, when all of the file has been read in which this may stand.
if (started !== undefined) setImmediate(() => void serve(started));
