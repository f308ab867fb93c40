import t from 'tap';
import { inspect } from 'node:util';
import { ItemList, type ItemListJSON } from '../../lib/data/itemList.js';
import type { TransformContext } from '../../lib/data/compose.js';
import { type Tensor, tensor } from '../../lib/tensor/index.js';

class Squares extends ItemList<number, number> {
  opened = 0;
  override open(item: number): number {
    this.opened += 1;
    return item * item;
  }
}

t.test('at gives the item, get opens and transforms it', async (t) => {
  const list = new Squares([1, 2, 3], '/numbers', (x: number) => x + 0.5);
  t.equal(list.at(2), 3);
  t.equal(await list.get(2), 9.5);
  t.equal(await list.get(-3), 1.5);
  t.same(await list.get([0, 2]), [1.5, 9.5], 'a list of positions gives a list of transformed items');
  t.same(await list.get({ start: 1 }), [4.5, 9.5]);
  t.same(await list.get([true, false, false]), [1.5]);
  await t.rejects(list.get(3), { message: /position in a list of 3/ });
});

t.test('transforms run on every get, in their order, and may be asynchronous', async (t) => {
  let calls = 0;
  const first = (x: string): string => `${x}${(calls += 1)}`;
  const later = Object.assign(async (x: string): Promise<string> => Promise.resolve(`(${x})`), { order: 10 });
  const list = new ItemList<string, string>(['a', 'b'], '.', [later, null, first]);
  t.equal(await list.get(0), '(a1)');
  t.equal(await list.get(0), '(a2)', 'nothing is kept');
});

t.test('new keeps class, path and transforms', async (t) => {
  const list = new Squares([1, 2], '/numbers', (x: number) => x + 1);
  const other = list.new([5]);
  t.ok(other instanceof Squares);
  t.equal(other.path, '/numbers');
  t.equal(await other.get(0), 26);
  const plain = list.new<number, number, ItemList<number, number>>([5], ItemList);
  t.notOk(plain instanceof Squares);
  t.equal(plain.path, '/numbers');
  t.equal(await plain.get(0), 6, 'another class opens in its own way and keeps the transforms');
});

t.test('what a transform draws hangs on seed, epoch, item and its place', async (t) => {
  const draw = (x: number[], context: TransformContext): number[] => [...x, context.random.random()];
  const list = new ItemList<number[], number[]>([[], [], []], '.', [
    draw,
    (x: number[], { random }: TransformContext) => [...x, random.random()],
  ]);
  const at = async (index: number, seed: number, epoch: number): Promise<number[]> => list.get(index, { seed, epoch });
  const reference = await at(1, 3, 0);
  t.not(reference[0], reference[1], 'each transform has its own stream');
  await at(0, 3, 0);
  t.same(await at(1, 3, 0), reference, 'whatever was drawn before');
  for (const other of [await at(0, 3, 0), await at(1, 4, 0), await at(1, 3, 1)]) t.notSame(other, reference);
  t.notSame(await list.get(1), await list.get(1), 'without seed and epoch each get draws anew');
  const seen: TransformContext[] = [];
  const watched = new ItemList(['x.png'], '.', (x: string, context: TransformContext) => (seen.push(context), x));
  await watched.get(0, { seed: 0, epoch: 7 });
  t.match(seen[0], { index: 0, epoch: 7, path: 'x.png' });
});

t.test('a failure names the item and the step', async (t) => {
  const broken = (x: string): string => {
    if (x === 'b') throw new RangeError('no b');
    return x;
  };
  const list = new ItemList(['a', 'b', 'c'], '.', [broken]);
  await t.rejects(list.get(1), { message: 'b: broken failed: no b', cause: { name: 'RangeError' } });
  class Unopened extends ItemList<number> {
    override open(): never {
      throw new Error('stuck');
    }
  }
  await t.rejects(new Unopened([4], '/things').get(0), { message: 'item 0 of /things: opening it failed: stuck' });
});

t.test('getBatch gives what get gives, stacked', async (t) => {
  const toTensor = Object.assign((x: number) => tensor([x, x + 1]), { order: 1 });
  const scaled = Object.assign((x: Tensor) => x.mul(10), { order: 2, elementwise: true, calls: 0 });
  const counted = Object.assign((x: Tensor) => ((scaled.calls += 1), scaled(x)), { order: 2, elementwise: true });
  const list = new ItemList<number, Tensor>([1, 2, 3], '.', [counted, toTensor]);
  const [batch] = await list.getBatch([2, 0], { seed: 0, epoch: 0 });
  t.same(batch!.toList(), [
    [30, 40],
    [10, 20],
  ]);
  t.equal(scaled.calls, 1, 'an elementwise transform at the end runs once a batch');
  t.same((await list.get(2)).toList(), [30, 40]);
});

