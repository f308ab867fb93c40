/** How everything in the data room is called rightly, for the tests that call it wrongly. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as room from '../../lib/data/index.js';
import { ones } from '../../lib/tensor/index.js';
import type { Room } from '../provoke.js';
import { streamRecipes } from './streamRoom.js';

const {
  CategoryProcessor,
  Chain,
  DataBunch,
  DataLoader,
  FillMissingProcessor,
  Generator,
  ItemList,
  LabeledData,
  ListContainer,
  NumericalizeProcessor,
  Processor,
  SplitData,
  TokenizeProcessor,
} = room;

/** Files for the recipes; whoever runs them removes the folder. */
export const dataFolder = mkdtempSync(join(tmpdir(), 'tench-hostile-'));
const table = join(dataFolder, 'labels.csv');
writeFileSync(table, 'name,label,is_valid\na.jpg,tench,1\nb.jpg,church,0\n');
const lines = join(dataFolder, 'rows.jsonl');
writeFileSync(lines, '{"a":1}\n[2]\n');
const idx = join(dataFolder, 'numbers.idx');
const idxBytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3);
writeFileSync(idx, idxBytes);
const archive = fileURLToPath(new URL('../../../test/goldens/archives/good.tgz', import.meta.url));

const labels = ['tench', 'church', 'tench'];
const paths = ['set/train/n0/a.jpg', 'set/valid/n1/b.jpg', 'set/train/n1/c.jpg'];
const draw = { seed: 1, epoch: 0 };
const twice = (x: unknown): unknown => x;
const pass = (value: unknown): unknown => value;
/** What every loader takes. */
const loading = { prefetch: 1, seed: 1, device: 'cpu', pinMemory: false, collate: pass };

const numbers = (): room.ItemList => new ItemList([1, 2, 3], 'numbers', [twice]);
const category = (): room.CategoryProcessor => {
  const processor = new CategoryProcessor();
  processor.process(labels);
  return processor;
};
const tokens = (): room.NumericalizeProcessor => {
  const processor = new NumericalizeProcessor({ minCount: 1 });
  processor.process([['a', 'b'], ['a']]);
  return processor;
};
const tags = (): room.MultiCategoryProcessor => {
  const processor = new room.MultiCategoryProcessor();
  processor.process([['sea', 'sun'], ['sun']]);
  return processor;
};
const filler = (): room.FillMissingProcessor => {
  const processor = new FillMissingProcessor();
  processor.process([
    [1, null],
    [3, 4],
  ]);
  return processor;
};
const labeled = (): room.LabeledData =>
  LabeledData.labelByFunc(new ItemList(paths), room.parentLabeler, { procY: new CategoryProcessor() });
const splitPaths = (): room.SplitData<room.ItemList> =>
  SplitData.splitByFunc(new ItemList(paths), (path) => room.grandparentSplitter(path));
const splitNumbers = (): room.SplitData<room.LabeledData> =>
  room.labelByFunc(
    SplitData.splitByFunc(new ItemList([1, 2, 3, 4]), (item) => item > 2),
    (item) => item % 2,
  );
const loader = (): room.DataLoader => new DataLoader(numbers(), { batchSize: 2 });

const saved = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

/** A sampler of the user's own. */
const oneByOne = (): room.Sampler => ({ size: (count) => count, order: (count) => [0, 1, 2].slice(0, count) });

class Plain extends Processor<number, number> {
  proc1(item: number): number {
    return item;
  }
}

const path = 'set/train/n0/a.jpg';

async function walk(dl: room.DataLoader<unknown>): Promise<void> {
  inspect(dl);
  await dl.oneBatch();
  for await (const batch of dl) inspect(batch);
}

async function look(list: room.ItemList): Promise<void> {
  inspect(list);
  if (list.length === 0) return;
  await list.get(0, draw);
  await list.getBatch([0], draw);
}

