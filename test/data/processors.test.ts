import t from 'tap';
import { inspect } from 'node:util';
import { CategoryProcessor, UnseenLabelError } from '../../lib/data/categoryProcessor.js';
import { NumberFieldsProcessor, PickProcessor, fieldLabeler } from '../../lib/data/fields.js';
import { FillMissingProcessor } from '../../lib/data/fillMissing.js';
import { MultiCategoryProcessor } from '../../lib/data/multiCategoryProcessor.js';
import { Processor, deprocessOne, processAll, processorList } from '../../lib/data/processors.js';
import { NumericalizeProcessor, TokenizeProcessor } from '../../lib/data/text.js';

/** The state and options after a way through text, as a file would hold them. */
const throughText = <J>(value: J): J => JSON.parse(JSON.stringify(value)) as J;

t.test('a processor of the user needs few lines, and all go through one protocol', (t) => {
  class Centre extends Processor<number, number, number> {
    protected override learn(items: readonly number[]): number {
      return items.reduce((a, b) => a + b, 0) / items.length;
    }
    proc1(item: number): number {
      return item - this.state;
    }
    override deproc1(item: number): number {
      return item + this.state;
    }
  }
  const centre = new Centre();
  t.equal(centre.isReady, false);
  t.throws(() => centre.deprocess([0]), { message: /Centre has not learned anything yet/ });
  t.throws(() => centre.proc1(1), { code: 'ERR_TENCH_PROCESSOR' });
  t.same(centre.process([1, 2, 3]), [-1, 0, 1]);
  t.same(centre.process([10]), [8], 'what comes later is processed with what the first items said');
  t.same(centre.deprocess([-1, 8]), [1, 10]);
  const again = Centre.fromJSON(throughText(centre.toJSON()));
  t.ok(again instanceof Centre);
  t.same(again.process([10]), [8], 'a loaded one does not learn again');
  t.notOk(Centre.fromJSON(throughText(new Centre().toJSON())).isReady, 'nothing learned is loaded as nothing learned');

  class Half extends Processor<number, number> {
    proc1(item: number): number {
      return item / 2;
    }
  }
  const half = new Half();
  t.same(processAll([1, 3], processorList([new Centre(), half])), [-0.5, 0.5], 'several run one after another');
  t.throws(() => half.deproc1(1), { message: /Half has no way back/ });
  const centred = new Centre();
  centred.process([4]);
  t.equal(deprocessOne(-1, [new Centre(), centred].slice(1)), 3);
  t.throws(() => processorList(((x: number) => x) as never), { message: /subclass of Processor/ });
  t.end();
});

t.test('CategoryProcessor numbers labels in the order of their first appearance', (t) => {
  const category = new CategoryProcessor();
  t.equal(category.vocab, null);
  t.throws(() => category.deprocess([0]), { message: /has not learned anything yet/ });
  t.throws(() => category.deprocess([]), { code: 'ERR_TENCH_PROCESSOR' }, 'also for nothing');
  t.same(category.process(['tench', 'church', 'tench', 'apple']), [0, 1, 0, 2]);
  t.same(category.vocab, ['tench', 'church', 'apple'], 'not sorted');
  t.same(category.process(['apple', 'church']), [2, 1], 'later sets use the same numbers');
  t.same(category.deprocess([2, 0]), ['apple', 'tench']);
  t.equal(category.proc1('church'), 1);
  t.equal(category.deproc1(1), 'church');
  for (const bad of [3, -1, 0.5]) t.throws(() => category.deproc1(bad), { message: /whole number from 0 to 2/ });
  t.match(inspect(category), /CategoryProcessor \(3 labels: tench, church, apple\)/);
  t.match(inspect(new CategoryProcessor()), /nothing learned yet/);
  t.end();
});

t.test('an unseen label names itself, its file and the vocabulary', (t) => {
  const category = new CategoryProcessor();
  category.process(['tench', 'church']);
  const error = t.throws(() =>
    category.process(['tench', 'whale'], (index) => `/data/${index}.jpg`),
  ) as unknown as Error & { cause: UnseenLabelError; code: string };
  t.match(error.message, /^\/data\/1\.jpg: the label "whale" is not in the vocabulary of 2 \("tench", "church"\)/);
  t.match(error.message, /unknown: '#na#'/, 'and says what can be done');
  t.equal(error.code, 'ERR_TENCH_LABEL');
  t.ok(error.cause instanceof UnseenLabelError);
  t.equal(error.cause.label, 'whale');
  t.same(error.cause.vocab, ['tench', 'church']);
  t.throws(() => category.proc1('toString'), UnseenLabelError, 'names that every object has are no labels');
  t.end();
});

