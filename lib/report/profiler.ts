/** Where the time of a training step goes. */

import { inspect } from 'node:util';

import { Callback, type BatchLoader } from '../learner/index.js';
import { needFlag, needOptions } from '../tensor/checks.js';
import { synchronize, type Tensor } from '../tensor/index.js';

/** The parts of a step in their order; `callbacks`: what other callbacks do within it, `other`: what the loop does in between. */
const parts = ['data', 'forward', 'loss', 'backward', 'step', 'callbacks', 'other'] as const;

type Part = (typeof parts)[number];

/** One part of the training steps of a fit. */
export interface ProfileRow {
  readonly part: Part;
  /** Mean over the steps. */
  readonly milliseconds: number;
  /** Of the whole time of the training passes, from 0 to 1. */
  readonly share: number;
}

/** Earlier and later than what anybody else would take. */
const [first, last] = [-1e9, 1e9];

/**
 * Measures the training steps of a fit: waiting for data, forward, loss, backward, step, callbacks, and the rest. Prints itself as a table.
 *
 *     const profiler = new ProfilerCallback();
 *     await learn.fit(1, { cbs: [profiler] });
 *     console.log(profiler);
 *
 * An accelerator works on while JavaScript goes on; it is waited for after each part, unless `synchronize` is false, and then steps take longer than
 * they do unwatched.
 */
export class ProfilerCallback extends Callback {
  override order = first;
  override readonly inSearch = false;

  /** Training steps that were measured. */
  steps = 0;
  private readonly waits: boolean;
  private readonly end: Last;
  private milliseconds = new Map<Part, number>();
  private total = 0;
  private passBegan = 0;
  private since = 0;

  constructor(options: { readonly synchronize?: boolean } = {}) {
    super();
    needOptions('ProfilerCallback', options);
    this.waits = needFlag('synchronize', options.synchronize ?? true);
    this.end = new Last(this);
  }

  /** The table. Shares sum to 1; empty before the first step. */
  get rows(): ProfileRow[] {
    if (this.steps === 0) return [];
    const known = parts.map((part) => this.milliseconds.get(part) ?? 0);
    const other = Math.max(this.total - known.reduce((sum, value) => sum + value, 0), 0);
    return parts.map((part, i) => {
      const value = part === 'other' ? other : known[i]!;
      return { part, milliseconds: value / this.steps, share: value / this.total };
    });
  }

  override beginFit(): void {
    this.steps = this.total = 0;
    this.milliseconds = new Map();
    this.learn.removeCallbacks([this.end]);
    this.learn.addCallbacks([this.end]);
  }

  override beginBatch(): void {
    this.mark();
  }

  override afterPred(): void {
    this.took('forward', this.learn.pred);
  }

  override afterLoss(): void {
    this.took('loss', this.learn.loss);
  }

  override afterBackward(): void {
    this.took('backward', this.learn.loss);
  }

  override beginStep(): void {
    // Unscaling, under fp16.
    this.took('step', this.learn.loss);
  }

  override afterStep(): void {
    this.took('step', this.learn.loss);
  }

  override afterBatch(): void {
    this.mark();
  }

  override cleanupFit(): void {
    this.learn.removeCallbacks([this.end]);
  }

  /** @internal */
  passBegins(): void {
    this.passBegan = performance.now();
    const { learn } = this;
    learn.dl = timed(learn.dl, (milliseconds) => this.add('data', milliseconds));
  }

  /** @internal */
  passEnds(): void {
    if (this.passBegan > 0) this.total += performance.now() - this.passBegan;
    this.passBegan = 0;
  }

  /** @internal What other callbacks did since this one was called. */
  callbacksTook(): void {
    this.took('callbacks', this.learn.xb);
  }

  private mark(): void {
    this.since = performance.now();
  }

  private took(part: Part, on: Tensor): void {
    if (!this.learn.inTrain) return;
    if (this.waits && on.device !== 'cpu') synchronize(on.device);
    this.add(part, performance.now() - this.since);
    this.mark();
  }

  private add(part: Part, milliseconds: number): void {
    this.milliseconds.set(part, (this.milliseconds.get(part) ?? 0) + milliseconds);
  }

  override [inspect.custom](): string {
    const rows = this.rows.map(({ part, milliseconds, share }) =>
      [part.padEnd(9), milliseconds.toFixed(3).padStart(10), `${(100 * share).toFixed(1)} %`.padStart(8)].join('  '),
    );
    const head = `ProfilerCallback(${this.steps} steps)`;
    return rows.length === 0
      ? head
      : [head, `${'part'.padEnd(9)}  ${'ms a step'.padStart(10)}  ${'share'.padStart(8)}`, ...rows].join('\n');
  }
}

/** The other end of the callbacks: what lies between the two is theirs, what lies behind it the loop's. */
class Last extends Callback {
  override order = last;
  override readonly inSearch = false;

  constructor(private readonly profiler: ProfilerCallback) {
    super();
  }

  override beginEpoch(): void {
    this.profiler.passBegins();
  }

  override beginBatch(): void {
    this.profiler.callbacksTook();
  }

  override afterPred(): void {
    this.profiler.callbacksTook();
  }

  override afterLoss(): void {
    this.profiler.callbacksTook();
  }

  override afterBackward(): void {
    this.profiler.callbacksTook();
  }

  override beginStep(): void {
    this.profiler.callbacksTook();
  }

  override afterStep(): void {
    this.profiler.callbacksTook();
  }

  override afterBatch(): void {
    if (!this.learn.inTrain) return;
    this.profiler.callbacksTook();
    this.profiler.steps += 1;
  }

  override beginValidate(): void {
    this.profiler.passEnds();
  }

  override afterEpoch(): void {
    this.profiler.passEnds();
  }
}

/** The same loader, whose batches are waited for with a watch. */
function timed(dl: BatchLoader, took: (milliseconds: number) => void): BatchLoader {
  return {
    get length() {
      return dl.length;
    },
    async *[Symbol.asyncIterator]() {
      const batches = dl[Symbol.asyncIterator]();
      try {
        for (;;) {
          const began = performance.now();
          const next = await batches.next();
          took(performance.now() - began);
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        await batches.return?.();
      }
    },
  };
}
