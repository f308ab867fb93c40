/** What a run writes down: rows of a CSV file, TensorBoard's event files byte by byte, and where the time of a step went. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

import t from 'tap';

import { SaveBestCallback } from '../../lib/io/index.js';
import { AvgStatsCallback, Callback, Learner, Recorder, accuracy, named } from '../../lib/learner/index.js';
import { CsvLogCallback, ProfilerCallback, TensorBoardCallback } from '../../lib/report/index.js';
import { crc32c } from '../../lib/report/tensorBoard/crc32c.js';
import { scalarRecord, versionRecord, type ScalarEvent } from '../../lib/report/tensorBoard/events.js';
import { FixedLoader, drawBatches, drawData, drawModel } from '../learner/drawn.js';

const root = new URL('../../../', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'tench-logs-'));
t.teardown(() => {
  rmSync(folder, { recursive: true });
});

function learner(cbs: Callback[]): Learner {
  const learn = new Learner(drawModel(), drawData([8, 8, 3], [5]), { lr: 0.5, cbs });
  learn.logger = () => undefined;
  return learn;
}

t.test('CSV: a row an epoch, with all digits, added to where that is asked', async (t) => {
  const path = join(folder, 'deep', 'log.csv');
  const odd = named('a "share", as it were', accuracy.bind(null));
  const stats = new AvgStatsCallback([odd]);
  await learner([stats, new CsvLogCallback(path)]).fit(2);
  const first = readFileSync(path, 'utf8').trimEnd().split('\n');
  const quoted = (pass: string) => `"${pass}_a ""share"", as it were"`;
  t.equal(first[0], `epoch,train_loss,${quoted('train')},valid_loss,${quoted('valid')},lr,seconds,images_per_second`);
  t.equal(first.length, 3);
  stats.records.forEach(({ train, valid }, i) => {
    const numbers = first[i + 1]!.split(',').map(Number);
    t.strictSame(numbers.slice(0, 6), [i + 1, ...Object.values(train!), ...Object.values(valid!), 0.5]);
  });
  await learner([new AvgStatsCallback([odd]), new CsvLogCallback(path, { append: true })]).fit(1);
  t.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 4);
  await learner([new AvgStatsCallback([odd]), new CsvLogCallback(path)]).fit(1);
  t.equal(readFileSync(path, 'utf8').trimEnd().split('\n').length, 2);
  await t.rejects(learner([new CsvLogCallback(path)]).fit(1), /AvgStatsCallback/);
  await t.rejects(learner([new AvgStatsCallback(), new CsvLogCallback(folder)]).fit(1), { code: 'ERR_TENCH_WRITE' });
});

t.test(
  'a place where nothing can be made is refused before the first batch',
  { skip: !existsSync('/proc/self') },
  async (t) => {
    const place = '/proc/tench/runs';
    const refusal = { code: 'ERR_TENCH_WRITE' };
    await t.rejects(learner([new AvgStatsCallback(), new CsvLogCallback(`${place}/log.csv`)]).fit(1), refusal);
    await t.rejects(learner([new Recorder(), new TensorBoardCallback(place)]).fit(1), refusal);
    await t.rejects(
      learner([new AvgStatsCallback(), new SaveBestCallback(`${place}/best.safetensors`)]).fit(1),
      refusal,
    );
  },
);

t.test('CRC-32C of the digits is the published one', async (t) => {
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

t.test("events are TensorBoard's own bytes", async (t) => {
  const golden = JSON.parse(readFileSync(new URL('test/goldens/report/events.json', root), 'utf8')) as {
    versionTime: number;
    scalars: ScalarEvent[];
    bytes: string;
  };
  const made = Buffer.concat([versionRecord(golden.versionTime), ...golden.scalars.map(scalarRecord)]);
  t.equal(made.toString('hex'), golden.bytes);
});

/** Runs with TensorBoard's callback; returns what the recorder and the statistics hold. */
async function logged(into: string): Promise<{ losses: readonly number[]; valid: number[] }> {
  const [stats, recorder] = [new AvgStatsCallback([accuracy]), new Recorder()];
  const learn = learner([stats, recorder, new TensorBoardCallback(into)]);
  await learn.fit(2);
  return { losses: recorder.losses, valid: stats.records.map(({ valid }) => valid!.accuracy!) };
}

