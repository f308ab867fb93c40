/** The rate finder: its curve, the suggestions of fastai, and that everything is put back. */

import { readFileSync } from 'node:fs';

import t from 'tap';

import { AvgStatsCallback, Callback, Learner, Recorder, suggestLr, type SuggestLr } from '../../lib/learner/index.js';
import { BatchNorm1d, Dropout, Linear, ReLU, Sequential } from '../../lib/nn/index.js';
import { adamOpt } from '../../lib/optim/index.js';
import { manualSeed } from '../../lib/tensor/index.js';
import { drawData } from './drawn.js';

interface Case {
  name: string;
  lrs: number[];
  losses: number[];
  suggested: Record<string, number>;
}

const golden = new URL('../../../test/goldens/learner/lrSuggestions.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(golden, 'utf8')) as { cases: Case[] };

for (const { name, lrs, losses, suggested } of cases) {
  t.test(`suggestions for a ${name} curve are fastai's`, async (t) => {
    for (const [key, expected] of Object.entries(suggested)) {
      const found = (suggestLr as unknown as Record<string, SuggestLr>)[key]!(lrs, losses);
      t.ok(Math.abs(found! - expected) <= 1e-12 * expected, `${key}: ${found}, fastai ${expected}`);
    }
  });
}

t.test('a curve too short says nothing', async (t) => {
  for (const suggest of Object.values(suggestLr)) t.equal(suggest([], []), null);
  t.throws(() => suggestLr.valley([1], []), /one for each rate/);
});

function learner(cbs: Callback[] = []): Learner {
  manualSeed(3);
  const model = new Sequential(
    new Linear(2, 16),
    new BatchNorm1d(16),
    new ReLU(),
    new Dropout({ p: 0.3 }),
    new Linear(16, 2),
  );
  const learn = new Learner(model, drawData([8, 8, 8], [8]), { optFunc: adamOpt, lr: 0.01, cbs });
  learn.logger = () => undefined;
  return learn;
}

t.test('rates rise by equal factors, losses diverge, and the suggestion trains', async (t) => {
  const learn = learner();
  const found = await learn.lrFind({
    startLr: 1e-5,
    endLr: 100,
    numIt: 60,
    suggestFuncs: [suggestLr.valley, suggestLr.minimum, suggestLr.steep, suggestLr.slide],
  });
  t.equal(found.losses.length, found.lrs.length);
  t.ok(found.lrs.length > 20 && found.lrs.length <= 60, `${found.lrs.length} batches`);
  found.lrs.forEach((lr, i) => t.ok(Math.abs(lr / (1e-5 * 1e7 ** (i / 60)) - 1) < 1e-9));
  t.strictSame(Object.keys(found.suggestions), ['valley', 'minimum', 'steep', 'slide']);
  for (const lr of Object.values(found.suggestions)) t.ok(lr === null || (lr >= 1e-5 && lr <= 100));
  const [panel] = found.plot().panels;
  t.equal(panel!.series.length, 1 + Object.values(found.suggestions).filter((lr) => lr !== null).length);
  t.match(await found.plot().svg(), /<svg.*valley: /s);
  const stats = new AvgStatsCallback();
  await learn.fit(10, { lr: found.suggestions.valley!, cbs: [stats] });
  t.ok(stats.records.at(-1)!.train!.loss! < 0.8 * stats.records[0]!.train!.loss!);
  const all = await learn.lrFind({ startLr: 1e-5, endLr: 1e-4, numIt: 7, stopDiv: false });
  t.equal(all.lrs.length, 7);
});

t.test('what comes after is bit for bit what it would be without', async (t) => {
  const run = async (search: boolean): Promise<unknown> => {
    const recorder = new Recorder();
    const learn = learner([recorder]);
    await learn.fit(2);
    learn.model.eval();
    const before = JSON.stringify(learn.opt.stateDict().groups);
    if (search) {
      const { opt, cbs, xb, nIter } = learn;
      const losses = [...recorder.losses];
      await learn.lrFind({ startLr: 1e-3, endLr: 10, numIt: 20 });
      t.equal(learn.opt, opt);
      t.equal(JSON.stringify(learn.opt.stateDict().groups), before);
      t.strictSame(recorder.losses, losses, 'watching callbacks have heard nothing');
      t.strictSame([learn.xb, learn.nIter, learn.model.training], [xb, nIter, false]);
      t.ok(learn.cbs === cbs && cbs.every((cb) => cb.learn === learn));
      t.ok(learn.model.parameters().every(({ grad }) => grad === null));
    }
    await learn.fit(2);
    return [recorder.losses, learn.model.parameters().map((one) => one.toList()), learn.model.buffers().map(String)];
  };
  t.strictSame(await run(true), await run(false));
});

t.test('an error on the way puts everything back too', async (t) => {
  class Fail extends Callback {
    on = false;
    override afterStep(): void {
      if (this.on) throw new Error('out of luck');
    }
  }
  const fail = new Fail();
  const learn = learner([fail]);
  const before = learn.model.parameters().map((one) => one.toList());
  fail.on = true;
  await t.rejects(learn.lrFind(), /out of luck/);
  t.strictSame(
    learn.model.parameters().map((one) => one.toList()),
    before,
  );
  t.equal(learn.opt, undefined);
  fail.on = false;
  await learn.fit(1);
});
