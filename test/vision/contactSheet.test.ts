/** Contact sheets: the pixels that were given are the pixels that stand there, in PNG and in HTML, with the words below them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import t from 'tap';

import { arange, full, ones, tensor, type Tensor } from '../../lib/tensor/index.js';
import {
  BatchAugment,
  BatchBrightness,
  BatchFlip,
  ContactSheet,
  Image,
  batchSheet,
  imagenetteStats,
  normalizeChan,
  toByteTensor,
  toImage,
} from '../../lib/vision/index.js';

const drawn = (): Image =>
  new Image({ width: 3, height: 2, channels: 3, data: Uint8Array.from({ length: 18 }, (_, i) => i * 14) });

/** The pixels of a part of a PNG. */
async function pixels(
  png: Uint8Array,
  left: number,
  top: number,
  [width, height]: readonly number[],
): Promise<number[]> {
  const part = sharp(png).extract({ left, top, width: width!, height: height! }).removeAlpha();
  return [...(await part.raw().toBuffer())];
}

t.test('a tensor becomes the image that it was made of', (t) => {
  const image = drawn();
  const bytes = toByteTensor(image);
  t.strictSame([...toImage(bytes).data], [...image.data]);
  const floats = bytes.to('float32').div(255);
  t.strictSame([...toImage(floats).data], [...image.data]);
  const { mean, std } = imagenetteStats;
  t.strictSame([...toImage(normalizeChan(bytes, mean, std), imagenetteStats).data], [...image.data], 'denormalised');
  t.strictSame(
    [...toImage(tensor([[[-1, 0.5, 2, Number.NaN]]])).data],
    [0, 128, 255, 0],
    'what lies outside is cut off',
  );
  t.match(toImage(ones([1, 2, 4])), { width: 4, height: 2, channels: 1 });
  t.throws(() => toImage(ones([2, 2, 4])), { message: /shape \[1 or 3, height, width\]/ });
  t.throws(() => toImage(floats, { mean: [1, 2] }), { message: /3 channels/ });
  t.end();
});

t.test('PNG: panels from left to right, rows from top to bottom, captions below', async (t) => {
  const image = drawn();
  const grey = full([1, 2, 3], 0.2);
  const sheet = new ContactSheet([[{ caption: 'A', image }, { caption: 'B', image, zoom: 2 }], [{ caption: '', image: grey }]]); // prettier-ignore
  const png = await sheet.png();
  t.strictSame(await pixels(png, 16, 16, image.size), [...image.data]);
  // A letter is wider than the picture above it.
  const letter = 9;
  t.strictSame(
    await pixels(png, 16 + letter + 16, 16, [2, 1]),
    [0, 14, 28, 0, 14, 28],
    'twice as large, its pixels whole',
  );
  t.strictSame(await pixels(png, 16, 16 + 4 + 26 + 16, [3, 2]), new Array(18).fill(51));
  const caption = await pixels(png, 16, 16 + 2 + 2, [12, 22]);
  t.ok(
    caption.some((value) => value < 120),
    'there is ink below a picture',
  );
  const below = await pixels(png, 16, 62 + 2 + 2, [3, 20]);
  t.ok(
    below.every((value) => value === 255),
    'and none where there is no caption',
  );
});