export const dataRoom: Room = {
  exports: room,
  apart: {
    'CategoryProcessor#learn': 'protected',
    'CategoryProcessor#remember': 'protected',
    'CategoryProcessor#summary': 'protected',
    'FillMissingProcessor#learn': 'protected',
    'FillMissingProcessor#remember': 'protected',
    'FillMissingProcessor#summary': 'protected',
    'ItemList#savedSettings': 'protected',
    'ItemList#settings': 'protected',
    'ItemList#weigh': 'protected',
    'ListContainer#position': 'protected',
    'ListContainer#positions': 'protected',
    'ListContainer#preview': 'protected',
    'MultiCategoryProcessor#learn': 'protected',
    'MultiCategoryProcessor#remember': 'protected',
    'MultiCategoryProcessor#summary': 'protected',
    'NumericalizeProcessor#learn': 'protected',
    'NumericalizeProcessor#remember': 'protected',
    'NumericalizeProcessor#summary': 'protected',
    'Processor#learn': 'protected',
    'Processor#remember': 'protected',
    'Processor#requireReady': 'protected',
    'Processor#summary': 'protected',
    'new TarSample': 'what a stream makes, for users to read',
    'new UnseenLabelError': 'what throws it words the message',
  },
  instances: {
    CategoryProcessor: category,
    Chain: () => new Chain([twice]),
    DataBunch: () => new DataBunch(loader(), loader()),
    DataLoader: loader,
    FillMissingProcessor: filler,
    Generator: () => new Generator(1),
    ItemList: numbers,
    LabeledData: () => splitNumbers().train,
    ListContainer: () => new ListContainer([1, 2, 3]),
    MultiCategoryProcessor: tags,
    NumberFieldsProcessor: () => new room.NumberFieldsProcessor({ fields: ['a'] }),
    NumericalizeProcessor: tokens,
    PickProcessor: () => new room.PickProcessor({ field: 'a' }),
    Processor: () => {
      const processor = new Plain();
      processor.process([1]);
      return processor;
    },
    DistributedSampler: () => new room.DistributedSampler({ rank: 0, worldSize: 2 }),
    RandomSampler: () => new room.RandomSampler(),
    SequentialSampler: () => new room.SequentialSampler(),
    SplitData: splitNumbers,
    WeightedSampler: () => new room.WeightedSampler([1, 2, 0]),
    ...streamRecipes.instances,
    TokenizeProcessor: () => new TokenizeProcessor(),
  },
  valid: {
    'new Chain': () => [[twice, { apply: twice, order: 1, describe: () => ({ name: 'two', size: 1 }) }]],
    'Chain#run': () => [2, { seed: 1, epoch: 0, index: 0, name: 'one' }, 1],
    'Chain#batch': () => [[1, 2], ['a', 'b'], { device: 'cpu', pinMemory: false }],
    className: () => ['n01440764'],
    'new CategoryProcessor': () => [{ unknown: 'other', minCount: 2, vocab: ['tench', 'church'] }],
    collate: () => [
      [ones([2]), ones([2])],
      ['a', 'b'],
    ],
    requireEqualShapes: () => [
      ['1 x 2', '1 x 2'],
      ['a', 'b'],
    ],
    compose: () => [1, [twice, { apply: twice, order: 1 }], 'more'],
    transformLabel: () => [{ apply: twice, describe: () => ({ name: 'two', size: 1 }) }],
    parseSeparated: () => ['a,b\n"c",d', ','],
    'new DataBunch': () => [loader(), loader(), { cIn: 1, cOut: 2, testDl: loader() }],
    'DataBunch#oneBatch': () => [],
    'DataBunch#showBatch': () => [{ count: 2 }],
    showBatch: () => [loader(), { count: 2 }],
    databunchify: () => [
      numbers(),
      numbers(),
      numbers(),
      2,
      { cIn: 1, cOut: 2, numWorkers: 1, dropLast: true, ...loading },
    ],
    getFiles: () => [dataFolder, { extensions: ['.csv', 'idx'], recurse: true, include: ['train', 'valid'] }],
    'new FillMissingProcessor': () => [{ fill: 'mean', addFlags: true }],
    parseIdx: () => [idxBytes, 'numbers'],
    readIdx: () => [idx],
    'new ItemList': () => [
      [1, 2, 3],
      'numbers',
      [twice, { apply: twice, order: 1, describe: () => ({ name: 'two' }) }],
    ],
    'ItemList.fromJSON': () => [{ kind: 'ItemList', path: 'numbers', items: [1, 2] }, [twice]],
    'ItemList#open': () => [1],
    'ItemList#new': () => [[1, 2], ItemList],
    'ItemList#get': () => [[0, 1], draw],
    'ItemList#getBatch': () => [[0, 1], { ...draw, device: 'cpu', signal: undefined, occurrences: [0, 1] }],
    'ItemList#nameOf': () => [0],
    'ItemList#toJSON': () => [],
    'new LabeledData': () => [new ItemList([1, 2]), new ItemList(['a', 'b']), [new Plain()], new CategoryProcessor()],
    'LabeledData.labelByFunc': () => [
      new ItemList(paths),
      room.parentLabeler,
      { procX: [], procY: [new CategoryProcessor()] },
    ],
    'LabeledData.fromJSON': () => [
      saved(labeled()),
      { lists: [ItemList], processors: [CategoryProcessor], tfms: [pass] },
      undefined,
    ],
    'LabeledData#get': () => [[0, 1], draw],
    'LabeledData#getBatch': () => [[0, 1], { ...draw, device: 'cpu', signal: undefined }],
    'LabeledData#nameOf': () => [0],
    'LabeledData#show': () => [0, draw],
    'LabeledData#objX': () => [[0, 1]],
    'LabeledData#objY': () => [[0, 1]],
    'LabeledData#classCounts': () => [],
    'LabeledData#toJSON': () => [],
    csvLabeler: () => [table, { key: 'name', column: 'label', base: '.', separator: ',' }],
    parentLabeler: () => [path],
    patternLabeler: () => [/(?<kind>[^/]+)\.jpg$/, { group: 'kind' }],
    'new ListContainer': () => [[1, 2, 3]],
    'ListContainer#at': () => [{ start: 0, end: 2, step: 1 }],
    'ListContainer#set': () => [0, 1],
    'ListContainer#toString': () => [],
    'new DataLoader': () => [
      { length: 3, get: (index: number) => [index, 1], nameOf: (index: number) => `item ${index}` },
      { batchSize: 2, shuffle: true, dropLast: false, ...loading },
    ],
    'DataLoader#setEpoch': () => [1, { batch: 1 }],
    'DataLoader#order': () => [0],
    'DataLoader#oneBatch': () => [],
    'CategoryProcessor#proc1': () => ['tench'],
    'CategoryProcessor#deproc1': () => [0],
    'FillMissingProcessor#proc1': () => [[1, null]],
    'NumericalizeProcessor#proc1': () => [['a', 'b']],
    'NumericalizeProcessor#deproc1': () => [[0, 1]],
    'TokenizeProcessor#proc1': () => ['a text'],
    'Processor#process': () => [[1, 2], (index: number) => `item ${index}`],
    'Processor#toJSON': () => [],
    'new Generator': () => [1, 2, 3],
    'Generator#fork': () => [1, 2],
    'Generator#bits': () => [],
    'Generator#random': () => [],
    'Generator#uniform': () => [0, 1],
    'Generator#integer': () => [3],
    'Generator#normal': () => [0, 1],
    'Generator#bernoulli': () => [0.5],
    'Generator#beta': () => [0.4, 0.4],
    'Generator#shuffle': () => [[1, 2, 3]],
    'Generator#permutation': () => [3],
    philox4x32: () => [
      [1, 2, 3, 4],
      [5, 6],
    ],
    'new SplitData': () => [numbers(), numbers(), { test: numbers(), leftOut: [1] }],
    'SplitData.splitByFunc': () => [numbers(), (item: number) => item > 2],
    'SplitData.fromJSON': () => [
      saved(splitPaths()),
      { lists: [ItemList], processors: [CategoryProcessor], tfms: [pass] },
    ],
    'SplitData#withTest': () => [numbers()],
    'SplitData#toDatabunch': () => [2, { cIn: 1, cOut: 2, numWorkers: 1, dropLast: true, ...loading }],
    'SplitData#toJSON': () => [],
    labelByFunc: () => [
      splitPaths(),
      room.parentLabeler,
      { procX: [], procY: new CategoryProcessor(), testLabels: true },
    ],
    csvSplitter: () => [table, { key: 'name', column: 'is_valid', base: '.', separator: ',', validName: 'valid' }],
    grandparentSplitter: () => [path, { validName: 'valid', trainName: 'train' }],
    indexSplitter: () => [[0, 2]],
    patternSplitter: () => [/valid/],
    randomSplitter: () => [0.2, { seed: 1 }],
    stratifiedSplitter: () => [0.2, pass, { seed: 1 }],
    groupSplitter: () => [0.2, pass, { seed: 1 }],
    kFoldSplitter: () => [2, 0, { seed: 1, labelOf: pass, groupOf: undefined }],
    nameSplitter: () => [['a.jpg', 'b.jpg']],
    readCsv: () => [table, { separator: ',' }],
    readJsonLines: () => [lines],
    fieldLabeler: () => ['a'],
    severalLabels: () => [(text: string) => text, { separator: ',' }],
    padCollate: () => [{ padding: 1, side: 'start', maxLength: 3, multipleOf: 2, parts: [0] }],
    'new MultiCategoryProcessor': () => [{ unknown: 'other', minCount: 2, vocab: ['tench', 'church'] }],
    'MultiCategoryProcessor#proc1': () => [['sea']],
    'MultiCategoryProcessor#deproc1': () => [[0, 1]],
    'new NumberFieldsProcessor': () => [{ fields: ['a', 'b'], gaps: ['', '?'] }],
    'NumberFieldsProcessor#proc1': () => [{ a: '1' }],
    'new PickProcessor': () => [{ field: 'a' }],
    'PickProcessor#proc1': () => [{ a: '1' }],
    splitByFunc: () => [[1, 2, 3], (_item: number, index: number) => index > 1],
    'new NumericalizeProcessor': () => [{ minCount: 1, maxVocab: 10, unknown: 'xxunk', padding: 'xxpad' }],
    ...streamRecipes.valid,
    'new TokenizeProcessor': () => [{ lowerCase: true }],
    'SequentialSampler#size': () => [3],
    'SequentialSampler#order': () => [3],
    'new RandomSampler': () => [{ numSamples: 2 }],
    'RandomSampler#size': () => [3],
    'RandomSampler#order': () => [3, draw],
    'new WeightedSampler': () => [[1, 0, 2], { numSamples: 2, replacement: false }],
    'WeightedSampler.balanced': () => [['a', 'b', 'a']],
    'WeightedSampler#order': () => [3, draw],
    'new DistributedSampler': () => [{ rank: 0, worldSize: 2, sampler: oneByOne(), uneven: 'drop' }],
    'DistributedSampler#size': () => [3],
    'DistributedSampler#order': () => [3, draw],
    samplerFromJSON: () => [saved(new room.DistributedSampler({ rank: 0, worldSize: 2 }))],
    untarData: () => [
      archive,
      { onProgress: pass, onWait: pass, silenceMs: 100, maxBytes: 100_000, maxEntries: 10, signal: undefined },
    ],
    archiveAddress: () => [
      { folder: 'set', url: 'http://127.0.0.1:9/set.tgz' },
      { TENCH_ARCHIVES: 'http://127.0.0.1:9' },
    ],
    findDataset: () => ['imagenette-160'],
  },
  open: {
    'Processor#process 0.0': 'items may be anything',
    'Processor#process 0.1': 'items may be anything',
    'Processor#process 1.()': 'a name is only looked at when something fails',
    'Chain#run 0': 'items may be anything',
    'Generator#shuffle 0.0': 'items may be anything',
    'Generator#shuffle 0.1': 'items may be anything',
    'new ItemList 0': 'one item, and items may be anything',
    'new ItemList 0.0': 'items may be anything',
    'new ItemList 0.1': 'items may be anything',
    'ItemList.fromJSON 0.items.0': 'items may be anything',
    'ItemList.fromJSON 0.items.1': 'items may be anything',
    'ItemList#open 0': 'items may be anything',
    'ItemList#new 0': 'one item, and items may be anything',
    'ItemList#new 0.0': 'items may be anything',
    'ItemList#new 0.1': 'items may be anything',
    'ListContainer#set 1': 'items may be anything',
    'LabeledData.fromJSON 0.x.items.0': 'items may be anything',
    'LabeledData.fromJSON 0.x.items.1': 'items may be anything',
    'new ListContainer 0': 'one item, and items may be anything',
    'new ListContainer 0.0': 'items may be anything',
    'new ListContainer 0.1': 'items may be anything',
    'new SplitData 2.leftOut.0': 'items may be anything',
    'SplitData.fromJSON 0.train.items.0': 'items may be anything',
    'SplitData.fromJSON 0.train.items.1': 'items may be anything',
    'SplitData.fromJSON 0.valid.items.0': 'items may be anything',
    'archiveAddress 1': 'an environment is any object',
    'compose 0': 'items may be anything',
    'compose 2': 'handed on to the transforms',
    'patternSplitter 0': 'a pattern',
    'severalLabels 1.separator': 'a text or a pattern',
    'PickProcessor#proc1 0.a': 'fields may be anything',
    'WeightedSampler.balanced 0.0': 'labels may be anything',
    'WeightedSampler.balanced 0.1': 'labels may be anything',
    'splitByFunc 0.0': 'items may be anything',
    'splitByFunc 0.1': 'items may be anything',
  },
  uses: {
    'new CategoryProcessor': (made: room.CategoryProcessor) => [
      made.process(['tench']),
      JSON.stringify(made),
      inspect(made),
    ],
    'new Chain': (made: room.Chain) => made.run(1, { ...draw, index: 0, name: 'one' }),
    csvLabeler: (made: (path: string) => string) => made('a.jpg'),
    csvSplitter: (made: (path: string) => unknown) => made('a.jpg'),
    'new DataBunch': async (made: room.DataBunch<unknown>) => {
      inspect(made);
      await walk(made.trainDl);
      await walk(made.validDl);
    },
    databunchify: async (made: room.DataBunch<unknown>) => {
      inspect(made);
      await walk(made.trainDl);
      await walk(made.validDl);
    },
    'new DataLoader': walk,
    'new FillMissingProcessor': (made: room.FillMissingProcessor) => [
      made.process([
        [1, null],
        [1, 2],
      ]),
      inspect(made),
    ],
    'new Generator': (made: room.Generator) => [made.random(), inspect(made)],
    'new ItemList': look,
    'ItemList.fromJSON': look,
    'ItemList#new': look,
    'new LabeledData': async (made: room.LabeledData) => {
      inspect(made);
      made.classCounts();
      if (made.length > 0) await made.get(0);
    },
    'LabeledData.labelByFunc': (made: room.LabeledData) => [inspect(made), made.classCounts()],
    'LabeledData.fromJSON': (made: room.LabeledData) => [inspect(made), made.classCounts()],
    'new ListContainer': (made: room.ListContainer<unknown>) => inspect(made),
    'new NumericalizeProcessor': (made: room.NumericalizeProcessor) => [made.process([['a', 'a']]), inspect(made)],
    'new SplitData': (made: room.SplitData) => [inspect(made), made.path, made.procY, made.toDatabunch(2)],
    'SplitData.fromJSON': (made: room.SplitData) => [inspect(made), made.toDatabunch(2)],
    'SplitData.splitByFunc': (made: room.SplitData) => [inspect(made), JSON.stringify(made)],
    'SplitData#withTest': (made: room.SplitData) => [inspect(made), made.toDatabunch(2)],
    'SplitData#toDatabunch': (made: room.DataBunch<unknown>) => walk(made.trainDl),
    labelByFunc: (made: room.SplitData) => inspect(made),
    indexSplitter: (made: (item: unknown, index: number) => boolean) => made(1, 0),
    patternLabeler: (made: (path: string) => string) => made('a.jpg'),
    patternSplitter: (made: (path: string) => boolean) => made('a.jpg'),
    randomSplitter: (made: room.Splitter<unknown>) => made(1, 0, [1, 2]),
    stratifiedSplitter: (made: room.Splitter<unknown>) => made(1, 0, [1, 2]),
    groupSplitter: (made: room.Splitter<unknown>) => made(1, 0, [1, 2]),
    kFoldSplitter: (made: room.Splitter<unknown>) => made(1, 0, [1, 2]),
    nameSplitter: (made: room.Splitter<string>) => made('a.jpg', 0, ['a.jpg', 'b.jpg']),
    fieldLabeler: (made: (row: room.Row) => string) => made({ a: '1' }),
    severalLabels: (made: room.Labeler<string, string[]>) => made('a,b', 0),
    padCollate: (made: room.Collate<room.Batch>) =>
      made(
        [
          [[1, 2, 3], 1],
          [[], 2],
        ],
        ['a', 'b'],
      ),
    'new MultiCategoryProcessor': (made: room.MultiCategoryProcessor) => [
      made.process([['tench']]),
      JSON.stringify(made),
      inspect(made),
    ],
    'new NumberFieldsProcessor': (made: room.NumberFieldsProcessor) => made.process([{ a: '1', b: '?' }]),
    'new PickProcessor': (made: room.PickProcessor) => made.process([{ a: '1' }]),
    'new DistributedSampler': (made: room.DistributedSampler) => [made.order(3, draw), made.size(3)],
    ...streamRecipes.uses,
    'new TokenizeProcessor': (made: room.TokenizeProcessor) => [made.process(['A b']), JSON.stringify(made)],
  },
};
