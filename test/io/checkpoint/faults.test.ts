/** What goes wrong with checkpoints: a full disk, folders that cannot be written, damaged files, other data, signals. */

import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { DataLoader } from '../../../lib/data/index.js';
import {
  CheckpointCallback,
  latestCheckpoint,
  listCheckpoints,
  loadCheckpoint,
  readSafetensors,
  saveCheckpoint,
} from '../../../lib/io/index.js';
import { EmaCallback, Learner } from '../../../lib/learner/index.js';
import { TenchError } from '../../../lib/tensor/index.js';
import { makeLearner, train } from './trained.js';

const child = fileURLToPath(new URL('./child.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tench-checkpoints-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const learn = makeLearner();
const expected = await train(learn, join(folder, 'whole'));
const [older, newer] = (await listCheckpoints(join(folder, 'whole'))) as [string, string];

/** Warnings of the process while something runs. */
async function warnings(run: () => Promise<unknown>): Promise<string[]> {
  const heard: string[] = [];
  const hear = (warning: Error & { code?: string }): void => {
    if (warning.code === 'TENCH_CHECKPOINT') heard.push(warning.message);
  };
  process.on('warning', hear);
  await run();
  await new Promise(setImmediate);
  process.off('warning', hear);
  return heard;
}

t.test('the last two are kept; the newest is the end', async (t) => {
  t.match(older, /checkpoint-0000\d\d\.safetensors$/);
  t.equal(readdirSync(join(folder, 'whole')).length, 2, 'and nothing else');
  const { epoch, batch, fit } = await loadCheckpoint(newer);
  t.strictSame({ epoch, batch, fit }, { epoch: 2, batch: 0, fit: 1 });
  t.equal(
    await train(makeLearner(), join(folder, 'whole')),
    expected,
    'a run that was over is over at once, and the same',
  );
  t.strictSame(
    (await readSafetensors(newer)).tensors.get('model/5.bias')?.shape,
    [2],
    'other programs read its weights',
  );
});

t.test('whatever bit is flipped, and wherever it ends, a damaged checkpoint is known for one', async (t) => {
  const whole = readFileSync(newer);
  const path = join(folder, 'damaged.safetensors');
  const places = [...Array(24).keys()].map((i) => i * 3);
  for (let at = 71; at < whole.length; at += 523) places.push(at);
  const untold: number[] = [];
  for (const at of places) {
    const bytes = Buffer.from(whole);
    bytes[at]! ^= 1 << (at % 8);
    writeFileSync(path, bytes);
    const error: unknown = await loadCheckpoint(path).catch((error: unknown) => error);
    if (!(error instanceof TenchError && ['ERR_TENCH_DAMAGED', 'ERR_TENCH_UNSUPPORTED'].includes(error.code)))
      untold.push(at);
  }
  t.strictSame(untold, []);
  for (const length of [0, 7, 8, 500, whole.length - 1]) {
    writeFileSync(path, whole.subarray(0, length));
    await t.rejects(loadCheckpoint(path), { code: 'ERR_TENCH_DAMAGED' }, `cut at ${length}`);
  }
  await t.rejects(loadCheckpoint(join(folder, 'none')), { code: 'ERR_TENCH_READ', message: /none/ });
});

t.test('training goes on from the one before a damaged one, to the same end', async (t) => {
  const own = join(folder, 'spoilt');
  mkdirSync(own);
  for (const path of [older, newer]) copyFileSync(path, join(own, path.split('/').at(-1)!));
  const [good, bad] = (await listCheckpoints(own)) as [string, string];
  truncateSync(bad, 1000);
  let end = '';
  const heard = await warnings(async () => (end = await train(makeLearner(), own)));
  t.equal(end, expected);
  t.match(heard, [new RegExp(bad)]);
  t.notOk((await listCheckpoints(own)).includes(good), 'by then it is no longer among the last two');
  for (const path of await listCheckpoints(own)) truncateSync(path, 1000);
  await warnings(() => t.rejects(latestCheckpoint(own), { code: 'ERR_TENCH_DAMAGED' }, 'none is whole'));
  t.equal(await latestCheckpoint(join(folder, 'nothing')), null);
});

t.test('a folder that cannot be written is an error before the training', async (t) => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const place of ['/proc/tench', '/proc/self', join(file, 'below')]) {
    const own = makeLearner();
    await t.rejects(
      own.fit(1, { cbs: [new CheckpointCallback(place)] }),
      { code: 'ERR_TENCH_WRITE', message: new RegExp(place) },
      place,
    );
    t.equal(own.nIter, 0);
  }
  await t.rejects(saveCheckpoint(learn, '/dev/full/x'), { code: 'ERR_TENCH_WRITE', message: /\/dev\/full/ });
});

