/**
 * Augmentation on the batch: the lesson's pictures of one image turned, with what may stand where nothing is, and cut out and tilted at random.
 *
 * Each row is one BatchAugment shown by `augment.show`, and all of a row's changes are one sample of the pixels.
 */

import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import {
  BatchAugment,
  BatchErasing,
  BatchFlip,
  BatchHue,
  BatchRandomResizedCrop,
  BatchRotate,
  BatchSaturation,
  BatchWarp,
  ContactSheet,
  ResizeFixed,
  TenchError,
  augTransforms,
  batchSheet,
  className,
  imagenetteStats,
  rotateBatch,
  toByteTensor,
  toImage,
  type Image,
  type Panel,
  type ShownItem,
} from 'tench';
import { findPicture, findPictures } from './harness/picture.js';
import type { Station } from './harness/station.js';

const SIZE = 192;
const VERSIONS = 6;

const upright = (image: Image): Promise<Image> => new ResizeFixed(SIZE).apply(image);

const rotate = new BatchRotate({ maxDegrees: 45, p: 1 });
const crop = [
  new BatchRandomResizedCrop({ scale: [0.35, 1] }),
  new BatchFlip(),
  new BatchWarp({ magnitude: 0.3, p: 1 }),
];

/** The rows of the page. */
const rows: Readonly<Record<string, BatchAugment>> = {
  'rotated, black corners': new BatchAugment([rotate], { paddingMode: 'zeros' }),
  'rotated, border': new BatchAugment([rotate], { paddingMode: 'border' }),
  'rotated, reflection': new BatchAugment([rotate], { paddingMode: 'reflection' }),
  'random crop and warp': new BatchAugment(crop, { size: SIZE }),
  'augTransforms()': new BatchAugment(augTransforms()),
  'colours and erasing': new BatchAugment(
    [
      new BatchHue({ maxHue: 0.15, p: 1 }),
      new BatchSaturation({ maxLighting: 0.6, p: 1 }),
      new BatchErasing({ p: 1, scale: [0.05, 0.2] }),
    ],
    imagenetteStats,
  ),
};

const nameOf = (title: string): string =>
  `${title
    .replace(/[^a-z]+/gi, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase()}.png`;

/** The folder, which is the class in Imagenette. */
const labelOf = (path: string | undefined): string =>
  path === undefined ? 'drawn' : className(basename(dirname(path)));

export const augmentation: Station = {
  name: 'augmentation',
  summary: 'a batch turned, cropped, tilted and lit at random, on its device',
  async run({ data, out, print }) {
    const original = await findPicture(data);
    const picture = toByteTensor(await upright(original));
    const sheets: { title: string; file: string }[] = [];
    const save = async (title: string, sheet: ContactSheet): Promise<void> => {
      const file = nameOf(title);
      await sheet.save(join(out, file));
      sheets.push({ title, file });
      print(`${title.padEnd(24)} ${join(out, file)}`);
    };
    const turned = (paddingMode: 'zeros' | 'border' | 'reflection', caption: string): Panel => {
      const batch = rotateBatch(picture.unsqueeze(0).to('float32').div(255), SIZE, 30, {
        thetas: [Math.PI / 6],
        paddingMode,
      });
      return { caption, image: toImage(batch.get(0)) };
    };
    const cropped = rows['random crop and warp']!.apply(picture.unsqueeze(0)).get(0);
    await save(
      'The notes',
      new ContactSheet([
        [
          { caption: 'original', image: toImage(picture) },
          turned('zeros', 'black corners'),
          turned('border', 'border'),
          turned('reflection', 'reflection'),
          { caption: 'random crop and warp', image: toImage(cropped) },
        ],
      ]),
    );
    for (const [title, augment] of Object.entries(rows)) await save(title, augment.show(picture, VERSIONS));
    const items: ShownItem[] = [];
    for (const [index, image] of (await findPictures(data, VERSIONS)).entries())
      items.push({ name: image.path ?? 'drawn', index, x: await upright(image), y: labelOf(image.path) });
    await save('A batch before and after', batchSheet(items, { augment: rows['augTransforms()'] }));
    const page = join(out, 'index.html');
    await writePage(page, sheets);
    print(`\n${page}`);
    return { page, sheets: sheets.map(({ file }) => join(out, file)), source: original.path ?? null };
  },
};

async function writePage(path: string, sheets: readonly { title: string; file: string }[]): Promise<void> {
  const parts = sheets.map(({ title, file }) => `<h2>${title}</h2>\n<img src="${file}" alt="${title}">`);
  const html = `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Augmentation on the batch</title></head>\n<body style="font-family:sans-serif">\n${parts.join('\n')}\n</body></html>\n`;
  try {
    await writeFile(path, html);
  } catch (cause) {
    throw new TenchError(`${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}
