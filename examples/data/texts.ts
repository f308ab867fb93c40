/** From a table of texts to a trained model. */

import { writeFileSync } from 'node:fs';
import * as tench from 'tench';

// A table as people have them; the verdict is in one word of each text.
const verdicts = { good: ['lovely', 'great', 'moving'], bad: ['dull', 'awful', 'boring'] };
const rows = Array.from({ length: 120 }, (_, index) => {
  const label = index % 3 === 0 ? 'bad' : 'good';
  return `"I saw it, and it was ${verdicts[label][(index % 7) % 3]!}",${label}`;
});
writeFileSync('reviews.csv', ['text,label', ...rows].join('\n'));

const reviews = new tench.ItemList(tench.readCsv('reviews.csv'), 'reviews.csv');
const label = tench.fieldLabeler('label');
const split = tench.SplitData.splitByFunc(reviews, tench.stratifiedSplitter(0.25, label));
const labelled = tench.labelByFunc(split, label, {
  procX: [
    new tench.PickProcessor({ field: 'text' }),
    new tench.TokenizeProcessor(),
    new tench.NumericalizeProcessor({ padding: 'xxpad' }),
  ],
  procY: new tench.CategoryProcessor(),
});
const sampler = new tench.WeightedSampler(tench.WeightedSampler.balanced(labelled.train.y.items));
const data = labelled.toDatabunch(16, { collate: tench.padCollate({ padding: 1 }), sampler });

for (const { x, y } of await data.showBatch({ count: 2 })) console.log(y, x);

/** Adds up what each word says for each class. */
class BagOfWords extends tench.nn.Module {
  readonly weight: tench.Parameter;

  constructor(words: number, classes: number) {
    super();
    this.weight = new tench.Parameter(tench.zeros([words, classes]));
  }

  override forward(x: tench.Tensor): tench.Tensor {
    return this.weight
      .indexSelect(0, x.flatten())
      .reshape([...x.shape, -1])
      .sum(1);
  }
}

const { vocab } = labelled.procX[2] as tench.NumericalizeProcessor;
const learn = new tench.Learner(new BagOfWords(vocab!.length, data.cOut!), data, {
  optFunc: tench.adamOpt,
  lr: 0.1,
  cbs: [new tench.AvgStatsCallback([tench.accuracy])],
});
await learn.fit(5);

// Splits, vocabularies and what processors have learned are plain data.
writeFileSync('data.json', JSON.stringify(labelled));