t.test('unknown labels can have a class of their own', (t) => {
  const category = new CategoryProcessor({ unknown: '#na#' });
  t.same(category.process(['a', 'b', 'a']), [1, 2, 1]);
  t.same(category.vocab, ['#na#', 'a', 'b']);
  t.same(category.process(['b', 'never seen']), [2, 0]);
  t.same(category.deprocess([0]), ['#na#']);
  t.end();
});

t.test('minCount groups rare labels under the unknown class', (t) => {
  const category = new CategoryProcessor({ minCount: 2 });
  t.same(category.process(['a', 'rare', 'b', 'a', 'b', 'odd']), [1, 0, 2, 1, 2, 0]);
  t.same(category.vocab, ['#na#', 'a', 'b']);
  t.same(new CategoryProcessor({ minCount: 3, unknown: 'other' }).process(['a', 'a', 'a', 'b']), [1, 1, 1, 0]);
  t.throws(() => new CategoryProcessor({ minCount: 0 }), { message: /`minCount`/ });
  t.end();
});

t.test('a vocabulary can be given, and labels need not be texts', (t) => {
  t.same(new CategoryProcessor({ vocab: ['x', 'y'] }).process(['y', 'y']), [1, 1]);
  t.throws(() => new CategoryProcessor({ vocab: ['x', 'x'] }), { message: /different labels/ });
  t.same(new CategoryProcessor<number>().process([7, 3, 7]), [0, 1, 0]);
  t.same(new CategoryProcessor<boolean>().process([true, false]), [0, 1]);
  t.end();
});

t.test('CategoryProcessor survives saving', (t) => {
  const category = new CategoryProcessor({ minCount: 2 });
  category.process(['a', 'a', 'b']);
  const again = CategoryProcessor.fromJSON(throughText(category.toJSON())) as CategoryProcessor;
  t.same(again.vocab, ['#na#', 'a']);
  t.same(again.process(['b', 'a', 'z']), [0, 1, 0]);
  t.end();
});

t.test('FillMissing fills gaps with what training says', (t) => {
  const fill = new FillMissingProcessor();
  const rows = (filled: readonly Float32Array[]): number[][] => filled.map((row) => Array.from(row));
  t.same(
    rows(
      fill.process([
        [1, null],
        [NaN, 10],
        [3, 20],
        [100, undefined],
      ]),
    ),
    [
      [1, 15],
      [3, 10],
      [3, 20],
      [100, 15],
    ],
    'the median: of odd many the middle one, of even many the mean of two',
  );
  t.same(rows(fill.process([[null, null]])), [[3, 15]], 'valid gets the medians of train, not its own');
  t.same(rows(new FillMissingProcessor({ fill: 'mean' }).process([[1], [null], [5]])), [[1], [3], [5]]);
  t.same(rows(new FillMissingProcessor({ fill: -1, addFlags: true }).process([[1, null]])), [[1, -1, 0, 1]]);
  t.throws(() => fill.process([[1]]), { message: /2 numbers or gaps/ });
  t.throws(() => new FillMissingProcessor().process([[null]]), { message: /column 0 has no value/ });
  const again = FillMissingProcessor.fromJSON(throughText(fill.toJSON()));
  t.same(rows(again.process([[null, 1]])), [[3, 1]]);
  t.end();
});

t.test('texts become tokens, and tokens numbers', (t) => {
  const tokenize = new TokenizeProcessor();
  const numericalize = new NumericalizeProcessor({ minCount: 2 });
  t.same(tokenize.proc1("Don't panic, Zoë!"), ["don't", 'panic', ',', 'zoë', '!']);
  t.same(new TokenizeProcessor({ lowerCase: false }).proc1('A b'), ['A', 'b']);
  const both = [tokenize, numericalize];
  t.same(processAll(['the cat and the dog', 'the dog'], both), [
    [1, 0, 0, 1, 2],
    [1, 2],
  ]);
  t.same(numericalize.vocab, ['xxunk', 'the', 'dog'], 'the most frequent first, rare ones unknown');
  t.same(processAll(['the whale'], both), [[1, 0]], 'valid is numbered by the vocabulary of train');
  t.same(numericalize.deproc1([2, 0]), ['dog', 'xxunk']);
  t.throws(() => numericalize.deproc1([3]), { code: 'ERR_TENCH_ARGUMENT' });
  const again = NumericalizeProcessor.fromJSON(throughText(numericalize.toJSON()));
  t.same(again.proc1(['dog', 'cat']), [2, 0]);
  const padded = new NumericalizeProcessor({ minCount: 1, padding: 'xxpad' });
  padded.process([['b', 'xxpad', 'a', 'b']]);
  t.same(padded.vocab, ['xxunk', 'xxpad', 'b', 'a'], 'padding has a number of its own');
  t.same(NumericalizeProcessor.fromJSON(throughText(padded.toJSON())).proc1(['xxpad', 'a', 'c']), [1, 3, 0]);
  t.throws(() => new NumericalizeProcessor({ padding: 'xxunk' }), { message: /`padding`/ });
  t.end();
});

