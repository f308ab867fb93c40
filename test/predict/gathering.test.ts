/** Many callers at once: their images go together in batches, in the order in which they came, and the event loop goes on meanwhile. */

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import t from 'tap';

import type { LearnerDescription } from '../../lib/predict/description.js';
import type { Outcome, PredictionEngine } from '../../lib/predict/engine.js';
import { Gatherer } from '../../lib/predict/gatherer.js';
import { loadLearner, type LabelPrediction } from '../../lib/predict/index.js';
import { TenchError, setNumThreads } from '../../lib/tensor/index.js';
import type { ImageSource } from '../../lib/vision/index.js';
import { drawPictures, drawnLearner } from './drawnLearner.js';
import { Gated, gateVariable } from './gated.js';

setNumThreads(1);

/** An engine whose batches are answered when the test says so. */
class Held implements PredictionEngine {
  readonly description = {} as LearnerDescription;
  readonly lanes = 2;
  readonly batches: { readonly sources: readonly ImageSource[]; readonly answer: (error?: Error) => void }[] = [];

  run(sources: readonly ImageSource[]): Promise<Outcome[]> {
    return new Promise((resolve, reject) => {
      const answer = (error?: Error): void => {
        if (error !== undefined) reject(error);
        else resolve(sources.map((source) => Float32Array.of(Number(source))));
      };
      this.batches.push({ sources, answer });
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

t.test('what is asked in one turn goes together, and what comes meanwhile waits for a lane', async (t) => {
  const engine = new Held();
  const gatherer = new Gatherer(engine, 3);
  const asked = [0, 1, 2, 3].map((i) => gatherer.ask(String(i), null));
  t.equal(engine.batches.length, 0);
  await turn();
  const sizes = (): readonly (readonly ImageSource[])[] => engine.batches.map(({ sources }) => sources);
  t.strictSame(sizes(), [['0', '1', '2'], ['3']], 'nobody waits for a batch to fill');
  asked.push(gatherer.ask('4', null), gatherer.ask('5', null));
  await turn();
  asked.push(gatherer.ask('6', null));
  await turn();
  t.strictSame([engine.batches.length, gatherer.waiting], [2, 3]);
  engine.batches[1]!.answer();
  t.strictSame(await asked[3], Float32Array.of(3));
  await turn();
  await turn();
  t.strictSame(sizes()[2], ['4', '5', '6']);
  engine.batches[0]!.answer();
  engine.batches[2]!.answer();
  t.strictSame(
    (await Promise.all(asked)).map((one) => (one as Float32Array)[0]),
    [0, 1, 2, 3, 4, 5, 6],
  );
});

t.test('images of one call with test-time augmentation stay among themselves', async (t) => {
  const engine = new Held();
  const gatherer = new Gatherer(engine, 8);
  const tta = (): { n: number; beta: number; useMax: boolean } => ({ n: 1, beta: 0.5, useMax: false });
  const [first, second] = [tta(), tta()];
  void gatherer.ask('1', first);
  void gatherer.ask('2', null);
  void gatherer.ask('3', second);
  void gatherer.ask('4', first);
  void gatherer.ask('5', null);
  await turn();
  engine.batches.forEach(({ answer }) => answer());
  await turn();
  await turn();
  t.strictSame(
    engine.batches.map(({ sources }) => sources),
    [['1', '4'], ['2', '5'], ['3']],
  );
});

t.test('an engine that is gone fails those who wait, and an aborted image leaves the queue', async (t) => {
  const engine = new Held();
  const gatherer = new Gatherer(engine, 1);
  const asked = [gatherer.ask('0', null), gatherer.ask('1', null)];
  const abort = new AbortController();
  void gatherer.ask('2', null, abort.signal);
  await turn();
  t.equal(gatherer.waiting, 1);
  abort.abort();
  engine.batches[0]!.answer(new TenchError('gone', { code: 'ERR_TENCH_CLOSED' }));
  engine.batches[1]!.answer(new Error('strange'));
  const [first, second] = await Promise.all(asked);
  t.match(first, { code: 'ERR_TENCH_CLOSED', message: 'gone' });
  t.ok(second instanceof TenchError && second.message.includes('strange'));
  await turn();
  t.strictSame([gatherer.waiting, engine.batches.length], [0, 2]);
});

const folder = t.testdir({});
await drawPictures(folder, { train: 4, valid: 4 });
const { learn, valid } = await drawnLearner(folder);
const path = join(folder, 'learner.safetensors');
await learn.export(path);

t.test('40 callers at once get each their own, also beside bad images and callers that give up', async (t) => {
  await using predictor = await loadLearner(path, { batchSize: 8 });
  const truth = await predictor.predict(valid);
  const bad = join(folder, 'none.png');
  const callers = Array.from({ length: 40 }, async (_, caller) => {
    if (caller % 10 === 9) {
      const signal = AbortSignal.abort(new Error('gave up'));
      return t.rejects(predictor.predict(valid, { signal }), { message: 'gave up' });
    }
    const own = [valid[caller % valid.length]!, bad, valid[(caller + 5) % valid.length]!];
    const [first, error, last] = await predictor.predictBatch(own, { onError: 'return' });
    t.equal((first as LabelPrediction).label, truth[caller % valid.length]!.label);
    t.equal((last as LabelPrediction).label, truth[(caller + 5) % valid.length]!.label);
    return t.ok(error instanceof TenchError && error.message.includes(bad));
  });
  await Promise.all(callers);
  t.equal(predictor.waiting, 0);
});

t.test('the event loop turns, and takes in more, while the model computes', async (t) => {
  const { learn, valid } = await drawnLearner(folder, { model: new Gated() });
  const path = join(folder, 'gated.safetensors');
  await learn.export(path);
  const gate = join(t.testdir(), 'gate');
  process.env[gateVariable] = gate;
  try {
    await using predictor = await loadLearner(path, { code: new URL('./gated.js', import.meta.url), batchSize: 4 });
    let done = false;
    const first = predictor.predict(valid[0]!).finally(() => (done = true));
    for (let i = 0; i < 20; i += 1) await turn();
    const others = predictor.predict(valid.slice(1));
    for (let i = 0; i < 20; i += 1) await turn();
    t.notOk(done, 'the model waits for the gate, which this thread opens');
    writeFileSync(gate, '');
    t.equal([await first, ...(await others)].length, valid.length);
  } finally {
    Reflect.deleteProperty(process.env, gateVariable);
  }
});

t.test('a program ends by itself, without closing, and with exit code 0', (t) => {
  const library = new URL('../../lib/predict/index.js', import.meta.url).href;
  const program = `
    const { loadLearner } = await import(${JSON.stringify(library)});
    const predictor = await loadLearner(${JSON.stringify(path)});
    console.log((await predictor.predict(${JSON.stringify(valid[0])})).label);
  `;
  const file = join(t.testdir(), 'program.mjs');
  writeFileSync(file, program);
  for (const args of [
    ['--input-type=module', '-e', program],
    ['--expose-gc', '--max-old-space-size=500', file],
  ]) {
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    t.strictSame([stderr, status], ['', 0], args.join(' '));
    t.match(stdout, /^(red|green|blue)\n$/);
  }
  t.end();
});

t.test('a thread that dies fails those who wait, by name', async (t) => {
  const code = `data:text/javascript,${encodeURIComponent(`
    import { isMainThread } from 'node:worker_threads';
    const listed = setInterval(() => { if (!isMainThread && globalThis.dying) throw new Error('out of luck'); }, 1);
    listed.unref();
    globalThis.dying = true;
  `)}`;
  await t.rejects(
    (async () => {
      const predictor = await loadLearner(path, { code });
      for (;;) await predictor.predict(valid);
    })(),
    { code: 'ERR_TENCH_CLOSED', message: /thread of predictions has ended: out of luck/ },
  );
});
