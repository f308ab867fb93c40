import t from 'tap';
import { inspect } from 'node:util';
import { CategoryProcessor } from '../../lib/data/categoryProcessor.js';
import { FillMissingProcessor, type GappyRow } from '../../lib/data/fillMissing.js';
import { ItemList } from '../../lib/data/itemList.js';
import { LabeledData, type LabeledDataJSON } from '../../lib/data/labeledData.js';
import { parentLabeler } from '../../lib/data/labelers.js';
import { Processor } from '../../lib/data/processors.js';
import { SplitData, labelByFunc, type SplitDataJSON } from '../../lib/data/splitData.js';
import { grandparentSplitter } from '../../lib/data/splitters.js';
import { NumericalizeProcessor, TokenizeProcessor } from '../../lib/data/text.js';

class Paths extends ItemList<string> {}

const paths = ['/d/train/b/1', '/d/train/a/2', '/d/train/b/3', '/d/val/a/4', '/d/val/b/5', '/d/extra/a/6'];
const list = new Paths(paths, '/d', (x: string) => x.toUpperCase());
const byGrandparent = (path: string): boolean | null => grandparentSplitter(path, { validName: 'val' });
const split = SplitData.splitByFunc(list, byGrandparent);
const labelled = (options = {}): SplitData<LabeledData<string>> =>
  labelByFunc(split, parentLabeler, { procY: new CategoryProcessor(options) });

