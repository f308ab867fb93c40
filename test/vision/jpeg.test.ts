import t from 'tap';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type JpegOptions } from 'sharp';
import { decodeImage } from '../../lib/vision/decode.js';
import type { Image } from '../../lib/vision/image.js';
import { imageReaders } from '../../lib/vision/nativeImages.js';
import { decodeWithSharp } from '../../lib/vision/sharpDecoder.js';
import { makeRgb } from '../../lib/vision/transforms/makeRgb.js';

// From dist/test/vision back to the folder of the repository.
const goldens = fileURLToPath(new URL('../../../test/goldens/jpeg/', import.meta.url));
const names = readdirSync(goldens).filter((name) => name.endsWith('.jpg'));
const limits = { maxPixels: 2 ** 24, allowTruncated: false };

interface Golden {
  width: number;
  height: number;
  grey: boolean;
  rgb: string;
}

const pixels = JSON.parse(readFileSync(join(goldens, 'pixels.json'), 'utf8')) as Record<string, Golden>;
const skip = imageReaders().jpeg === 'none' && 'the addon was built without libjpeg-turbo';

function furthest(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);
}

t.test('every kind of JPEG gives the very pixels that Pillow reads', { skip }, async (t) => {
  t.ok(names.length >= 20);
  for (const name of names) {
    const golden = pixels[name]!;
    const image = await decodeImage(join(goldens, name));
    t.same([image.width, image.height], [golden.width, golden.height], `${name}: size, upright`);
    t.equal(image.channels, golden.grey ? 1 : 3, `${name}: channels`);
    const rgb = await makeRgb(image);
    t.equal(furthest(rgb.data, Buffer.from(golden.rgb, 'base64')), 0, `${name}: pixels`);
  }
});

t.test('a file and its bytes are one', async (t) => {
  const path = join(goldens, 'quarter.jpg');
  const [fromPath, fromBytes] = [await decodeImage(path), await decodeImage(readFileSync(path))];
  t.same(fromBytes.data, fromPath.data);
  t.same([fromPath.path, fromBytes.path], [path, undefined]);
});

t.test('both decoders agree', { skip }, async (t) => {
  for (const name of names) {
    const path = join(goldens, name);
    const ours = await decodeImage(path);
    const theirs = await decodeWithSharp(path, path, limits);
    t.same(theirs.shape, ours.shape, `${name}: shape`);
    // libvips decodes with another build of the same library.
    t.ok(furthest(theirs.data, ours.data) <= 1, `${name}: pixels`);
  }
});

/** Noise of a size, as a JPEG. */
async function noise(width: number, height: number, options: JpegOptions = {}): Promise<Buffer> {
  const bytes = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * 7919) % 251));
  return sharp(bytes, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90, ...options })
    .toBuffer();
}

t.test('what is cut off is an error, unless it is allowed', { skip }, async (t) => {
  for (const progressive of [false, true]) {
    const whole = await noise(64, 48, { progressive });
    for (const part of [0.3, 0.6, 0.9, 0.99]) {
      const cut = whole.subarray(0, Math.floor(whole.length * part));
      const name = `${progressive ? 'progressive' : 'baseline'}, ${part}`;
      await t.rejects(decodeImage(cut), { code: 'ERR_TENCH_IMAGE', message: /truncated/ }, name);
      if (part < 0.5) continue;
      const image = await decodeImage(cut, { allowTruncated: true });
      t.same(image.shape, [48, 64, 3], `${name}: the size is known`);
      t.same((await decodeImage(cut, { allowTruncated: true })).data, image.data, `${name}: nothing is left to chance`);
    }
    const first = (image: Image): Uint8Array => image.data.subarray(0, 8 * 64 * 3);
    const most = await decodeImage(whole.subarray(0, Math.floor(whole.length * 0.9)), { allowTruncated: true });
    if (!progressive) t.same(first(most), first(await decodeImage(whole)), 'what is there is as it was');
  }
});

