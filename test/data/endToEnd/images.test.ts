/** Drawn images with several labels in memory, and the same kind of images out of tar archives: from bytes to what a model sees in them. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import { create } from 'tar';
import {
  CategoryProcessor,
  Generator,
  MultiCategoryProcessor,
  SplitData,
  StreamLoader,
  TarShards,
  csvLabeler,
  getFiles,
  labelByFunc,
  nameSplitter,
  severalLabels,
  type CategoryOptions,
  type LabeledData,
  type SplitDataJSON,
  type TarShardsJSON,
  type TarShardsOptions,
} from '../../../lib/data/index.js';
import * as F from '../../../lib/nn/functional.js';
import { Lambda, Linear, Sequential } from '../../../lib/nn/index.js';
import { manualSeed, type Tensor } from '../../../lib/tensor/index.js';
import {
  ImageList,
  makeRgb,
  openImages,
  toByteTensor,
  toFloatTensor,
  type NamedBytes,
} from '../../../lib/vision/index.js';
import { shareRight, train } from './learned.js';

const COLOURS = ['red', 'green', 'blue'];

interface Drawn extends NamedBytes {
  readonly tags: readonly string[];
}

/** Small pictures whose red, green and blue are each there or not. */
async function draw(count: number): Promise<Drawn[]> {
  const random = new Generator(3);
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const there = COLOURS.map(() => random.bernoulli());
      const [r, g, b] = there.map((has) => (has ? 160 : 0) + random.integer(60)) as [number, number, number];
      const png = sharp({ create: { width: 6, height: 6, channels: 3, background: { r, g, b } } }).png();
      const name = `${String(index).padStart(3, '0')}.png`;
      return { name, bytes: new Uint8Array(await png.toBuffer()), tags: COLOURS.filter((_, colour) => there[colour]) };
    }),
  );
}

const tfms = [makeRgb, toByteTensor, toFloatTensor];
const folder = t.testdir({ files: {} });
let drawn: Drawn[] = [];
t.before(async () => (drawn = await draw(96)));

/** Mean colours, and a line through them for each label. */
function colourModel(labels: number): Sequential {
  manualSeed(1);
  return new Sequential(new Lambda((x) => x.mean([2, 3]).sub(0.4)), new Linear(3, labels));
}

const weightsOf = (model: Sequential): string => JSON.stringify(model.stateDict().get('1.weight')?.toList());

t.test('several labels an item', async (t) => {
  const table = join(folder, 'tags.csv');
  writeFileSync(table, `name,tags\n${drawn.map(({ name, tags }) => `${name},${tags.join(' ')}`).join('\n')}\n`);
  const labelled = (options: CategoryOptions = {}): SplitData<LabeledData> => {
    const list = new ImageList(
      drawn.map(({ name, bytes }) => ({ name, bytes })),
      'memory',
      tfms,
    );
    const split = SplitData.splitByFunc(list, nameSplitter(drawn.slice(0, 24).map(({ name }) => name)));
    const label = severalLabels(csvLabeler(table));
    return labelByFunc(split, ({ name }, index) => label(name, index), {
      procY: new MultiCategoryProcessor(options),
    });
  };
  const learn = async (data: SplitData<LabeledData>): Promise<{ right: number; weights: string }> => {
    const bunch = data.toDatabunch(16, { seed: 1 });
    const model = colourModel(bunch.cOut!);
    await train(model, bunch, { epochs: 12, lr: 0.3, lossFunc: F.binaryCrossEntropyWithLogits });
    const isRight = (pred: Tensor, yb: Tensor): Tensor => pred.gt(0).eq(yb.gt(0.5));
    return { right: await shareRight(model, bunch.validDl, isRight), weights: weightsOf(model) };
  };
  const data = labelled();
  t.same([...(data.vocab as string[])].sort(), ['blue', 'green', 'red']);
  t.equal(data.valid.length, 24);
  const learned = await learn(data);
  t.ok(learned.right > 0.97, `${learned.right} of the labels are right`);
  const revived = SplitData.fromJSON(JSON.parse(JSON.stringify(data)) as SplitDataJSON, { lists: [ImageList], tfms });
  t.same(await learn(revived as SplitData<LabeledData>), learned, 'saved with the bytes, and loaded');
  t.equal((await learn(labelled({ unknown: '#na#' }))).weights.split('],[').length, 4, 'a class for labels not seen');
  const counts = data.train.classCounts();
  const shown = await data.toDatabunch(16, { seed: 1 }).showBatch({ count: 4 });
  for (const { name, x, y } of shown) {
    t.same((x as Tensor).shape, [3, 6, 6]);
    t.same([...(y as string[])].sort(), [...drawn.find((one) => one.name === name)!.tags].sort());
  }
  t.equal(
    [...counts.values()].reduce((sum, count) => sum + count, 0),
    drawn.slice(24).flatMap(({ tags }) => tags).length,
  );
});

t.test('tar archives', async (t) => {
  const files = join(folder, 'files');
  const shardsOf = 24;
  for (let start = 0; start < drawn.length; start += shardsOf) {
    const names: string[] = [];
    for (const { name, bytes, tags } of drawn.slice(start, start + shardsOf)) {
      const key = name.replace('.png', '');
      writeFileSync(join(files, name), bytes);
      writeFileSync(join(files, `${key}.cls`), tags.includes('red') ? 'red' : 'other');
      names.push(name, `${key}.cls`);
    }
    const gzip = start === 0;
    mkdirSync(join(folder, 'shards'), { recursive: true });
    await create({ cwd: files, gzip, file: join(folder, 'shards', `${start}.${gzip ? 'tgz' : 'tar'}`) }, names);
  }
  const paths = getFiles(join(folder, 'shards'));
  t.equal(paths.length, 4);
  const learn = async (shards: TarShards): Promise<{ right: number; weights: string }> => {
    const loader = new StreamLoader(shards, {
      x: openImages((sample) => sample.bytes('png')),
      y: (sample) => sample.text('cls'),
      procY: new CategoryProcessor({ vocab: ['other', 'red'] }),
      tfms,
      batchSize: 16,
      samples: await shards.count(),
      seed: 1,
    });
    const model = colourModel(2);
    await train(model, { trainDl: loader, validDl: loader }, { epochs: 5, lr: 0.4 });
    return { right: await shareRight(model, loader), weights: weightsOf(model) };
  };
  const variants: TarShardsOptions[] = [
    {},
    { shuffleShards: true },
    { shuffleBuffer: 20 },
    { shuffleShards: true, shuffleBuffer: 20 },
    { rank: 0, worldSize: 2 },
    { rank: 1, worldSize: 2 },
  ];
  const learned = new Set<string>();
  for (const options of variants) {
    const shards = new TarShards(paths, options);
    const one = await learn(shards);
    t.ok(one.right > 0.95, `${JSON.stringify(options)}: ${one.right} are right`);
    t.notOk(learned.has(one.weights), 'a model of its own');
    learned.add(one.weights);
    const again = TarShards.fromJSON(JSON.parse(JSON.stringify(shards)) as TarShardsJSON);
    t.same(await learn(again), one, 'the same when the settings were saved and loaded');
  }
});