t.test('both parts are of the same class, path and transforms, and what is in neither is kept and printed', (t) => {
  t.ok(split.train instanceof Paths);
  t.ok(split.valid instanceof Paths);
  t.same([split.train.length, split.valid.length], [3, 2]);
  t.same(split.leftOut, ['/d/extra/a/6']);
  t.match(
    inspect(split),
    /^SplitData\n {2}Train: Paths \(3 items\)\n {2}\['[^]*\n {2}Path: \/d\n[^]* {2}Valid: Paths \(2 items\)\n[^]*\n {2}Left out: 1 item in neither set$/,
  );
  t.notMatch(inspect(SplitData.splitByFunc(list.new(paths.slice(0, 5)), byGrandparent)), /Left out/);
  t.end();
});

t.test('what train knows the split knows, and nothing else', (t) => {
  t.equal(split.path, '/d');
  t.equal(split.tfms, list.tfms);
  t.same([split.procX, split.procY, split.vocab], [[], [], null]);
  const data = labelled();
  t.equal(data.path, '/d');
  t.same(data.vocab, ['b', 'a']);
  t.equal(data.procY[0], data.train.procY[0]);
  t.equal((data as unknown as Record<string, unknown>).nothing, undefined);
  t.end();
});

t.test('labels are numbered by the vocabulary of train', async (t) => {
  const data = labelled();
  t.same(data.train.y.items, [0, 1, 0], 'in the order in which train shows them');
  t.same(data.valid.y.items, [1, 0]);
  t.equal(data.train.procY[0], data.valid.procY[0], 'one processor serves both');
  t.same(await data.valid.get(0), ['/D/VAL/A/4', 1]);
  t.same(await data.train.get([0, 1]), [
    ['/D/TRAIN/B/1', 0],
    ['/D/TRAIN/A/2', 1],
  ]);
  t.equal(data.valid.objY(1), 'b');
  t.same(data.train.objY({ start: 1 }), ['a', 'b']);
  t.equal(data.valid.objX(0), '/d/val/a/4');
  t.same(
    [...data.train.classCounts()],
    [
      ['b', 2],
      ['a', 1],
    ],
  );
  t.match(
    inspect(data.train),
    /^LabeledData\nx: Paths \(3 items\)\n[^]*\ny: ItemList \(3 items\)\n\[0, 1, 0\]\nPath: \/d$/,
  );
});

t.test('an unseen label names file, label and vocabulary; unknown and minCount are ways out', (t) => {
  const withWhale = SplitData.splitByFunc(new Paths([...paths, '/d/val/whale/7'], '/d'), byGrandparent);
  t.throws(() => labelByFunc(withWhale, parentLabeler, { procY: new CategoryProcessor() }), {
    message: /^\/d\/val\/whale\/7: the label "whale" is not in the vocabulary of 2 \("b", "a"\)/,
    code: 'ERR_TENCH_LABEL',
  });
  const known = labelByFunc(withWhale, parentLabeler, { procY: new CategoryProcessor({ unknown: '#na#' }) });
  t.same(known.valid.y.items, [2, 1, 0]);
  t.same(known.vocab, ['#na#', 'b', 'a']);
  const grouped = labelByFunc(withWhale, parentLabeler, { procY: new CategoryProcessor({ minCount: 2 }) });
  t.same(
    [grouped.train.y.items, grouped.valid.y.items, grouped.vocab],
    [
      [1, 0, 1],
      [0, 1, 0],
      ['#na#', 'b'],
    ],
  );
  t.end();
});

t.test('items can be processed, too: texts and tables with gaps', (t) => {
  const texts = SplitData.splitByFunc(
    new ItemList(['good film', 'bad film', 'good day']),
    (_text, index) => index === 2,
  );
  const data = labelByFunc(texts, (text) => text.startsWith('good'), {
    procX: [new TokenizeProcessor(), new NumericalizeProcessor({ minCount: 1 })],
    procY: new CategoryProcessor<boolean>(),
  });
  t.same(
    [data.train.x.items, data.valid.x.items],
    [
      [
        [2, 1],
        [3, 1],
      ],
      [[2, 0]],
    ],
  );
  t.same(data.valid.y.items, [0]);
  t.throws(() => data.valid.objX(0), { message: /TokenizeProcessor has no way back/ });

  const rows = new ItemList<GappyRow>([[1], [3], [null], [null]]);
  const tables = SplitData.splitByFunc(rows, (_row, index) => index === 3);
  const filled = labelByFunc(tables, () => 0.5, { procX: new FillMissingProcessor() });
  t.same([filled.train.x.items, filled.valid.x.items], [[[1], [3], [2]], [[2]]]);
  t.end();
});

t.test('a test set is carried along, with labels only if they are asked for', async (t) => {
  const withTest = split.withTest(list.new(['/d/test/a/8']));
  const data = labelByFunc(withTest, parentLabeler, { procY: new CategoryProcessor() });
  t.ok(data.test instanceof Paths);
  t.equal(await data.test!.get(0, { seed: 0, epoch: 0 }), '/D/TEST/A/8');
  const withLabels = labelByFunc(withTest, parentLabeler, { procY: new CategoryProcessor(), testLabels: true });
  t.same((withLabels.test as LabeledData).y.items, [1]);
  t.match(inspect(data), /\n {2}Test: Paths \(1 item\)/);
});

t.test('x and y must be equally long, and a labeler that fails names the item', (t) => {
  t.throws(() => new LabeledData(new ItemList([1, 2]), new ItemList([1])), {
    message: /2 labels, one for each item.*1 labels/,
  });
  const failing = (): never => {
    throw new Error('who knows');
  };
  t.throws(() => LabeledData.labelByFunc(new ItemList(['a.jpg']), failing), {
    message: 'a.jpg: labelling it failed: who knows',
  });
  t.end();
});

t.test('a split survives saving, with what its processors have learned', async (t) => {
  const data = labelByFunc(split.withTest(list.new(['/d/test/b/8'])), parentLabeler, {
    procY: new CategoryProcessor({ unknown: '#na#' }),
    testLabels: true,
  });
  const json = JSON.parse(JSON.stringify(data)) as SplitDataJSON;
  t.throws(() => SplitData.fromJSON(json), {
    message: /the saved data has a Paths; pass the class as \{ lists: \[Paths\] \}/,
  });
  const again = SplitData.fromJSON(json, {
    lists: [Paths],
    tfms: list.tfms,
  }) as SplitData<LabeledData>;
  t.equal(inspect(again), inspect(data));
  t.ok(again.train.x instanceof Paths);
  t.same(await again.train.get(0), ['/D/TRAIN/B/1', 1], 'labels are not processed a second time');
  t.equal(again.train.procY[0], again.valid.procY[0], 'the sets still share one processor');
  t.equal(again.valid.objY(0), 'a');
  t.same(again.vocab, data.vocab);
  t.same(again.leftOut, ['/d/extra/a/6']);
  t.equal((again.test as LabeledData).objY(0), 'b');

  const unlabelled = SplitData.fromJSON(JSON.parse(JSON.stringify(split)) as SplitDataJSON, { lists: [Paths] });
  t.equal(unlabelled.valid.length, 2);
  const single = LabeledData.fromJSON(JSON.parse(JSON.stringify(data.train)) as LabeledDataJSON, {
    lists: [Paths],
  });
  t.equal(single.objY(0), 'b');
});

t.test('a processor of the user is loaded by the class that the user gives', (t) => {
  class Length extends Processor<string, number> {
    proc1(item: string): number {
      return item.length;
    }
  }
  const data = new LabeledData(new ItemList(['a', 'bb']), new ItemList([0, 1]), new Length());
  const json = JSON.parse(JSON.stringify(data)) as LabeledDataJSON;
  t.throws(() => LabeledData.fromJSON(json), {
    message: /has a Length; pass the class as \{ processors: \[Length\] \}/,
  });
  const again = LabeledData.fromJSON(json, { processors: [Length] });
  t.same(again.x.items, [1, 2]);
  t.ok(again.procX[0] instanceof Length);
  t.end();
});
