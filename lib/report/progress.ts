/** Progress: a bar for the pass that is running, in a terminal only, and the table of the epochs that are done, anywhere. */

import type { Options, Params, SingleBar } from 'cli-progress';

import { AvgStatsCallback, Callback, type EpochRecord } from '../learner/index.js';
import { needOptions, needText } from '../tensor/checks.js';
import { needStream, type ProgressStream } from './stream.js';
import { formatDuration } from '../tensor/units.js';
import { EpochTable } from './table.js';

/** Redraws per second. Each shows the running loss, which makes a device wait for it. */
const framesPerSecond = 4;

/**
 * Shows how a fit goes on. In a terminal a bar is redrawn in place; in a pipe, in CI (`CI` is set) or on a dumb terminal only the rows of the
 * table are written, with no control codes.
 *
 * The bar is cli-progress: it throttles, keeps an estimate of the time left, and is left alone in pipes.
 */
export class ProgressCallback extends Callback {
  override order = 60;
  override readonly inSearch = false;

  private readonly table: ProgressStream;
  private readonly line: ProgressStream;
  private readonly interactive: boolean;
  /** Loaded where there is a bar to show, and nowhere else. */
  private Bar: typeof SingleBar | null = null;
  private bar: SingleBar | null = null;
  private before: ((record: EpochRecord) => void) | null = null;

  /**
   * @param options.table where the rows go; default: `process.stdout`
   * @param options.bar where the bar goes; default: `process.stderr`
   */
  constructor(options: { table?: ProgressStream; bar?: ProgressStream } = {}) {
    super();
    needOptions('ProgressCallback', options);
    const { table = process.stdout, bar = process.stderr } = options;
    this.table = needStream('table', table);
    this.line = needStream('bar', bar);
    this.interactive = this.line.isTTY === true && process.env.TERM !== 'dumb' && !process.env.CI;
  }

  override async beginFit(): Promise<void> {
    if (this.interactive) this.Bar = (await import('cli-progress')).SingleBar;
    const names = this.learn.find(AvgStatsCallback)?.names ?? ['loss'];
    const table = new EpochTable(names, this.table.isTTY === true ? (this.table.columns ?? 80) : Infinity);
    let lines = table.header();
    this.before = this.learn.logger;
    this.learn.logger = (record) => {
      this.stop();
      for (const line of [...lines, ...table.row(record)]) this.table.write(`${line}\n`);
      lines = [];
    };
  }

  override beginEpoch(): void {
    this.start('train');
  }

  override beginValidate(): void {
    this.start('valid');
  }

  override afterBatch(): void {
    this.bar?.update(this.learn.iter + 1);
  }

  /** Writes a line where the bar is, which ends for this pass: the terminal would show both on one line. */
  say(text: string): void {
    needText('text', text);
    this.stop();
    this.line.write(`${text}\n`);
  }

  override cleanupFit(): void {
    this.stop();
    if (this.before !== null) this.learn.logger = this.before;
    this.before = null;
  }

  private start(pass: 'train' | 'valid'): void {
    this.stop();
    if (this.Bar === null) return;
    const { learn } = this;
    const stats = learn.find(AvgStatsCallback)?.[pass];
    const title = `epoch ${learn.epoch + 1}/${learn.epochs} ${pass}`;
    const started = Date.now();
    const format = (_options: Options, params: Params) => {
      const loss = stats?.averages()?.loss;
      return formatBar(title, params.value, params.total, {
        seconds: (Date.now() - started) / 1000,
        width: (this.line.columns ?? 80) - 1,
        ...(loss === undefined ? {} : { loss }),
      });
    };
    this.bar = new this.Bar({
      stream: this.line,
      format,
      fps: framesPerSecond,
      clearOnComplete: true,
      linewrap: true,
    });
    this.bar.start(learn.iters, 0);
  }

  private stop(): void {
    this.bar?.stop();
    this.bar = null;
  }
}

/**
 * The bar's line, never longer than `width`: title, bar, count, and as much of the rest as there is room for.
 */
export function formatBar(
  title: string,
  value: number,
  total: number,
  options: { seconds: number; width: number; loss?: number },
): string {
  const { seconds, width, loss } = options;
  const left = value > 0 ? (seconds / value) * (total - value) : 0;
  const extras = [
    loss === undefined ? '' : `loss ${loss.toFixed(3)}`,
    value > 0 ? `${formatDuration(left)} left` : '',
  ].filter((part) => part !== '');
  const ends = (count: number) => [`${value}/${total}`, ...extras.slice(0, count)].join('  ');
  for (let count = extras.length; count >= 0; count -= 1) {
    const room = Math.min(30, width - title.length - ends(count).length - 4);
    if (room < 8) continue;
    const full = Math.round((room * value) / Math.max(total, 1));
    return `${title} [${'='.repeat(full)}${'-'.repeat(room - full)}] ${ends(count)}`;
  }
  return `${title} ${ends(0)}`.slice(0, Math.max(0, width));
}
