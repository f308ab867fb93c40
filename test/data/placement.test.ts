import t from 'tap';
import { inspect } from 'node:util';
import { DataLoader, ItemList, LabeledData, SplitData, StreamLoader, labelByFunc } from '../../lib/data/index.js';
import { callOperator, isCudaAvailable, tensor, type Tensor } from '../../lib/tensor/index.js';
import { warningsOf } from '../warnings.js';

const numbers = (): ItemList<number, Tensor> => new ItemList([1, 2, 3, 4, 5], 'numbers', (x: number) => tensor([x]));
const labelled = (): LabeledData<Tensor> => LabeledData.labelByFunc(numbers(), (x) => x % 2);
const stream = {
  async *samples(): AsyncGenerator<{ name: string; index: number }> {
    for (let index = 0; index < 5; index += 1) yield { name: `${index}`, index };
  },
};

/** Loaders of every kind by the same setting. */
const loaders = (pinMemory?: boolean): Record<string, AsyncIterable<Tensor[]> & { pinMemory: boolean }> => {
  const options = { batchSize: 2, pinMemory };
  const [x, y] = [({ index }: { index: number }) => index, ({ name }: { name: string }) => Number(name)];
  const split = SplitData.splitByFunc(numbers(), (item) => item > 4);
  return {
    batches: new DataLoader(labelled(), options),
    samples: new DataLoader({ length: 5, get: (index) => [index, 2 * index] }, options),
    collated: new DataLoader(labelled(), { ...options, collate: (samples) => [tensor([samples.length])] }),
    stream: new StreamLoader(stream, { x, y, ...options }),
    'collated stream': new StreamLoader(stream, { x, ...options, collate: (all) => [tensor(all as number[])] }),
    bunch: labelByFunc(split, (item) => item).toDatabunch(2, { pinMemory }).trainDl,
  };
};

async function partsOf(loader: AsyncIterable<Tensor[]>): Promise<Tensor[]> {
  const parts: Tensor[] = [];
  for await (const batch of loader) parts.push(...batch);
  return parts;
}

t.test('pinMemory changes no value, and is off by default', async (t) => {
  const plain = loaders();
  const asked = loaders(true);
  for (const [name, loader] of Object.entries(plain)) {
    t.equal(loader.pinMemory, false, name);
    const wanted = await partsOf(loader);
    const parts = await partsOf(asked[name]!);
    t.same(
      parts.map((part) => [part.dtype, part.device, part.toList()]),
      wanted.map((part) => [part.dtype, part.device, part.toList()]),
      name,
    );
  }
  t.throws(() => new DataLoader(labelled(), { pinMemory: 1 as never }), { message: /`pinMemory`/ });
  t.throws(() => new StreamLoader(stream, { x: () => 1, pinMemory: 'yes' as never }), { message: /`pinMemory`/ });
});

t.test(
  'without a CUDA device a warning says that it does nothing',
  { skip: isCudaAvailable() && 'there is a CUDA device' },
  async (t) => {
    const made: DataLoader[] = [];
    const warnings = await warningsOf(() => made.push(new DataLoader(labelled(), { pinMemory: true })));
    t.match(warnings, [{ code: 'TENCH_NO_CUDA', message: /^pinMemory: there is no CUDA device here/ }]);
    t.equal(made[0]!.pinMemory, false);
    t.notMatch(inspect(made[0]), 'pinMemory');
    const ofBunch = await warningsOf(() => {
      const split = SplitData.splitByFunc(numbers(), (item) => item > 4);
      labelByFunc(split, (item) => item).toDatabunch(2, { pinMemory: true });
    });
    t.equal(ofBunch.length, 1, 'once for all loaders of a bunch');
    t.same(await warningsOf(() => new DataLoader(labelled(), { pinMemory: false })), []);
  },
);

t.test(
  'with one, all parts of a batch lie in page-locked memory',
  { skip: !isCudaAvailable() && 'there is no CUDA device' },
  async (t) => {
    for (const [name, loader] of Object.entries(loaders(true))) {
      t.equal(loader.pinMemory, true, name);
      for (const part of await partsOf(loader)) t.ok(callOperator('aten::is_pinned', [part]), name);
    }
    const there = new DataLoader(labelled(), { batchSize: 2, pinMemory: true, device: 'cuda' });
    t.match(inspect(there), 'pinMemory: true');
    const here = await partsOf(loaders().batches!);
    const moved = await partsOf(there);
    t.same(
      moved.map((part) => part.to('cpu').toList()),
      here.map((part) => part.toList()),
    );
  },
);