t.test('damaged data is an error and not a guess', { skip }, async (t) => {
  const whole = await noise(64, 48);
  const start = whole.indexOf(Buffer.from([0xff, 0xda])) + 14;
  const end = Buffer.from([0xff, 0xd9]);
  const gone = Buffer.concat([whole.subarray(0, start + 200), end]);
  await t.rejects(
    decodeImage(gone),
    { code: 'ERR_TENCH_IMAGE', message: /Corrupt JPEG data/ },
    'its middle is missing',
  );
  await t.rejects(decodeImage(Buffer.from([0xff, 0xd8, 0xff, 0xd9])), { code: 'ERR_TENCH_IMAGE' }, 'nothing in it');
  const rubbish = Buffer.concat([whole, Buffer.from('a film behind the picture')]);
  t.same(
    (await decodeImage(rubbish)).data,
    (await decodeImage(whole)).data,
    'what follows the picture does not matter',
  );
});

/** The bytes of a JPEG whose frame header says something else. */
function claiming(jpeg: Buffer, change: (frame: Buffer) => void): Buffer {
  const changed = Buffer.from(jpeg);
  const at = [0xc0, 0xc2].map((marker) => jpeg.indexOf(Buffer.from([0xff, marker]))).find((place) => place > 0)!;
  change(changed.subarray(at + 4));
  return changed;
}

t.test('a header that lies costs neither memory nor time', { skip }, async (t) => {
  for (const progressive of [false, true]) {
    const lying = claiming(await noise(16, 16, { progressive }), (frame) => {
      frame.writeUInt16BE(12_000, 1);
      frame.writeUInt16BE(12_000, 3);
    });
    const before = process.memoryUsage().rss;
    await t.rejects(decodeImage(lying), { message: /truncated: \d+ bytes cannot hold 12000 x 12000 pixels/ });
    t.ok(process.memoryUsage().rss - before < 100e6, 'no memory was taken for it');
    await t.rejects(decodeImage(lying, { maxPixels: 1e6, allowTruncated: true }), { message: /limit of 1000000/ });
  }
  const deep = claiming(await noise(16, 16), (frame) => (frame[0] = 12));
  await t.rejects(decodeImage(deep), { message: /12 bits a sample is not supported/ });
  const flat = claiming(await noise(16, 16), (frame) => frame.writeUInt16BE(0, 1));
  await t.rejects(decodeImage(flat), { code: 'ERR_TENCH_IMAGE' }, 'no rows');
});

t.test('a picture of endless scans is given up', { skip }, async (t) => {
  const whole = await noise(16, 16, { progressive: true });
  const scan = whole.lastIndexOf(Buffer.from([0xff, 0xda]));
  const last = whole.subarray(scan, -2);
  const bomb = Buffer.concat([whole.subarray(0, -2), ...new Array<Buffer>(2000).fill(last), whole.subarray(-2)]);
  await t.rejects(decodeImage(bomb), { code: 'ERR_TENCH_IMAGE' });
});

t.test('a pipe is refused, not waited for', { skip: process.platform === 'win32' }, async (t) => {
  const path = join(t.testdir(), 'pipe.jpg');
  execFileSync('mkfifo', [path]);
  await t.rejects(decodeImage(path), { message: /it is no regular file/ });
});

t.test('many files at once are decoded as one by one', { skip }, async (t) => {
  const folder = t.testdir();
  const paths = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const path = join(folder, `${i}.jpg`);
      writeFileSync(path, await noise(20 + i, 60 - i));
      return path;
    }),
  );
  const digest = ({ data }: Image): string => createHash('sha256').update(data).digest('hex');
  const together = (await Promise.all(paths.map((path) => decodeImage(path)))).map(digest);
  const alone: string[] = [];
  for (const path of paths) alone.push(digest(await decodeImage(path)));
  t.same(together, alone);
  t.equal(new Set(together).size, 40);
});
