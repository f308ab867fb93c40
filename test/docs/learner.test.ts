/** docs/learner.md quotes its example as it is, and what it says of events, exceptions and orders is what the loop does. */

import t from 'tap';

import * as tench from '../../lib/index.js';
import { events } from '../../lib/learner/callback.js';
import { drawData, drawModel } from '../learner/drawn.js';
import { codeOf, quoted, read, runExample } from './examples.js';

const page = read('docs/learner.md');

function run(name: string): string {
  const { status, stdout, stderr } = runExample(`examples/learner/${name}.ts`);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The cells of the table whose first head is this. */
function tableOf(head: string): string[][] {
  const lines = page.split('\n');
  const from = lines.findIndex((line) => line.startsWith(`| ${head} `)) + 2;
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'));
  return lines.slice(from, from + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const namesIn = (cell: string): string[] => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!);

t.test('the example is quoted without its header, and runs', (t) => {
  t.equal(quoted('docs/learner.md', 'examples/learner/own.ts'), codeOf('examples/learner/own.ts'));
  const out = run('own');
  t.match(out, /^LrSearch\(\d+ batches; minimum: [\d.e-]+\)$/m);
  t.match(out, /valid loss [\d.]+ accuracy [\d.]+ confidence [\d.]+/);
  t.match(out, /^7 3 16$/m, 'epochs, fits, and batches of the last fit');
  t.end();
});

t.test('events.ts prints what stands there, and these are all events of the table but one', (t) => {
  const [, block] = /<!-- what examples\/learner\/events\.ts prints -->\n+```\n([^]*?)\n```/.exec(page) ?? [];
  t.equal(run('events').trimEnd(), block);
  const documented = tableOf('event').map(([name]) => namesIn(name!)[0]!);
  t.strictSame(
    documented,
    events.filter((name) => !name.startsWith('afterCancel')),
  );
  t.strictSame(
    documented.filter((name) => !block!.split('\n').includes(name)),
    [],
  );
  t.end();
});

/** What comes after an exception in its first occurrence, and whether the fit fails. */
async function thrownAt(name: tench.EventName, exception: Error): Promise<{ seen: string[]; failed: unknown }> {
  const seen: string[] = [];
  let isThrown = false;
  class Spy extends tench.Callback {
    constructor() {
      super();
      for (const event of events)
        this[event] = () => {
          if (isThrown) seen.push(event);
          if (event !== name || isThrown) return;
          isThrown = true;
          throw exception;
        };
    }
  }
  const learn = new tench.Learner(drawModel(), drawData([4, 2], [3]), { cbs: [new Spy()] });
  let failed: unknown = null;
  await learn.fit(1).catch((error: unknown) => (failed = error));
  return { seen, failed };
}

t.test('each exception does at each event what the table says', async (t) => {
  const kinds = [
    ['afterCancelBatch', tench.CancelBatchException],
    ['afterCancelEpoch', tench.CancelEpochException],
    ['afterCancelTrain', tench.CancelTrainException],
  ] as const;
  for (const [head, , , ...cells] of tableOf('event')) {
    const [name] = namesIn(head!) as [tench.EventName];
    t.equal(cells.length, kinds.length);
    for (const [i, [after, Exception]] of kinds.entries()) {
      const { seen, failed } = await thrownAt(name, new Exception());
      const what = `${Exception.name} in ${name}: ${cells[i]}`;
      t.equal(failed !== null, cells[i] === '-', what);
      if (failed === null) t.ok(seen.includes(after), `${what}: ${seen.join()}`);
      else t.match(failed, { message: /cancelled .* where it cannot/ }, what);
      if (name !== 'cleanupFit') t.equal(seen.at(-1), 'cleanupFit', what);
    }
  }
  const { seen } = await thrownAt('afterLoss', new tench.CancelTrainException());
  t.strictSame(seen, ['afterBatch', 'afterCancelTrain', 'afterFit', 'cleanupFit'], 'the example of the text');
});

t.test('what is done with gradients and weights is as the table says', async (t) => {
  /** Whether weights moved, and whether gradients are there when the next batch begins. */
  const after = async (name: tench.EventName): Promise<{ moved: boolean; kept: boolean }> => {
    const model = drawModel();
    const before = JSON.stringify(model.parameters().map((p) => p.toList()));
    let found = { moved: false, kept: false };
    class Cancels extends tench.Callback {
      constructor() {
        super();
        this[name] = () => {
          if (this.learn.iter === 0) throw new tench.CancelBatchException();
        };
        this.afterBatch = () => {
          const moved = JSON.stringify(model.parameters().map((p) => p.toList())) !== before;
          const kept = model.parameters().some(({ grad }) => grad !== null && grad.abs().sum().item() > 0);
          if (this.learn.iter === 0) found = { moved, kept };
        };
      }
    }
    await new tench.Learner(model, { trainDl: drawData([4, 4]).trainDl }, { lr: 1, cbs: [new Cancels()] }).fit(1);
    return found;
  };
  t.strictSame(await after('afterLoss'), { moved: false, kept: false }, 'no backward');
  t.strictSame(await after('afterBackward'), { moved: false, kept: true }, 'no step; gradients stay and add up');
  t.strictSame(await after('beginStep'), { moved: false, kept: false }, 'no step; gradients are forgotten');
  t.strictSame(await after('afterStep'), { moved: true, kept: true }, 'gradients stay');
});

t.test('the orders are those of the callbacks, and none is left out', async (t) => {
  const folder = t.testdir();
  const made: Record<string, () => tench.Callback> = {
    BatchAugmentCallback: () => new tench.BatchAugmentCallback(new tench.BatchAugment([])),
    BatchTransformXCallback: () => new tench.BatchTransformXCallback((xb) => xb),
    CheckpointCallback: () => new tench.CheckpointCallback(folder),
    CsvLogCallback: () => new tench.CsvLogCallback(`${folder}/log.csv`),
    DeviceCallback: () => new tench.DeviceCallback('cpu'),
    GradientAccumulationCallback: () => new tench.GradientAccumulationCallback(2),
    GradientClipCallback: () => new tench.GradientClipCallback({ maxNorm: 1 }),
    ParamScheduler: () => new tench.ParamScheduler('lr', () => 1),
    SaveBestCallback: () => new tench.SaveBestCallback(`${folder}/best.safetensors`),
    TensorBoardCallback: () => new tench.TensorBoardCallback(folder),
  };
  const bases = ['Callback', 'TrackingCallback', 'Mixing'];
  const classes = Object.entries(tench).filter(
    ([name, value]) =>
      typeof value === 'function' &&
      (value as { prototype?: unknown }).prototype instanceof tench.Callback &&
      !bases.includes(name),
  ) as [string, new () => tench.Callback][];
  const real = classes.map(([name, Class]): [string, number] => [name, (made[name]?.() ?? new Class()).order]);
  const documented = tableOf('order').flatMap(([order, names]) =>
    namesIn(names!).map((name): [string, number] => [name, Number(order)]),
  );
  const byName = ([a]: [string, number], [b]: [string, number]): number => (a < b ? -1 : 1);
  t.strictSame(documented.sort(byName), real.sort(byName));
});

t.test('every name that is called or made is exported, or a member of what is', (t) => {
  const classes = [tench.Learner, tench.LabeledData, tench.SplitData, tench.Tensor].map(
    ({ prototype }) => prototype as object,
  );
  const own = new Set([...classes.flatMap(Object.getOwnPropertyNames), 'fit', 'evalWeights', 'stateDict']);
  const others = ['loadStateDict', 'start', 'plot', 'SkipOutliers', 'confidence'];
  const named = [...page.replace(/```[^]*?```/g, '').matchAll(/`(?:new |learn\.)?(\w+)\(/g)].map(([, name]) => name!);
  t.strictSame(
    named.filter((name) => !(name in tench) && !own.has(name) && !others.includes(name)),
    [],
  );
  t.end();
});