t.test('MultiCategoryProcessor makes rows of 0 and 1', (t) => {
  const tags = new MultiCategoryProcessor();
  t.equal(tags.vocab, null);
  t.throws(() => tags.proc1(['sea']), { code: 'ERR_TENCH_PROCESSOR' });
  const rows = (made: readonly Float32Array[]): number[][] => made.map((row) => Array.from(row));
  const made = tags.process([['sea', 'sun'], ['sun', 'sun'], [], ['rock', 'sea']]);
  t.ok(made.every((row) => row instanceof Float32Array));
  t.same(rows(made), [
    [1, 1, 0],
    [0, 1, 0],
    [0, 0, 0],
    [1, 0, 1],
  ]);
  t.same(tags.vocab, ['sea', 'sun', 'rock'], 'in the order of first appearance');
  t.same(tags.deprocess(made), [['sea', 'sun'], ['sun'], [], ['sea', 'rock']]);
  t.same(tags.deproc1([0.7, 0.2, 0.5]), ['sea', 'rock'], 'probabilities, too');
  t.throws(() => tags.deproc1([1]), { message: /3 numbers, one for each label/ });
  t.throws(() => tags.process([['whale']], () => 'a.jpg'), { message: /^a\.jpg: the label "whale" is not in the voc/ });
  t.throws(() => tags.proc1('sea' as never), { message: /`labels`/ });
  t.match(inspect(tags), /MultiCategoryProcessor \(3 labels: sea, sun, rock\)/);

  const again = MultiCategoryProcessor.fromJSON(throughText(tags.toJSON()));
  t.same(rows(again.process([['rock']])), [[0, 0, 1]], 'a loaded one does not learn again');
  const rare = new MultiCategoryProcessor({ minCount: 2 });
  t.same(
    rows(rare.process([['a', 'b'], ['a'], ['b', 'b', 'c']])),
    [
      [0, 1, 1],
      [0, 1, 0],
      [1, 0, 1],
    ],
    'labels of fewer than two items are unknown',
  );
  t.same(rare.vocab, ['#na#', 'a', 'b']);
  t.same(rows(MultiCategoryProcessor.fromJSON(throughText(rare.toJSON())).process([['x', 'a']])), [[1, 1, 0]]);
  const known = new MultiCategoryProcessor({ vocab: ['x', 'y'] });
  t.same(rows(known.process([['y']])), [[0, 1]], 'a vocabulary may be given');
  t.same(MultiCategoryProcessor.fromJSON(throughText(known.toJSON())).vocab, ['x', 'y']);
  t.end();
});

t.test('fields are picked out of rows', (t) => {
  const row = { text: 'a film', age: ' 42 ', fare: '', rooms: 3, half: '-.5e1', odd: '0x10', gone: null };
  t.equal(new PickProcessor({ field: 'text' }).proc1(row), 'a film');
  const numbers = new NumberFieldsProcessor({ fields: ['age', 'fare', 'rooms', 'half', 'gone'] });
  t.same(numbers.process([row]), [[42, null, 3, -5, null]]);
  t.same(NumberFieldsProcessor.fromJSON(throughText(numbers.toJSON())).process([row]), [[42, null, 3, -5, null]]);
  t.same(PickProcessor.fromJSON(throughText(new PickProcessor({ field: 'age' }).toJSON())).process([row]), [' 42 ']);
  const odd = new NumberFieldsProcessor({ fields: ['odd'] });
  t.throws(() => odd.process([row], () => 'row 1'), { message: /^row 1: .*`odd` but received the string "0x10"/ });
  t.same(new NumberFieldsProcessor({ fields: ['odd'], gaps: ['0x10'] }).proc1(row), [null]);
  t.throws(() => new NumberFieldsProcessor({ fields: ['fare'], gaps: ['-'] }).proc1(row), { message: /`fare`/ });
  t.throws(() => new PickProcessor({ field: 'title' }).proc1(row), { message: /no field "title"; it has: text, age/ });
  t.throws(() => new PickProcessor({ field: 'toString' }).proc1(row), { message: /no field "toString"/ });
  t.throws(() => new PickProcessor({ field: 'a' }).proc1(null as never), { message: /`row`/ });
  t.throws(() => new PickProcessor(undefined as never), { message: /PickProcessor/ });
  t.throws(() => new NumberFieldsProcessor({ fields: 'age' as never }), { message: /`fields`/ });
  t.equal(fieldLabeler('text')(row), 'a film');
  t.throws(() => fieldLabeler('title')(row), { message: /no field "title"/ });
  t.end();
});
