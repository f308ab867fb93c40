/** A page on this machine that shows a training while it goes on, and stays as a file when it is over. */

import { inspect } from 'node:util';

import { savePicture } from '../../charts/save.js';
import { needArray, needCount, needInRange, needOptions, needPath, needText } from '../../tensor/checks.js';
import { TenchError, invalid } from '../../tensor/errors.js';
import { memory, type Tensor } from '../../tensor/index.js';
import { ActivationStats } from '../activationStats.js';
import { AvgStatsCallback } from '../avgStats.js';
import { Callback } from '../callback.js';
import { predictionsOf } from '../interpretation.js';
import { Recorder } from '../recorder.js';
import { finishedPage, hint, livePage, type PieceId } from './page.js';
import { PageServer, type PageEvent } from './server.js';
import { activationView, epochView, figuresView, lossView, machineView, rateView, type Moment } from './views.js';

/** Options of {@link Dashboard} and `Learner.dashboard`. */
export interface DashboardOptions {
  /** Where the page is served, on 127.0.0.1. Default 0: any port that is free. */
  readonly port?: number;
  /** Heading of the page. Default `Training`. */
  readonly title?: string;
  /** An `.html` file that holds the page when a fit is over. Default: none. */
  readonly out?: string | null;
  /** At least so many seconds lie between two changes of the page. Default 2. */
  readonly interval?: number;
  /** Measures what layers put out in one training batch of so many, if the learner has no ActivationStats. Default 10; null: not at all. */
  readonly activationsEvery?: number | null;
  /** How many predictions on validation data are shown with their pictures. Default 8; 0: none. */
  readonly samples?: number;
  /** Names of the classes. Default: the vocabulary of the validation data. */
  readonly vocab?: readonly string[];
}

/** Drawing, and serving, takes at most one part in so many of the time. */
const share = 20;

/** Moments are halved when there are so many, so that a run of weeks takes no more memory than one of hours. */
const mostMoments = 2000;

/** The first batch of a validation pass, as much of it as is shown. */
interface Seen {
  readonly pred: Tensor;
  readonly yb: Tensor;
  readonly epoch: number;
}

/**
 * Serves a page with loss and metrics, rates, activations, throughput, memory and sample predictions, which changes while it trains. Only this machine
 * can read it, and on it only who knows the address; the page asks nobody else for anything.
 *
 *     const dashboard = await learn.dashboard({ out: 'run.html' });
 *     console.log(dashboard.url);
 *     await learn.fit(5);
 *     await dashboard.close();
 *
 * The page is served between batches, and keeps no process alive. Nothing is drawn while nobody looks, but for the end of each fit. Order 63.
 */
export class Dashboard extends Callback {
  override order = 63;
  override readonly inSearch = false;

  private readonly port: number;
  private readonly title: string;
  private readonly out: string | null;
  private readonly interval: number;
  private readonly activationsEvery: number | null;
  private readonly samples: number;
  private readonly vocab: readonly string[] | undefined;

  private server: PageServer | null = null;
  private readonly pieces = new Map<PieceId, string>();
  /** What is the learner's, or else the dashboard's own. */
  private recorder = new Recorder();
  private ownRecorder: Recorder | null = null;
  private activations: ActivationStats | null = null;
  private ownActivations: ActivationStats | null = null;
  private moments: Moment[] = [];
  private seen: Seen | null = null;

  private began = 0;
  private begunAt: number | null = null;
  private due = 0;
  private served = 0;
  private batches = 0;
  private items = 0;
  private since = 0;
  /** Whether all epochs are over, and whether nothing more comes of this fit. */
  private isDone = false;
  private isOver = false;

