/** The harness carries out a small benchmark whose sides need no Python, and reports it in the form that programs rely on. */

import { fileURLToPath } from 'node:url';

import t from 'tap';

import type { Benchmark, Comparison } from '../../bench/harness/benchmark.js';
import { measure, ratiosOf } from '../../bench/harness/measure.js';
import { row, toJson } from '../../bench/harness/report.js';
import { ProcessSide, ServerSide, type Side, type Task } from '../../bench/harness/side.js';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const context = { python: '', data: null };

function server(name: string, env: NodeJS.ProcessEnv = {}): ServerSide {
  const args = [file('../../bench/harness/serve.js'), file('./side.js')];
  return new ServerSide(name, { program: process.execPath, args, env });
}

function small(
  comparisons: Comparison[],
  sides: () => Record<string, Side> = () => ({ tench: server('tench'), pytorch: server('pytorch') }),
): Benchmark {
  return { name: 'small', summary: 'adds up', environment: null, sides, comparisons };
}

/** A side whose times are given; notes what it is asked for. */
class GivenSide implements Side {
  constructor(
    private readonly name: string,
    private readonly times: number[],
    private readonly asked: string[],
  ) {}

  async libtorch(): Promise<null> {
    return null;
  }

  async values(): Promise<number[]> {
    return [1];
  }

  async time({ work, threads }: Task, iterations: number): Promise<number> {
    this.asked.push(`${this.name} ${work} ${threads}`);
    return (this.times.shift() ?? NaN) * iterations;
  }

  async peak({ work }: Task): Promise<number> {
    this.asked.push(`${this.name} ${work} alone`);
    return this.times.shift() ?? NaN;
  }

  close(): void {
    this.asked.push(`${this.name} closed`);
  }
}

t.test('sides take turns, warming up does not count, and the worst of one key decides', async (t) => {
  const asked: string[] = [];
  const benchmark = small([{ title: 'x', key: 'x', work: 'x', peerWork: 'y', iterations: 10 }], () => ({
    tench: new GivenSide('tench', [99, 2, 2, 4, 99, 10, 10, 10], asked),
    pytorch: new GivenSide('pytorch', [1, 4, 6, 8, 1, 15, 10, 20], asked),
  }));
  const { measurements } = await measure(benchmark, { rounds: 3, warmUp: 1 }, context);
  t.same(asked.slice(0, 8), [
    ...['pytorch y 1', 'tench x 1'],
    ...['tench x 1', 'pytorch y 1'],
    ...['pytorch y 1', 'tench x 1'],
    ...['tench x 1', 'pytorch y 1'],
  ]);
  t.same(asked.slice(-2), ['tench closed', 'pytorch closed']);
  t.match(measurements, [
    { threads: 1, ratio: { median: 2 }, tenchCost: { median: 2 }, peerCost: { median: 6 } },
    { threads: 2, ratio: { median: 1.5 }, tenchCost: { median: 10 }, peerCost: { median: 15 } },
  ]);
  t.same(ratiosOf(measurements), { x: 1.5 });
});

t.test('memory is that of a process of its own', async (t) => {
  const asked: string[] = [];
  const benchmark = small(
    [{ title: 'm', key: 'm', work: 'm', iterations: 10, threads: [1], measures: 'memory' }],
    () => ({
      tench: new GivenSide('tench', [100, 200, 100], asked),
      pytorch: new GivenSide('pytorch', [300, 200, 300], asked),
    }),
  );
  const { measurements } = await measure(benchmark, { rounds: 21, warmUp: 3 }, context);
  t.match(measurements, [
    { unit: 'bytes', ratio: { median: 3 }, tenchCost: { median: 100 }, peerCost: { median: 300 } },
  ]);
  t.same(asked.slice(0, 2), ['tench m alone', 'pytorch m alone'], 'without warming up');
  t.match(row(measurements[0]!), / 0 MB +0 MB +3\.00 /);

  const side = server('tench');
  t.teardown(() => side.close());
  const peak = async (work: string): Promise<number> => side.peak({ work, threads: null }, 1);
  const [little, much] = [await peak('sum'), await peak('holding')];
  t.ok(little > 2e7 && much > little + 0.9 * 2 ** 28, `${little} and ${much} bytes`);
  t.ok((await peak('sum')) < much, 'what went before does not count');
});

