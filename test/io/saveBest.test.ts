/** The best epoch's weights are in the file, and in the model at the end; where an average validates, it is the average. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import t from 'tap';

import { SaveBestCallback, readSafetensors } from '../../lib/io/index.js';
import { AvgStatsCallback, Callback, EmaCallback, Learner } from '../../lib/learner/index.js';
import { drawData, drawModel } from '../learner/drawn.js';

const folder = mkdtempSync(join(tmpdir(), 'tench-best-'));
t.teardown(() => {
  rmSync(folder, { recursive: true });
});

/** From the third epoch on the rate is so high that all is spoilt. */
class Spoil extends Callback {
  override beginEpoch(): void {
    if (this.learn.epoch === 2) this.learn.opt.hypers[0]!.lr = 500;
  }
}

const textOf = (tensors: Iterable<[string, { toList(): unknown }]>): string =>
  JSON.stringify([...tensors].map(([name, one]): [string, unknown] => [name, one.toList()]).sort());

for (const ema of [false, true]) {
  t.test(ema ? 'with an average' : 'plain', async (t) => {
    const path = join(folder, String(ema), 'deeper', 'best.safetensors');
    const validated: string[] = [];
    class Keep extends Callback {
      override beginValidate(): void {
        validated.push(textOf(this.learn.model.stateDict()));
      }
    }
    const stats = new AvgStatsCallback();
    const best = new SaveBestCallback(path);
    const cbs = [stats, best, new Spoil(), new Keep(), ...(ema ? [new EmaCallback({ decay: 0.5 })] : [])];
    const learn = new Learner(drawModel(), drawData([8, 8], [16]), { lr: 0.5, cbs });
    learn.logger = () => undefined;
    await learn.fit(4);
    const losses = stats.records.map(({ valid }) => valid!.loss!);
    t.equal(best.bestEpoch, losses.indexOf(Math.min(...losses)));
    t.ok(best.bestEpoch! < 2, 'the last epochs are worse');
    const { tensors, metadata } = await readSafetensors(path);
    t.equal(textOf(tensors), validated[best.bestEpoch!]);
    t.equal(textOf(learn.model.stateDict()), validated[best.bestEpoch!]);
    t.strictSame({ ...metadata }, { epoch: String(best.bestEpoch), 'valid loss': String(best.best) });
  });
}

t.test('without restoring the model stays as it was trained, and the file is there', async (t) => {
  const path = join(folder, 'kept.safetensors');
  const cbs = [new AvgStatsCallback(), new SaveBestCallback(path, { restore: false }), new Spoil()];
  const learn = new Learner(drawModel(), drawData([8, 8], [16]), { lr: 0.5, cbs });
  learn.logger = () => undefined;
  await learn.fit(4);
  const { tensors } = await readSafetensors(path);
  t.not(textOf(learn.model.stateDict()), textOf(tensors));
});

t.test('a place that cannot be written is known before the first epoch', async (t) => {
  writeFileSync(join(folder, 'file'), '');
  const cbs = [new AvgStatsCallback(), new SaveBestCallback(join(folder, 'file', 'best.safetensors'))];
  const learn = new Learner(drawModel(), drawData(), { cbs });
  await t.rejects(learn.fit(1), { code: 'ERR_TENCH_WRITE', message: /cannot write .*best\.safetensors/ });
  t.equal(learn.nIter, 0);
});
