/** Texts from a table, from file to verdict: what each part of the data block does there shows in what a model learns. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  CategoryProcessor,
  Generator,
  ItemList,
  NumericalizeProcessor,
  PickProcessor,
  SplitData,
  TokenizeProcessor,
  fieldLabeler,
  groupSplitter,
  kFoldSplitter,
  labelByFunc,
  padCollate,
  readCsv,
  readJsonLines,
  stratifiedSplitter,
  type LabeledData,
  type NumericalizeOptions,
  type Splitter,
  type SplitDataJSON,
} from '../../../lib/data/index.js';
import { Module, Parameter } from '../../../lib/nn/index.js';
import { zeros, type Tensor } from '../../../lib/tensor/index.js';
import { shareRight, train } from './learned.js';

const PADDING = 1;

interface Review extends Record<string, string> {
  text: string;
  label: string;
  author: string;
}

/** Reviews whose verdict is in one or two of their words; the rest, commas, quotes and line ends included, says nothing. */
function reviews(): Review[] {
  const random = new Generator(11);
  const of = (words: string[]): string => words[random.integer(words.length)]!;
  const filler = ['the film', 'a plot', 'I saw it, twice', '"quoted"', 'in\ntwo lines', 'Zoë', 'und so weiter'];
  const verdicts = { good: ['lovely', 'great', 'moving'], bad: ['dull', 'awful', 'a bore'] };
  return Array.from({ length: 160 }, (_, index) => {
    const label = index % 4 === 0 ? 'bad' : 'good';
    const words = Array.from({ length: 2 + random.integer(6) }, () => of(filler));
    words.splice(random.integer(words.length), 0, of(verdicts[label]));
    return { text: words.join(' '), label, author: `author ${index % 23}` };
  });
}

/** A bag of words: what each word says for each class, added up. Padding says nothing. */
class BagOfWords extends Module {
  readonly weight: Parameter;

  constructor(words: number, classes: number) {
    super();
    this.weight = new Parameter(zeros([words, classes]));
  }

  override forward(x: Tensor): Tensor {
    const [batch, length] = x.shape as [number, number];
    const said = this.weight.indexSelect(0, x.flatten()).reshape([batch, length, -1]);
    return said.mul(x.ne(PADDING).unsqueeze(-1)).sum(1);
  }
}

const folder = t.testdir();
const csv = join(folder, 'reviews.csv');
const lines = join(folder, 'reviews.jsonl');
const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
const made = reviews();
writeFileSync(
  csv,
  `\ufefftext,label,author\r\n${made.map(({ text, label, author }) => [quoted(text), label, author].join(',')).join('\r\n')}`,
);
writeFileSync(lines, made.map((review) => JSON.stringify(review)).join('\n'));

function labelled(
  rows: Record<string, string>[],
  splitter: Splitter<Record<string, string>>,
  options: NumericalizeOptions = {},
): SplitData<LabeledData> {
  return labelByFunc(SplitData.splitByFunc(new ItemList(rows, csv), splitter), fieldLabeler('label'), {
    procX: [
      new PickProcessor({ field: 'text' }),
      new TokenizeProcessor(),
      new NumericalizeProcessor({ minCount: 1, padding: 'xxpad', ...options }),
    ],
    procY: new CategoryProcessor(),
  });
}

async function learn(data: SplitData<LabeledData>): Promise<{ right: number; weights: string }> {
  const bunch = data.toDatabunch(16, { collate: padCollate({ padding: PADDING }), seed: 2 });
  const numericalize = data.procX[2] as NumericalizeProcessor;
  const model = new BagOfWords(numericalize.vocab!.length, bunch.cOut!);
  await train(model, bunch, { epochs: 6, lr: 0.1 });
  return { right: await shareRight(model, bunch.validDl), weights: JSON.stringify(model.weight.toList()) };
}

const stratified = stratifiedSplitter<Record<string, string>>(0.25, fieldLabeler('label'), { seed: 1 });

t.test('a table of texts becomes a model that reads', async (t) => {
  const data = labelled(readCsv(csv), stratified);
  t.same(
    [...data.valid.classCounts()].sort(),
    [
      ['bad', 10],
      ['good', 30],
    ],
    'both sets have the labels in equal shares',
  );
  const learned = await learn(data);
  t.ok(learned.right >= 0.95, `${learned.right} of the verdicts are right`);
  t.same(await learn(labelled(readJsonLines(lines), stratified)), learned, 'JSON lines are the same to the bit');

  const json = JSON.parse(JSON.stringify(data)) as SplitDataJSON;
  const revived = SplitData.fromJSON(json) as SplitData<LabeledData>;
  t.same(await learn(revived), learned, 'and so is what was saved and loaded');

  const [first] = await data.toDatabunch(16, { seed: 2 }).showBatch({ count: 3 });
  t.ok(Array.isArray(first!.x) && (first!.x as unknown[]).every((word) => typeof word === 'string'), 'words are shown');
  t.match(first!.y, /^(good|bad)$/);
});

t.test('what the parts are set to changes what is learned', async (t) => {
  const rows = readCsv(csv);
  const by = { labelOf: fieldLabeler('label'), groupOf: fieldLabeler('author') };
  const variants: Record<string, SplitData<LabeledData>> = {
    stratified: labelled(rows, stratified),
    'another seed': labelled(rows, stratifiedSplitter(0.25, by.labelOf, { seed: 2 })),
    groups: labelled(rows, groupSplitter(0.25, by.groupOf)),
    'fold 0': labelled(rows, kFoldSplitter(4, 0)),
    'fold 1': labelled(rows, kFoldSplitter(4, 1)),
    'stratified fold': labelled(rows, kFoldSplitter(4, 0, { labelOf: by.labelOf })),
    'fold of groups': labelled(rows, kFoldSplitter(4, 0, { groupOf: by.groupOf })),
    'few words': labelled(rows, stratified, { maxVocab: 6 }),
  };
  const learned = new Map<string, string>();
  for (const [name, data] of Object.entries(variants)) {
    const { right, weights } = await learn(data);
    t.notOk([...learned.values()].includes(weights), `${name}: another model (${right})`);
    learned.set(name, weights);
  }
  t.ok((await learn(variants['few words']!)).right < 0.9, 'of six words nobody can tell');
  const split = SplitData.splitByFunc(new ItemList(rows), groupSplitter(0.25, by.groupOf));
  const validAuthors = new Set(split.valid.items.map(by.groupOf));
  t.notOk(
    split.train.items.some((row) => validAuthors.has(by.groupOf(row))),
    'no author is on both sides',
  );
});