t.test('HTML: one file with the pictures inside and its words escaped', async (t) => {
  const image = drawn();
  const folder = t.testdir();
  const sheet = new ContactSheet([[{ caption: '<b> & "c"', image }]], { title: 'A <title>' });
  const path = join(folder, 'sheet.html');
  await sheet.save(path);
  const html = readFileSync(path, 'utf8');
  t.match(html, /<h1>A &#60;title&#62;<\/h1>/);
  t.match(html, /<figcaption>&#60;b&#62; &#38; &#34;c&#34;<\/figcaption>/);
  t.notMatch(html, /src="(?!data:)/, 'nothing is fetched');
  const [, encoded] = /src="data:image\/png;base64,([^"]+)"/.exec(html)!;
  t.strictSame(await pixels(Buffer.from(encoded!, 'base64'), 0, 0, image.size), [...image.data]);
  await sheet.save(join(folder, 'sheet.PNG'));
  t.equal((await sharp(join(folder, 'sheet.PNG')).metadata()).format, 'png');
  await t.rejects(sheet.save(join(folder, 'sheet.gif')), { message: /\.png, \.html or \.txt/ });
  await t.rejects(sheet.save(join(folder, 'none', 'sheet.png')), { code: 'ERR_TENCH_WRITE' });
});

const plain = (): Tensor => arange(0, 12, { dtype: 'uint8' }).mul(20).reshape([1, 3, 4]);

t.test('augment.show: the original, and what the next epochs would make of it', async (t) => {
  const augment = new BatchAugment([new BatchFlip({ p: 0.5 })], { mean: [0.5], std: [0.25] });
  const png = await augment.show(plain(), 5).png();
  // Words take more room than the pictures: of `original`, then of `version 1` and so on.
  const leftOf = (i: number): number => (i === 0 ? 16 : 16 + 68 + 16 + (i - 1) * (76 + 16));
  const seen = [];
  for (let i = 0; i < 6; i++) seen.push((await pixels(png, leftOf(i), 16, [4, 1])).filter((_, k) => k % 3 === 0));
  t.strictSame(seen[0], [0, 20, 40, 60]);
  for (let epoch = 0; epoch < 5; epoch++) {
    const made = augment.apply(plain().unsqueeze(0), { epoch }).mul(0.25).add(0.5).mul(255).round();
    t.strictSame(seen[epoch + 1], Array.from(made.get(0, 0, 0).toTypedArray(), Number), `version ${epoch + 1}`);
  }
  t.equal(new Set(seen.map(String)).size, 2, 'flipped or not');
  t.strictSame(
    augment.show(plain().unsqueeze(0).expand([3, 1, 3, 4]), 2).counts,
    [3, 3, 3],
    'a batch has a row for each',
  );
});

t.test('the items of showBatch before and after, with their labels', async (t) => {
  const x = drawn();
  const items = [{ name: 'a', index: 0, x, y: 'tench' }, { name: 'b', index: 1, x, y: undefined }]; // prettier-ignore
  const augment = new BatchAugment([new BatchBrightness({ p: 1, range: [0.2, 0.2] })], imagenetteStats);
  const sheet = batchSheet(items, { augment, zoom: 1 });
  t.strictSame(sheet.counts, [2, 2]);
  const html = await sheet.html();
  t.strictSame(
    [...html.matchAll(/<figcaption>(.*?)</g)].map(([, caption]) => caption),
    ['A batch before and after augmentation', 'tench', 'b', 'tench', 'b'],
  );
  const png = await sheet.png();
  t.strictSame(await pixels(png, 16, 16, x.size), [...x.data]);
  const after = await pixels(png, 16, 16 + 2 + 26 + 16, x.size);
  t.ok(
    after.every((value, i) => (i === 0 ? value === 0 : value < x.data[i]!)),
    'darker',
  );
  t.throws(() => batchSheet([{ name: 'a', index: 0, x: 'text', y: 1 }]), { message: /Image or a tensor/ });
});

t.test('long captions are broken between words, and their lines push the next row down', async (t) => {
  const image = new Image({ width: 40, height: 2, channels: 1, data: new Uint8Array(80).fill(7) });
  const row = [{ caption: 'one two three four five\nsix', image }];
  const png = await new ContactSheet([row, row]).png();
  const { width, height } = await sharp(png).metadata();
  t.equal(width, 16 + 150 + 16, 'words are at most so wide, where the picture is smaller');
  t.equal(height, 16 + 2 * (2 + 8 + 3 * 18 + 16));
  t.strictSame(await pixels(png, 16, 16 + 2 + 8 + 3 * 18 + 16, [1, 1]), [7, 7, 7]);
});

t.test('on the dark a sheet is dark, and what is wrong has its colour', async (t) => {
  const image = drawn();
  const png = await new ContactSheet([[{ caption: 'MMMM', image, tone: 'wrong' }]]).png({ theme: 'dark' });
  t.strictSame(await pixels(png, 0, 0, [1, 1]), [0x0f, 0x13, 0x17]);
  const words = await pixels(png, 16, 16 + 2 + 4, [36, 18]);
  const reds = words.filter((_, i) => i % 3 === 0);
  t.ok(Math.max(...reds) > 200, 'red letters');
});

t.test('in a terminal: half blocks in colour, or shades, and never wider than it was told', (t) => {
  const data = Uint8Array.from({ length: 48 }, (_, i) => (i < 24 ? 255 : 0));
  const image = new Image({ width: 4, height: 4, channels: 3, data });
  const panel = { caption: 'half \u001b[2J white\nnot black', image };
  const sheet = new ContactSheet([[panel, panel, panel]], { title: 'Sheet' });
  const lines = sheet.terminal({ width: 40, colours: false }).split('\n');
  t.strictSame(lines.slice(0, 3), ['Sheet', '', `${'@'.repeat(12)}  ${'@'.repeat(12)}  ${'@'.repeat(12)}`]);
  t.equal(lines[7]?.trim(), '', 'the lower half is black');
  t.match(lines[8], /^half {2}\[2J w/, 'no control code of a caption is handed on');
  t.match(lines[9], /^not black/);
  for (let width = 1; width < 60; width += 1)
    for (const line of sheet.terminal({ width, colours: false }).split('\n'))
      if (Array.from(line).length > width) t.fail(`${line} is wider than ${width}`);
  const coloured = sheet.terminal({ width: 12, colours: true });
  t.match(coloured, '\u001b[38;2;255;255;255;48;2;255;255;255m▀▀');
  t.match(coloured, '\u001b[38;2;0;0;0;48;2;0;0;0m▀▀');
  t.end();
});