  constructor(options: DashboardOptions = {}) {
    super();
    needOptions('Dashboard', options);
    const {
      port = 0,
      title = 'Training',
      out = null,
      interval = 2,
      activationsEvery = 10,
      samples = 8,
      vocab,
    } = options;
    this.port = needCount('port', port);
    if (port > 65_535) throw invalid('port', 'a port from 0 to 65535', port);
    this.title = needText('title', title);
    this.out = out === null ? null : needPath('out', out);
    if (out !== null && !/\.html$/i.test(out)) throw invalid('out', 'a name that ends in .html', out);
    this.interval = needInRange('interval', interval, { least: 0, most: 3600 });
    this.activationsEvery = activationsEvery === null ? null : needCount('activationsEvery', activationsEvery, 1);
    this.samples = needCount('samples', samples);
    if (samples > 100) throw invalid('samples', 'at most 100', samples);
    if (vocab !== undefined) for (const name of needArray('vocab', vocab)) needText('vocab', name);
    this.vocab = vocab;
  }

  /** The address of the page, with the token without which nobody gets it; null before `open` and after `close`. */
  get url(): string | null {
    return this.server?.url ?? null;
  }

  /**
   * Begins to serve the page; the first fit does so too.
   *
   * @returns its address
   * @throws TenchError where the port cannot be had
   */
  async open(): Promise<string> {
    this.server ??= await PageServer.open(
      {
        page: () => livePage(this.title, this.pieces),
        events: () => {
          // Somebody has come: what has happened since the last drawing is drawn after the next batch.
          this.due = 0;
          return this.events();
        },
      },
      this.port,
    );
    return this.server.url;
  }

  /** Ends the serving. Pages that are open keep what they show. */
  async close(): Promise<void> {
    const { server } = this;
    this.server = null;
    server?.send({ event: 'end', data: null });
    await server?.close();
  }

  /** The page as it is, in one file that needs nothing else. */
  html(): string {
    return finishedPage(this.title, this.pieces);
  }

  /** Writes the page; the name ends in `.html`. @returns the path @throws TenchError if it cannot be written */
  async save(path: string): Promise<string> {
    return savePicture('path', path, { '.html': () => this.html() });
  }

  override async beginFit(): Promise<void> {
    await this.open();
    const { learn } = this;
    this.ownRecorder = learn.recorder === null ? new Recorder() : null;
    this.recorder = learn.recorder ?? this.ownRecorder!;
    const known = learn.find(ActivationStats);
    this.ownActivations =
      known === null && this.activationsEvery !== null ? new ActivationStats({ every: this.activationsEvery }) : null;
    this.activations = known ?? this.ownActivations;
    for (const own of [this.ownRecorder, this.ownActivations]) {
      if (own === null) continue;
      own.learn = learn;
      own.beginFit();
    }
    this.moments = [];
    this.seen = null;
    this.isDone = this.isOver = false;
    this.batches = this.items = this.due = 0;
    this.began = this.since = this.served = performance.now();
    this.begunAt = null;
    this.pieces.clear();
    this.put('state', 'The training begins.');
  }

  override beginEpoch(): void {
    this.begunAt ??= this.learn.nEpochs;
    this.since = performance.now();
    this.items = 0;
    this.put('state', `Training: epoch ${this.learn.epoch + 1} of ${this.learn.epochs}.`);
  }

  override beginValidate(): void {
    this.note();
    this.put('state', `Validating: epoch ${this.learn.epoch + 1} of ${this.learn.epochs}.`);
  }

  override afterLoss(): void {
    const { learn } = this;
    this.ownRecorder?.afterLoss();
    if (learn.inTrain || learn.iter > 0 || this.samples === 0) return;
    const count = Math.min(this.samples, learn.yb.shape[0] ?? 0);
    const [pred, yb] = [learn.pred, learn.yb].map((x) => x.detach().slice(0, 0, count).clone()) as [Tensor, Tensor];
    this.seen = { pred, yb, epoch: learn.totalEpochs };
  }

  override async afterBatch(): Promise<void> {
    if (this.learn.inTrain) {
      this.batches += 1;
      this.items += this.learn.yb.shape[0] ?? 1;
    }
    if (performance.now() >= this.due) await this.refresh();
    await this.server?.serve((performance.now() - this.served) / share);
    this.served = performance.now();
  }

