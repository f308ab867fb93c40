import t from 'tap';
import { chmodSync, copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { decodeImage } from '../../lib/vision/decode.js';
import { makeRgb } from '../../lib/vision/transforms/makeRgb.js';

// From dist/test/vision back to the folder of the repository.
const goldens = fileURLToPath(new URL('../../../test/goldens/images/', import.meta.url));

interface Golden {
  width: number;
  height: number;
  channels: number;
  rgb: number[];
}

t.test('every kind of file gives the pixels that Pillow reads', async (t) => {
  const pixels = JSON.parse(readFileSync(join(goldens, 'pixels.json'), 'utf8')) as Record<string, Golden>;
  for (const [name, golden] of Object.entries(pixels)) {
    const image = await decodeImage(join(goldens, name));
    t.same(
      [image.width, image.height, image.channels],
      [golden.width, golden.height, golden.channels],
      `${name}: size and channels`,
    );
    const rgb = await makeRgb(image);
    t.equal(rgb.channels, 3);
    const off = Math.max(...golden.rgb.map((value, index) => Math.abs(value - rgb.data[index]!)));
    // JPEG decoders may round the transform and the colour conversion differently.
    t.ok(off <= (name.endsWith('.jpg') ? 3 : 0), `${name}: at most ${off} levels off`);
  }
});

t.test('what cannot be read names the path and the cause', async (t) => {
  const folder = t.testdir({ 'text.jpg': 'this is no image', 'empty.png': '', 'folder.jpg': {} });
  const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251));
  const image = sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
  await image.clone().jpeg({ quality: 95 }).toFile(join(folder, 'whole.jpg'));
  await image.clone().png().toFile(join(folder, 'whole.png'));
  for (const ending of ['jpg', 'png']) {
    const whole = join(folder, `whole.${ending}`);
    t.equal((await decodeImage(whole)).width, 64);
    const cut = join(folder, `cut.${ending}`);
    copyFileSync(whole, cut);
    truncateSync(cut, Math.floor(readFileSync(whole).length / 2));
    await t.rejects(
      decodeImage(cut),
      { code: 'ERR_TENCH_IMAGE', message: new RegExp(`cannot read the image ${cut}: \\S`) },
      `truncated ${ending}`,
    );
  }
  const reasons: [string, RegExp][] = [
    ['text.jpg', /text\.jpg: it is of no image format/],
    ['empty.png', /empty\.png: \S/],
    ['gone.jpg', /gone\.jpg: there is no such file/],
    ['folder.jpg', /folder\.jpg: it is a folder/],
  ];
  for (const [name, message] of reasons)
    await t.rejects(decodeImage(join(folder, name)), { code: 'ERR_TENCH_IMAGE', message });
  if (process.getuid?.() !== 0) {
    chmodSync(join(folder, 'whole.jpg'), 0);
    await t.rejects(decodeImage(join(folder, 'whole.jpg')), { message: /permission denied/ });
  }
});

t.test('more pixels than the limit are refused before they are decoded', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'large.png');
  await sharp({ create: { width: 300, height: 200, channels: 3, background: 'red' } })
    .png()
    .toFile(path);
  await t.rejects(decodeImage(path, { maxPixels: 59_999 }), {
    message: /large\.png: it has more pixels than the limit of 59999/,
  });
  t.equal((await decodeImage(path, { maxPixels: 60_000 })).height, 200);
});

t.test('a file that was changed is read anew', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'changing.png');
  const paint = async (colour: string): Promise<Buffer> =>
    sharp({ create: { width: 2, height: 2, channels: 3, background: colour } })
      .png()
      .toBuffer();
  writeFileSync(path, await paint('#ff0000'));
  t.same([...(await decodeImage(path)).data.subarray(0, 3)], [255, 0, 0]);
  writeFileSync(path, await paint('#0000ff'));
  t.same([...(await decodeImage(path)).data.subarray(0, 3)], [0, 0, 255]);
});

t.test('the header of a JPEG is found behind long segments', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'long.jpg');
  const grey = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#808080' } })
    .toColourspace('b-w')
    .jpeg()
    .toBuffer();
  const comment = Buffer.alloc(2 + 65_535);
  comment.writeUInt16BE(0xfffe, 0);
  comment.writeUInt16BE(65_535, 2);
  writeFileSync(path, Buffer.concat([grey.subarray(0, 2), comment, comment, grey.subarray(2)]));
  t.equal((await decodeImage(path)).channels, 1);
});
