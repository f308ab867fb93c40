import t from 'tap';
import { ItemList } from '../../lib/data/itemList.js';
import { DataLoader } from '../../lib/data/loader.js';
import { padCollate, type PadOptions } from '../../lib/data/padCollate.js';
import { SplitData, labelByFunc } from '../../lib/data/splitData.js';
import { MultiCategoryProcessor } from '../../lib/data/multiCategoryProcessor.js';

const texts = [[5, 6, 7], [8], [], [9, 10]];

async function batchOf(items: readonly unknown[], options: PadOptions = {}): Promise<{ list: unknown; dtype: string }> {
  const loader = new DataLoader(new ItemList(items), { batchSize: 8, collate: padCollate(options) });
  const [xb] = await loader.oneBatch();
  return { list: xb!.toList(), dtype: xb!.dtype };
}

t.test('short sequences are filled up to the longest of their batch', async (t) => {
  t.same(await batchOf(texts), {
    list: [
      [5, 6, 7],
      [8, 0, 0],
      [0, 0, 0],
      [9, 10, 0],
    ],
    dtype: 'int64',
  });
  t.same((await batchOf(texts, { padding: 1, side: 'start' })).list, [
    [5, 6, 7],
    [1, 1, 8],
    [1, 1, 1],
    [1, 9, 10],
  ]);
  t.same((await batchOf(texts, { maxLength: 2 })).list, [
    [5, 6],
    [8, 0],
    [0, 0],
    [9, 10],
  ]);
  t.same((await batchOf(texts, { maxLength: 2, side: 'start' })).list, [
    [6, 7],
    [0, 8],
    [0, 0],
    [9, 10],
  ]);
  t.same((await batchOf(texts.slice(0, 2), { multipleOf: 4 })).list, [
    [5, 6, 7, 0],
    [8, 0, 0, 0],
  ]);
  t.same((await batchOf([[]], { multipleOf: 4 })).list, [[]]);
  t.same(await batchOf([[0.5], [1, 2]]), {
    list: [
      [0.5, 0],
      [1, 2],
    ],
    dtype: 'float32',
  });
  t.same(await batchOf([new Uint8Array([3]), new Uint8Array(2)], { padding: 9 }), {
    list: [
      [3, 9],
      [0, 0],
    ],
    dtype: 'uint8',
  });
});

t.test('every batch has its own length, and labels are as they were', async (t) => {
  const split = SplitData.splitByFunc(new ItemList(texts), () => false);
  const tags = [['a'], ['a', 'b'], [], ['b']];
  const data = labelByFunc(split, (_, index) => tags[index]!, { procY: new MultiCategoryProcessor() });
  const loader = new DataLoader(data.train, { batchSize: 2, collate: padCollate() });
  const seen: unknown[] = [];
  for await (const [xb, yb] of loader) seen.push([xb!.toList(), yb!.toList(), yb!.dtype]);
  t.same(seen, [
    [
      [
        [5, 6, 7],
        [8, 0, 0],
      ],
      [
        [1, 0],
        [1, 1],
      ],
      'float32',
    ],
    [
      [
        [0, 0],
        [9, 10],
      ],
      [
        [0, 0],
        [0, 1],
      ],
      'float32',
    ],
  ]);
  const both = padCollate({ parts: [0, 1] });
  const [xb, yb] = await both(
    [
      [[1], [2, 3]],
      [[4, 5], []],
    ],
    [],
  );
  t.same(
    [xb!.toList(), yb!.toList()],
    [
      [
        [1, 0],
        [4, 5],
      ],
      [
        [2, 3],
        [0, 0],
      ],
    ],
  );
});

t.test('what is no sequence names its item, bad settings their option', async (t) => {
  await t.rejects(batchOf([[1], 'a text']), { message: /^a text is the string "a text", where padCollate pads/ });
  await t.rejects(batchOf([[1], ['a']]), { message: /^item 1 of \. is / });
  for (const options of [
    { padding: '0' },
    { side: 'left' },
    { maxLength: 0 },
    { multipleOf: 1.5 },
    { parts: 0 },
  ] as unknown as PadOptions[])
    t.throws(() => padCollate(options), { code: 'ERR_TENCH_ARGUMENT', message: Object.keys(options)[0]! });
});
