/** docs/predict.md quotes its examples as they are, and they run; the service answers every request of a load with bad images in it. */

import { readFileSync, readdirSync } from 'node:fs';
import { request as ask } from 'node:http';
import { basename, dirname, join } from 'node:path';

import t from 'tap';

import { postAll, startService, type Service } from '../../examples/harness/load.js';
import * as tench from '../../lib/index.js';
import { drawPictures, drawnLearner } from '../predict/drawnLearner.js';
import { codeOf, quoted, read, runExample } from './examples.js';

const page = read('docs/predict.md');

for (const name of ['predict', 'serve']) {
  t.test(`${name}.ts is quoted without its header`, (t) => {
    const example = `examples/predict/${name}.ts`;
    t.equal(quoted('docs/predict.md', example), codeOf(example));
    t.end();
  });
}

t.test('predict.ts exports, loads and predicts', async (t) => {
  const folder = t.testdir({ images: {}, out: {} });
  const images = join(folder, 'images');
  await drawPictures(images, { train: 8, val: 4 });
  const { stdout, stderr, status } = runExample('examples/predict/predict.ts', {
    cwd: join(folder, 'out'),
    args: [images],
  });
  t.equal(status, 0, stderr);
  const label = '(red|green|blue)';
  t.match(
    stdout,
    new RegExp(`\\n${label}: [01]\\.\\d+\\n${label}\\n${label}\\ncannot read the image missing\\.jpg: .*\\n$`),
  );
  t.strictSame(readdirSync(join(folder, 'out')), ['learner.safetensors']);
});

t.test('serve.ts is about twenty lines', (t) => {
  t.ok(read('examples/predict/serve.ts').trimEnd().split('\n').length <= 24);
  t.end();
});

/** A request whose sender goes away in the middle of the image. */
function leave({ port }: Service, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'content-length': bytes.length };
    const request = ask({ port, host: '127.0.0.1', method: 'POST', headers }, () => undefined);
    request.on('error', () => undefined);
    request.on('close', resolve);
    request.write(bytes.subarray(0, 100), () => request.destroy());
  });
}

t.test('of 150 requests, 25 at a time, each gets its own label or its error', async (t) => {
  const folder = t.testdir({});
  await drawPictures(folder, { train: 4, valid: 4 });
  const { learn, valid } = await drawnLearner(folder);
  const path = join(folder, 'learner.safetensors');
  await learn.export(path);
  const files = valid.map((file) => readFileSync(file));
  const bad = [Buffer.from('no image'), Buffer.alloc(0), files[0]!.subarray(0, 300), Buffer.alloc(9000, 0xff)];
  const bodies = Array.from({ length: 150 }, (_, i) => (i % 3 === 2 ? bad[i % bad.length]! : files[i % files.length]!));
  const service = await startService(path);
  const [answers] = await Promise.all([
    postAll(service, bodies, { atOnce: 25 }),
    ...[0, 3, 6].map((i) => leave(service, files[i]!)),
  ]);
  const truth = await tench.loadLearner(path).then(async (predictor) => {
    const made = await predictor.predict(valid);
    await predictor.close();
    return made.map(({ label }) => label);
  });
  t.ok(truth.filter((label, i) => label === basename(dirname(valid[i]!))).length >= 8, 'it has learned something');
  answers.forEach(({ status, body }, i) => {
    if (i % 3 === 2) {
      t.equal(status, 422, `${i}`);
      t.match(body.error, /^TenchError: cannot read the image that was given: ./);
    } else {
      t.equal(status, 200, `${i}`);
      t.equal(body.label, truth[i % files.length]);
    }
  });
  const [last] = await postAll(service, [files[1]!], { atOnce: 1 });
  t.equal(last?.status, 200, 'after all of that it still answers');
  t.equal(await service.stop(), 0, 'and ends well');
});

t.test('every name that looks like one of ours is one', (t) => {
  const names = page
    .match(/`(?:new )?[A-Z]\w+(?=[`(.])|`[a-z]+[A-Z]\w+(?=[`(])/g)!
    .map((name) => name.replace(/`(new )?/, ''));
  const others = [
    'Buffer',
    'JSON',
    'AbortSignal',
    'predictBatch',
    'maxPixels',
    'batchSize',
    'maxBytes',
    'onError',
    'batchTfms',
    'procY',
  ];
  t.ok(names.length > 10);
  t.same(
    [...new Set(names)].filter((name) => !(name in tench) && !others.includes(name) && !name.startsWith('ERR_')),
    [],
  );
  t.end();
});