t.test('processes are measured, and reported by the names that programs rely on', async (t) => {
  const benchmark = small([
    { title: 'sum', key: 'sum', work: 'sum', iterations: 100 },
    { title: 'detail only', work: 'sum', iterations: 10, threads: [1] },
  ]);
  const effort = { rounds: 3, warmUp: 1 };
  const heard: string[] = [];
  const result = await measure(benchmark, effort, context, ({ title }) => heard.push(title));
  t.same(heard, ['sum', 'sum', 'detail only']);
  for (const { tenchCost, peerCost } of result.measurements) t.ok(tenchCost.median > 0 && peerCost.median > 0);

  const line = toJson('small', result, effort);
  t.notMatch(line, '\n');
  const json = JSON.parse(line) as Record<string, unknown>;
  t.same(Object.keys(json), ['bench', 'machine', 'libtorch', 'ratios', 'detail']);
  t.match(json, { bench: 'small', libtorch: null, detail: { rounds: 3, measurements: { length: 3 } } });
  t.match(json.machine, new RegExp(`cores.*Node ${process.versions.node}`));
  t.same(Object.keys(json.ratios as object), ['sum']);
  t.match(json.ratios, { sum: Number });
});

t.test('time that passes in a promise counts, and threads are set before a work is made', async (t) => {
  const side = server('tench');
  t.teardown(() => side.close());
  t.ok((await side.time({ work: 'slow', threads: null }, 2)) > 35e6);
  t.same(await side.values({ work: 'threads', threads: 2 }), [2]);
});

t.test('nothing is timed where the sides compute different things or have different LibTorches', async (t) => {
  const run = async (comparison: Comparison, sides?: () => Record<string, Side>): Promise<unknown> =>
    measure(small([comparison], sides), { rounds: 1, warmUp: 0 }, context);
  await t.rejects(run({ title: 'sums', work: 'sum', peerWork: 'more', iterations: 1 }), {
    code: 'ERR_TENCH_BENCH',
    message: 'sums: tench and pytorch do not compute the same: value 0 is 500500 and 501501',
  });
  const loosely = { title: 'sums', work: 'sum', peerWork: 'more', iterations: 1, threads: [1], tolerances: [0.01] };
  t.match(await run(loosely), { measurements: { length: 1 } }, 'unless they may be that far apart');
  const otherLibTorch = (): Record<string, Side> => ({
    tench: server('tench', { SIDE_LIBTORCH: '2.13.0' }),
    pytorch: server('pytorch', { SIDE_LIBTORCH: '2.12.0' }),
  });
  await t.rejects(run({ title: 'sum', work: 'sum', iterations: 1 }, otherLibTorch), {
    message: /pytorch computes with LibTorch 2\.12\.0, and tench with 2\.13\.0.*bench:setup/,
  });
});

t.test('a side that fails, dies or is not there says so', async (t) => {
  const side = server('tench');
  t.teardown(() => side.close());
  const values = async (work: string): Promise<unknown> => side.values({ work, threads: null });
  await t.rejects(values('failing'), { code: 'ERR_TENCH_BENCH', message: 'tench: it cannot be made' });
  await t.rejects(values('nothing'), { message: 'tench: there is no work `nothing`' });
  t.same(await values('more'), [501501, 0], 'and goes on');
  await t.rejects(values('dying'), { message: 'tench: ended (status 3) instead of answering' });
  await t.rejects(values('sum'), { message: /^tench: ended/ });
  const absent = new ServerSide('pytorch', { program: file('./no-such-program'), args: [] });
  await t.rejects(absent.values({ work: 'sum', threads: 1 }), { message: /^pytorch: cannot be started/ });
});

t.test('a work can be a whole process', async (t) => {
  const node = (code: string) => ({ program: process.execPath, args: ['-e', code] });
  const side = new ProcessSide('tench', {
    two: node('console.log(1); console.log(2.5)'),
    bad: node('process.exit(4)'),
  });
  t.same(await side.values({ work: 'two', threads: null }), [1, 2.5]);
  t.ok((await side.time({ work: 'two', threads: null }, 1)) > 1e6);
  await t.rejects(side.values({ work: 'bad', threads: null }), { message: /ended \(status 4\)/ });
});
