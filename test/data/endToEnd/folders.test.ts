/** Folders of drawn images, and an IDX file of the same: how they are found, split and labelled shows in what a model has learned. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';
import {
  CategoryProcessor,
  Generator,
  type ItemList,
  type LabeledData,
  SplitData,
  csvLabeler,
  csvSplitter,
  getFiles,
  grandparentSplitter,
  indexSplitter,
  labelByFunc,
  parentLabeler,
  patternLabeler,
  patternSplitter,
  randomSplitter,
  type Labeler,
  type Splitter,
  type SplitDataJSON,
} from '../../../lib/data/index.js';
import { Lambda, Linear, Sequential } from '../../../lib/nn/index.js';
import { manualSeed, type Tensor } from '../../../lib/tensor/index.js';
import { IdxImageList, ImageList, makeRgb, toByteTensor, toFloatTensor } from '../../../lib/vision/index.js';
import { shareRight, train } from './learned.js';

const SIDE = 8;
const SHAPE = [SIDE, SIDE];
const tfms = [makeRgb, toByteTensor, toFloatTensor];
const root = t.testdir({ set: {} });
const set = join(root, 'set');
const table = join(root, 'table.csv');
const idx = join(root, 'images.idx');
const kinds: string[] = [];

/** Light and dark pictures below train, valid and neither; a table with their names, what they are, how dense and which are valid. */
t.before(async () => {
  const random = new Generator(7);
  const rows: string[] = [];
  const pixels: number[] = [];
  for (let i = 0; i < 60; i += 1) {
    const part = i % 5 === 0 ? 'valid' : i % 5 === 1 && i > 40 ? 'spare' : 'train';
    const kind = random.bernoulli() ? 'light' : 'dark';
    const level = (kind === 'light' ? 140 : 40) + random.integer(70);
    const folder = join(set, part, kind);
    mkdirSync(folder, { recursive: true });
    const name = `${String(i).padStart(2, '0')}_${level > 100 === i % 7 > 0 ? 'odd' : 'even'}.jpg`;
    const create = { width: SIDE, height: SIDE, channels: 3 as const, background: { r: level, g: level, b: level } };
    writeFileSync(join(folder, name), await sharp({ create }).jpeg().toBuffer());
    rows.push(`${join(part, kind, name)},${i % 9 === 0 ? 'light' : kind},${i % 4 === 0 ? 1 : 0}`);
    pixels.push(...new Array<number>(SIDE * SIDE).fill(level));
    kinds.push(kind);
  }
  writeFileSync(table, ['name,label,is_valid', ...rows].join('\n'));
  const header = [0, 0, 8, 3, ...[60, ...SHAPE].flatMap((size) => [0, 0, 0, size])];
  writeFileSync(idx, Uint8Array.from([...header, ...pixels]));
});

interface Learned {
  right: number;
  weights: string;
}

/** What a model that sees the mean of a picture has learned. */
async function learn(data: SplitData<LabeledData>): Promise<Learned> {
  manualSeed(1);
  const model = new Sequential(new Lambda((x) => x.mean([1, 2, 3]).sub(0.4).unsqueeze(1)), new Linear(1, 2));
  const bunch = data.toDatabunch(16, { seed: 1 });
  await train(model, bunch, { epochs: 3, lr: 0.6 });
  const right = await shareRight(model, bunch.validDl);
  return { right, weights: JSON.stringify(model.stateDict().get('1.weight')?.toList()) };
}

const images = (): ImageList<Tensor> => ImageList.fromFiles<Tensor>(set, { tfms });

function labelled(
  splitter: Splitter<string>,
  labeler: Labeler<string, unknown> = parentLabeler,
  list: ItemList<string, Tensor> = images(),
): SplitData<LabeledData> {
  return labelByFunc(SplitData.splitByFunc(list, splitter), labeler, {
    procY: new CategoryProcessor({ vocab: ['dark', 'light'] }),
  });
}

const loaded = (data: SplitData<LabeledData>): SplitData<LabeledData> =>
  SplitData.fromJSON(JSON.parse(JSON.stringify(data)) as SplitDataJSON, {
    lists: [ImageList, IdxImageList],
    tfms,
  }) as SplitData<LabeledData>;

/** Every one gives a model of its own, and the same one when it was saved and loaded. */
async function eachItsOwn(t: Tap, variants: Record<string, SplitData<LabeledData>>): Promise<Map<string, Learned>> {
  const learned = new Map<string, Learned>();
  for (const [name, data] of Object.entries(variants)) {
    const one = await learn(data);
    const twin = [...learned].find(([, other]) => other.weights === one.weights);
    t.equal(twin?.[0], undefined, `${name}: a model of its own`);
    t.same(await learn(loaded(data)), one, `${name}: the same when it was saved and loaded`);
    learned.set(name, one);
  }
  return learned;
}
type Tap = Pick<typeof t, 'equal' | 'same' | 'ok'>;

t.test('the splitter decides what is learned', async (t) => {
  const learned = await eachItsOwn(t, {
    folders: labelled((path) => grandparentSplitter(path)),
    pattern: labelled(patternSplitter(/\/[0-2]\d_/)),
    positions: labelled(indexSplitter(Array.from({ length: 15 }, (_, i) => 4 * i))),
    table: labelled(csvSplitter(table, { base: set })),
    fraction: labelled(randomSplitter(0.25, { seed: 1 })),
    'another seed': labelled(randomSplitter(0.25, { seed: 2 })),
  });
  for (const [name, { right }] of learned) t.ok(right === 1, `${name}: ${right} are right`);
});

t.test('the labeller decides what is learned', async (t) => {
  const splitter = (path: string): boolean | null => grandparentSplitter(path);
  const names = patternLabeler(/_(odd|even)\.jpg$/);
  const learned = await eachItsOwn(t, {
    folder: labelled(splitter),
    pattern: labelled(splitter, (path) => (names(path) === 'odd' ? 'light' : 'dark')),
    table: labelled(splitter, csvLabeler(table, { base: set })),
    function: labelled(splitter, (path) => (parentLabeler(path) === 'dark' ? 'light' : 'dark')),
  });
  t.equal(learned.get('function')!.right, 1, 'dark is light there');
  t.ok(learned.get('table')!.right < 1, 'a table that is wrong about some');
});

t.test('the source decides what is learned, and the same items from elsewhere are the same', async (t) => {
  const splitter = (path: string): boolean | null => grandparentSplitter(path);
  const part = ImageList.fromFiles<Tensor>(set, { tfms, include: ['train', 'valid'], extensions: ['.jpg'] });
  const array = new ImageList<Tensor>(getFiles(set, { recurse: true }).slice(20), set, tfms);
  const byNumber = await IdxImageList.fromFiles<Tensor>(idx, { path: root, tfms });
  const ofIdx = labelByFunc(SplitData.splitByFunc(byNumber, indexSplitter([3, 9, 27, 40])), (item) => kinds[item], {
    procY: new CategoryProcessor({ vocab: ['dark', 'light'] }),
  });
  const learned = await eachItsOwn(t, {
    folder: labelled(splitter),
    array: labelled(splitter, parentLabeler, array),
    idx: ofIdx,
  });
  t.same(await learn(labelled(splitter, parentLabeler, part)), learned.get('folder'), 'spare ones are in neither set');
  t.equal(learned.get('idx')!.right, 1);
});
