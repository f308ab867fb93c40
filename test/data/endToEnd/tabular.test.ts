/** A table with gaps and a rare class, from file to model: what fills the gaps and what an epoch visits shows in what is learned. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  CategoryProcessor,
  DistributedSampler,
  FillMissingProcessor,
  Generator,
  ItemList,
  NumberFieldsProcessor,
  RandomSampler,
  SequentialSampler,
  SplitData,
  WeightedSampler,
  fieldLabeler,
  indexSplitter,
  labelByFunc,
  readCsv,
  samplerFromJSON,
  type FillMissingOptions,
  type LabeledData,
  type Sampler,
  type SamplerJSON,
  type SplitDataJSON,
} from '../../../lib/data/index.js';
import { Linear, ReLU, Sequential } from '../../../lib/nn/index.js';
import { manualSeed } from '../../../lib/tensor/index.js';
import { shareRight, train } from './learned.js';

/** Two measures of which the second is missing in every fifth row; one row in ten is ill, and those have high measures mostly. */
function table(file: string): void {
  const random = new Generator(5);
  const rows = Array.from({ length: 300 }, (_, index) => {
    const ill = index % 10 === 0;
    const first = random.normal(ill ? 2 : 0).toFixed(3);
    const second = index % 5 === 2 ? '?' : random.normal(ill ? 2 : 0).toFixed(3);
    return `${index}\t${first}\t${second}\t${ill ? 'ill' : 'well'}`;
  });
  writeFileSync(file, `number\tfirst\tsecond\tstate\n${rows.join('\n')}\n`);
}

const file = join(t.testdir(), 'measures.tsv');
table(file);
const valid = Array.from({ length: 100 }, (_, index) => 3 * index);

function labelled(fill: FillMissingOptions = {}): SplitData<LabeledData> {
  const split = SplitData.splitByFunc(new ItemList(readCsv(file), file), indexSplitter(valid));
  return labelByFunc(split, fieldLabeler('state'), {
    procX: [new NumberFieldsProcessor({ fields: ['first', 'second'] }), new FillMissingProcessor(fill)],
    procY: new CategoryProcessor({ vocab: ['well', 'ill'] }),
  });
}

interface Learned {
  weights: string;
  /** The share of the ill that are found. */
  found: number;
}

async function learn(data: SplitData<LabeledData>, sampler?: Sampler): Promise<Learned> {
  manualSeed(3);
  const bunch = data.toDatabunch(16, { sampler, seed: 4 });
  const columns = (data.train.x.at(0) as Float32Array).length;
  const model = new Sequential(new Linear(columns, 8), new ReLU(), new Linear(8, 2));
  await train(model, bunch, { epochs: 4, lr: 0.02 });
  const found = await shareRight(model, bunch.validDl, (pred, yb) => pred.argmax(1).maskedSelect(yb.eq(1)).eq(1));
  return { weights: JSON.stringify(model.stateDict().get('0.weight')?.toList()), found };
}

t.test('gaps are filled with what training says, and how shows in the model', async (t) => {
  const median = labelled();
  t.equal(median.train.x.at(0) instanceof Float32Array, true);
  const learned = await learn(median);
  t.match(learned.weights, /^\[\[-?\d/);
  t.same(await learn(labelled()), learned, 'the same again');
  const json = JSON.parse(JSON.stringify(median)) as SplitDataJSON;
  t.same(await learn(SplitData.fromJSON(json) as SplitData<LabeledData>), learned, 'after a way through JSON, too');
  for (const fill of [{ fill: 'mean' }, { fill: 9 }, { addFlags: true }] satisfies FillMissingOptions[])
    t.not((await learn(labelled(fill))).weights, learned.weights, JSON.stringify(fill));
});

t.test('a sampler decides what is learned', async (t) => {
  const data = labelled();
  const states = data.train.y.items as number[];
  const weights = WeightedSampler.balanced(states);
  const samplers: Record<string, Sampler> = {
    random: new RandomSampler(),
    sequential: new SequentialSampler(),
    part: new RandomSampler({ numSamples: 100 }),
    weighted: new WeightedSampler(weights),
    'weighted, each once': new WeightedSampler(weights, { replacement: false, numSamples: 60 }),
    'rank 0': new DistributedSampler({ rank: 0, worldSize: 2 }),
    'rank 1': new DistributedSampler({ rank: 1, worldSize: 2 }),
  };
  const learned = new Map<string, Learned>();
  for (const [name, sampler] of Object.entries(samplers)) {
    const one = await learn(data, sampler);
    t.notOk(
      [...learned.values()].some((other) => other.weights === one.weights),
      `${name}: a model of its own`,
    );
    const again = samplerFromJSON(JSON.parse(JSON.stringify(sampler)) as SamplerJSON);
    t.same(await learn(data, again), one, `${name}: the same when it was saved and loaded`);
    learned.set(name, one);
  }
  t.same(await learn(data), learned.get('random'), 'a random one is what training does by itself');
  const [plain, weighted] = [learned.get('random')!.found, learned.get('weighted')!.found];
  t.ok(weighted > plain, `of the ill ${weighted} are found with equal shares of both, ${plain} without`);
});
