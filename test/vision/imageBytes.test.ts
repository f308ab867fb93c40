import t from 'tap';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { CategoryProcessor, SplitData, getFiles, indexSplitter, labelByFunc } from '../../lib/data/index.js';
import type { ItemListJSON } from '../../lib/data/itemList.js';
import { decodeImage } from '../../lib/vision/decode.js';
import { ImageList } from '../../lib/vision/imageList.js';
import { makeRgb } from '../../lib/vision/transforms/makeRgb.js';
import { ResizeFixed } from '../../lib/vision/transforms/resizeFixed.js';
import { toByteTensor } from '../../lib/vision/transforms/toTensor.js';

// From dist/test/vision back to the folder of the repository.
const goldens = fileURLToPath(new URL('../../../test/goldens/images/', import.meta.url));
const files = getFiles(goldens, { extensions: ['.jpg', '.png'] });
const named = files.map((path) => ({ name: basename(path), bytes: new Uint8Array(readFileSync(path)) }));
const tfms = [makeRgb, new ResizeFixed(8), toByteTensor];

t.test('bytes give the pixels of the file that they are', async (t) => {
  t.ok(files.length > 5);
  for (const [index, path] of files.entries()) {
    const [fromFile, fromBytes] = await Promise.all([decodeImage(path), decodeImage(named[index]!.bytes)]);
    t.same(fromBytes.size, fromFile.size);
    t.ok(Buffer.from(fromFile.data).equals(fromBytes.data), basename(path));
    t.equal(fromBytes.path, undefined);
  }
  t.equal((await decodeImage(named[0]!)).path, named[0]!.name);
});

t.test('a view into a larger buffer is read where it begins', async (t) => {
  const { bytes } = named[0]!;
  const larger = new Uint8Array(bytes.length + 20).fill(7);
  larger.set(bytes, 13);
  const image = await decodeImage(larger.subarray(13, 13 + bytes.length));
  t.same(image.data, (await decodeImage(bytes)).data);
});

t.test('images in memory are split, labelled by their names, batched and saved as files are', async (t) => {
  const list = new ImageList(named, 'memory', tfms);
  const split = SplitData.splitByFunc(list, indexSplitter([0, 1]));
  const data = labelByFunc(split, ({ name }) => name.split('.')[1]!, { procY: new CategoryProcessor() });
  const [xb, yb] = await data.toDatabunch(4).oneBatch();
  t.same([xb!.shape, yb!.shape], [[4, 3, 8, 8], [4]]);
  t.match(inspect(list), new RegExp(`^ImageList \\(${files.length} items\\)`));
  t.ok(inspect(list).length < 3000, 'the bytes are not printed');

  const json = JSON.parse(JSON.stringify(data)) as Parameters<typeof SplitData.fromJSON>[0];
  const revived = SplitData.fromJSON(json, { lists: [ImageList], tfms });
  const [again] = await revived.toDatabunch(4).oneBatch();
  t.same(again!.toList(), xb!.toList());

  const plain = new ImageList(
    named.map(({ bytes }) => bytes),
    'memory',
    tfms,
  );
  const back = ImageList.fromJSON<ImageList<unknown, Uint8Array>>(JSON.parse(JSON.stringify(plain)) as ItemListJSON);
  t.same(back.at(3), named[3]!.bytes);
});

t.test('bytes that are no image name their item and the cause', async (t) => {
  const whole = named.find(({ name }) => name.endsWith('.png'))!.bytes;
  const bad = [new Uint8Array(0), new Uint8Array(9), whole.subarray(0, whole.length >> 1)];
  for (const bytes of bad) {
    await t.rejects(new ImageList([bytes], 'memory').get(0), {
      code: 'ERR_TENCH_IMAGE',
      message: new RegExp(`^item 0 of memory: opening it failed: cannot read the image in ${bytes.length} bytes: `),
    });
  }
  await t.rejects(new ImageList([{ name: 'a.png', bytes: bad[1]! }]).get(0), {
    message: /^cannot read the image a\.png: it is of no image format/,
  });
  for (const source of [null, 3, {}, { name: 'a', bytes: [1] }, new ArrayBuffer(3)])
    await t.rejects(decodeImage(source as never), { code: 'ERR_TENCH_ARGUMENT', message: /`source`/ });
});