t.test('a run writes a file with every batch and every epoch', async (t) => {
  const into = join(folder, 'runs', 'one');
  const { losses } = await logged(into);
  const [name, ...others] = readdirSync(into);
  t.match(name, /^events\.out\.tfevents\.\d+\./);
  t.equal(others.length, 0);
  const file = readFileSync(join(into, name!));
  const tags: string[] = [];
  const found: number[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    const data = file.subarray(at + 12, at + 12 + length);
    const tag = /(?:batch|hypers|loss|accuracy)\/\w+/.exec(data.toString('latin1'))?.[0];
    if (tag !== undefined) tags.push(tag);
    if (tag === 'batch/loss') found.push(data.readFloatLE(data.length - 4));
    at += 16 + length;
  }
  t.strictSame(found, losses.map(Math.fround));
  const count = (tag: string): number => tags.filter((one) => one === tag).length;
  t.strictSame(['hypers/lr', 'loss/train', 'loss/valid', 'accuracy/valid'].map(count), [6, 2, 2, 2]);
});

const python = process.env.TENCH_PYTHON_TENSORBOARD;
t.test(
  'TensorBoard reads what was written',
  { skip: python === undefined && 'TENCH_PYTHON_TENSORBOARD names no Python with tensorboard' },
  async (t) => {
    const into = join(folder, 'runs', 'two');
    const { losses, valid } = await logged(into);
    const script = fileURLToPath(new URL('scripts/goldens/tensorboard_events.py', root));
    const { stdout, stderr } = spawnSync(python!, [script, into], { encoding: 'utf8' });
    t.ok(stdout, stderr);
    const read = JSON.parse(stdout) as Record<string, [number, number][]>;
    t.strictSame(
      read['batch/loss'],
      losses.map((loss, step) => [step, Math.fround(loss)]),
    );
    t.strictSame(
      read['accuracy/valid'],
      valid.map((value, epoch) => [epoch + 1, Math.fround(value)]),
    );
  },
);

t.test('the profiler finds who is slow, and its shares are the whole', async (t) => {
  class SlowLoader extends FixedLoader {
    override async *[Symbol.asyncIterator](): AsyncGenerator<never> {
      for (const batch of this.batches) {
        await setTimeout(30);
        yield batch as never;
      }
    }
  }
  const spin = (milliseconds: number): void => {
    const until = performance.now() + milliseconds;
    while (performance.now() < until);
  };
  class Slow extends Callback {
    override beginBatch(): void {
      spin(20);
    }
  }
  const profiler = new ProfilerCallback();
  const trainDl = new SlowLoader(drawBatches([4, 4, 4, 4], 1));
  const learn = new Learner(
    drawModel(),
    { trainDl, validDl: new FixedLoader(drawBatches([4], 2)) },
    { cbs: [new Slow()] },
  );
  t.strictSame(profiler.rows, []);
  await learn.fit(2, { cbs: [profiler] });
  t.equal(profiler.steps, 8, 'validation is not measured');
  const of = (part: string) => profiler.rows.find((row) => row.part === part)!;
  t.strictSame(
    profiler.rows.map(({ part }) => part),
    ['data', 'forward', 'loss', 'backward', 'step', 'callbacks', 'other'],
  );
  t.ok(of('data').milliseconds >= 28, `data ${of('data').milliseconds} ms`);
  t.ok(of('callbacks').milliseconds >= 19, `callbacks ${of('callbacks').milliseconds} ms`);
  for (const part of ['forward', 'loss', 'backward', 'step']) t.ok(of(part).milliseconds > 0, part);
  const shares = profiler.rows.reduce((sum, { share }) => sum + share, 0);
  t.ok(Math.abs(shares - 1) < 1e-9, `${shares}`);
  t.match(inspect(profiler), /ProfilerCallback\(8 steps\)\npart +ms a step +share\ndata +\d+\.\d{3} +\d+\.\d %/);
  t.equal(learn.cbs.length, 2, 'nothing is left behind');
});