/** Runs the training in a process of its own. */
async function run(command: string, args: readonly string[]) {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const running = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  let [text, errors] = ['', ''];
  running.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
  running.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
  const code = await new Promise<number | null>((resolve) => running.on('close', resolve));
  return { code, hash: text.trim().split('\n').at(-1), errors };
}

t.test(
  'where files can no longer be written, training goes on to the same end, and the older checkpoint is still whole',
  async (t) => {
    const own = join(folder, 'full');
    mkdirSync(own);
    copyFileSync(older, join(own, 'checkpoint-000001.safetensors'));
    // The test runner gives its options to every process, and with them a handler of the signal that Node otherwise ignores.
    const limited = ['-c', 'unset NODE_OPTIONS; ulimit -f 8; exec "$0" "$@"', process.execPath, child, own];
    const { code, hash, errors } = await run('sh', limited);
    t.equal(code, 0, errors);
    t.equal(hash, expected);
    t.match(errors, /TENCH_CHECKPOINT.*cannot write .*checkpoint-000002.*EFBIG.*training goes on/s);
    t.strictSame(readdirSync(own), ['checkpoint-000001.safetensors']);
    t.ok(await latestCheckpoint(own));
  },
);

for (const [signal, exit] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(`${signal} saves and exits with ${exit}; the next run ends as one that was never stopped`, async (t) => {
    const own = join(folder, signal);
    const { code, errors } = await run(process.execPath, [child, own, 'step', '5', signal]);
    t.equal(code, exit, errors);
    t.ok(await latestCheckpoint(own), 'there is a checkpoint');
    const next = await run(process.execPath, [child, own]);
    t.equal(next.hash, expected, next.errors);
  });
}

t.test('a signal of the program ends the fit in the middle of an epoch', async (t) => {
  const own = join(folder, 'aborted');
  const controller = new AbortController();
  let steps = 0;
  const stopped = makeLearner((place) => {
    if (place === 'step' && ++steps === 5) controller.abort();
  });
  const before = process.listenerCount('SIGINT');
  await stopped.fit(1, { lr: 0.002, cbs: [new CheckpointCallback(own, { signal: controller.signal, signals: [] })] });
  const state = await latestCheckpoint(own);
  t.strictSame([state?.epoch, state?.batch], [0, 5]);
  t.equal(process.listenerCount('SIGINT'), before);
  t.equal(await train(makeLearner(), own), expected);
});

t.test('a checkpoint of something else is refused, and changes nothing', async (t) => {
  const resume = await loadCheckpoint(older);
  const other = makeLearner();
  const { dataset } = other.data.trainDl as unknown as Pick<DataLoader, 'dataset'>;
  other.data = { trainDl: new DataLoader(dataset, { batchSize: 6, shuffle: true, seed: 5 }) };
  const first = { ...resume, fit: 0 };
  const refused = { code: 'ERR_TENCH_CHECKPOINT' };
  await t.rejects(other.fit(3, { resume: first }), { ...refused, message: /order/ });
  other.data = { trainDl: new DataLoader(dataset, { batchSize: 5 }) };
  await t.rejects(other.fit(3, { resume: first }), { ...refused, message: /number of batches/ });
  t.equal(other.nIter, 0);
  const few = makeLearner();
  await t.rejects(few.fit(0, { resume: first }), { ...refused, message: /the fit has 0/ });
  const bare = new Learner(few.model, few.data, { optFunc: few.optFunc });
  await t.rejects(bare.fit(3, { resume: first }), { ...refused, message: /EmaCallback/ });
  t.ok(few.find(EmaCallback));
});