  override async afterEpoch(): Promise<void> {
    this.ownRecorder?.afterEpoch();
    if (this.server?.isWatched === true) await this.drawSamples();
  }

  override afterFit(): void {
    this.isDone = true;
  }

  override async cleanupFit(): Promise<void> {
    this.isOver = true;
    this.ownActivations?.cleanupFit();
    this.put('state', this.isDone ? 'The training is over.' : 'The training has ended early.');
    await this.draw();
    await this.drawSamples();
    if (this.out !== null) await this.save(this.out);
  }

  override [inspect.custom](): string {
    // The address would let whoever reads a log read the page.
    return `Dashboard(${this.server === null ? 'closed' : 'open'}, ${this.batches} batches)`;
  }

  private async refresh(): Promise<void> {
    const began = performance.now();
    if (this.learn.inTrain) this.note();
    if (this.server?.isWatched === true) await this.draw();
    const now = performance.now();
    this.due = now + Math.max(1000 * this.interval, share * (now - began));
  }

  /** Notes throughput and memory since the last time. */
  private note(): void {
    const now = performance.now();
    if (this.items === 0) return;
    const rate = (1000 * this.items) / Math.max(now - this.since, 1e-3);
    const { rss } = process.memoryUsage();
    this.moments.push({ batch: this.batches, rate, resident: rss, tensors: memory().bytes });
    if (this.moments.length > mostMoments) this.moments = this.moments.filter((_, i) => i % 2 === 1);
    this.items = 0;
    this.since = now;
  }

  private async draw(): Promise<void> {
    const { learn, recorder, activations } = this;
    const records = learn.find(AvgStatsCallback)?.records ?? [];
    const { losses, epochEnds } = recorder;
    this.put('now', figuresView(this.figures()));
    this.put('losses', await lossView({ losses, epochEnds, records }));
    this.put('rates', await rateView(recorder.groups(['lr', 'mom'])));
    if (activations !== null) this.put('activations', await activationView(activations));
    else this.put('activations', hint('Not measured.'));
    this.put('machine', await machineView(this.moments));
    this.put('epochs', epochView(records));
  }

  private figures(): Parameters<typeof figuresView>[0] {
    const { learn, recorder, began, begunAt } = this;
    const seconds = (performance.now() - began) / 1000;
    const [from, at, epochs] = [begunAt ?? 0, learn.nEpochs, learn.epochs];
    const left = this.isOver ? 0 : at > from ? (seconds * (epochs - at)) / (at - from) : null;
    return {
      epoch: Math.min(learn.epoch + 1, epochs),
      epochs,
      ...(this.isOver
        ? { batch: this.batches, batches: null }
        : { batch: Math.min(learn.iter + 1, learn.iters), batches: learn.iters }),
      loss: recorder.losses.at(-1),
      lr: recorder.losses.length === 0 ? undefined : recorder.lrs.at(-1),
      seconds,
      left,
      moment: this.moments.at(-1),
    };
  }

  private async drawSamples(): Promise<void> {
    if (this.seen === null) {
      this.put('samples', hint('There are none before the first validation.'));
      return;
    }
    const { pred, yb, epoch } = this.seen;
    try {
      const seen = predictionsOf(this.learn, { outputs: pred, targets: yb, vocab: this.vocab, epoch });
      const sheet = await seen.plotFirst(this.samples, { columns: this.samples });
      this.put('samples', await sheet.html());
    } catch (error) {
      // What is no picture, or has no single class, is trained all the same.
      if (!(error instanceof TenchError)) throw error;
      this.put('samples', hint(`They cannot be shown: ${error.message}`));
    }
  }

  private put(id: PieceId, html: string): void {
    if (this.pieces.get(id) === html) return;
    this.pieces.set(id, html);
    this.server?.send(pieceEvent(id, html));
  }

  private events(): PageEvent[] {
    return [...this.pieces].map(([id, html]) => pieceEvent(id, html));
  }
}

const pieceEvent = (id: PieceId, html: string): PageEvent => ({ event: 'piece', data: { id, html } });