t.test('a transform may make the batch itself, and names reach it', async (t) => {
  const pack = Object.assign((x: number) => tensor([x]), {
    batch: (items: number[], names: readonly string[]): Tensor => {
      t.same(names, ['item 1 of /n', 'item 0 of /n']);
      return tensor(items.map((item) => [item]));
    },
  });
  const list = new ItemList<number, Tensor>([7, 8], '/n', pack);
  t.same((await list.getBatch([1, 0], { seed: 0, epoch: 0 }))[0]!.toList(), [[8], [7]]);
});

t.test('of several failures in a batch the first by position is thrown, and none is left unhandled', async (t) => {
  const wait = async (x: number): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, 5 * (5 - x)));
    if (x > 1) throw new Error(`bad ${x}`);
    return x;
  };
  const list = new ItemList([0, 1, 2, 3, 4], '.', wait);
  await t.rejects(list.getBatch([0, 1, 2, 3, 4], { seed: 0, epoch: 0 }), { message: /bad 2/ });
});

t.test('of heavy items only so many are open at once', async (t) => {
  let open = 0;
  let most = 0;
  class Heavy extends ItemList<number> {
    protected override weigh(megabytes: number): number {
      return megabytes * 2 ** 20;
    }
    override async open(item: number): Promise<number> {
      open += item;
      most = Math.max(most, open);
      await new Promise(setImmediate);
      open -= item;
      return item;
    }
  }
  const weights = Array.from({ length: 30 }, (_, i) => 5 + (i % 7) * 3);
  const [batch] = await new Heavy(weights).getBatch([...weights.keys()], { seed: 0, epoch: 0 });
  t.same(batch!.toList(), weights, 'the order is kept');
  t.ok(most > 40 && most <= 64, `at most ${most} MiB of 64 were open at once`);
  await t.resolves(
    new Heavy([5000]).getBatch([0], { seed: 0, epoch: 0 }),
    'one that is too large for that is opened alone',
  );
});

t.test('it saves and loads its items and path; transforms are given again', async (t) => {
  const list = new Squares([3], '/numbers', (x: number) => x + 1);
  const again = Squares.fromJSON(
    JSON.parse(JSON.stringify(list)) as ReturnType<Squares['toJSON']>,
    (x: number) => x + 2,
  );
  t.ok(again instanceof Squares);
  t.same([again.path, again.items], ['/numbers', [3]]);
  t.equal(await again.get(0), 11);
});

t.test('it prints count, items, path and transforms', (t) => {
  t.equal(inspect(new Squares([1, 2], '/numbers')), 'Squares (2 items)\n[1, 2]\nPath: /numbers');
  const described = Object.assign((x: number) => x, { describe: () => ({ name: 'Same', times: 1 }) });
  t.match(inspect(new Squares([1], '.', described)), /\nTransforms: Same\(times: 1\)$/);
  const paths = Array.from({ length: 11 }, (_, i) => `/data/imagenette2-224/train/n01440764/${i}.JPEG`);
  t.match(
    inspect(new ItemList(paths)),
    /\(11 items\)\n\['\/data.*0\.JPEG',\n '\/data[^]*9\.JPEG',\n \.\.\.\]\nPath: \.$/,
    'long items stand on lines of their own',
  );
  t.end();
});

t.test('typed arrays in items survive JSON to the last bit', (t) => {
  const items = [
    new Float32Array([0.1, NaN, -0, Infinity]),
    new BigInt64Array([2n ** 62n]),
    new Float64Array(new Float64Array([9, Math.PI, 8]).buffer, 8, 1),
    Buffer.from('bytes'),
    { row: new Int16Array([-3]), name: 'x', list: [1, [new Uint8Array(0)]] },
    [1, 2],
    'text',
    null,
  ];
  const json = JSON.stringify(new ItemList<unknown>(items));
  const again = ItemList.fromJSON<ItemList>(JSON.parse(json) as ItemListJSON);
  t.strictSame(again.items, [...items.slice(0, 3), new Uint8Array(Buffer.from('bytes')), ...items.slice(4)]);
  t.ok(Object.is((again.items[0] as Float32Array)[2], -0));
  t.throws(() => new ItemList([new DataView(new ArrayBuffer(2))]).toJSON(), { message: /a DataView cannot be saved/ });
  const broken = { kind: 'ItemList', path: '.', items: [{ typedArray: 'constructor', base64: '' }] };
  t.throws(() => ItemList.fromJSON(broken), { message: /a constructor, which is no typed array/ });
  t.end();
});
