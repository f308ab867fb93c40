/**
 * Resizing loses textures: the lesson's figure of one image at 128 x 128, by four ways to get there.
 *
 * Filters that average (Lanczos, which Pillow called ANTIALIAS, and bicubic) blur what is finer than a pixel; picking the nearest pixel keeps
 * it, with aliasing. Bicubic to 256 and then nearest to 128 is two resamples on purpose: half of each.
 *
 * The last row is where frameworks differ: a plain bilinear `interpolate` reads four pixels for each, however much smaller the result is, and
 * so aliases; with `antialias` it averages over all that a pixel covers, as Pillow's filter of the same name does.
 */

import { join } from 'node:path';

import { ContactSheet, F, Image, ResizeFixed, ResizeMax, toByteTensor, type Panel } from 'tench';
import { findPicture } from './harness/picture.js';
import type { Station } from './harness/station.js';

const SIZE = 128;

/** Larger originals are shown at this size. */
const SHOWN = 640;

/** The lesson's captions, and what is done one after another. */
const ways: readonly (readonly [caption: string, ...steps: ResizeFixed[]])[] = [
  ['ANTIALIAS (Lanczos)', new ResizeFixed(SIZE, { resample: 'lanczos' })],
  ['BICUBIC', new ResizeFixed(SIZE, { resample: 'bicubic' })],
  ['NEAREST', new ResizeFixed(SIZE, { resample: 'nearest' })],
  [
    'BICUBIC 256, then NEAREST 128',
    new ResizeFixed(2 * SIZE, { resample: 'bicubic' }),
    new ResizeFixed(SIZE, { resample: 'nearest' }),
  ],
];

/** An image at the small size by `interpolate`, which works on floats. */
function interpolated(image: Image, antialias: boolean): Image {
  const floats = toByteTensor(image).to('float32').unsqueeze(0);
  const small = F.interpolate(floats, { size: [SIZE, SIZE], mode: 'bilinear', antialias });
  const rows = small.squeeze(0).permute([1, 2, 0]).round().clamp(0, 255).to('uint8').contiguous();
  return new Image({ width: SIZE, height: SIZE, channels: 3, data: rows.toTypedArray() as Uint8Array });
}

/** The mean difference of neighbours in a row, in levels: how much of the texture is left. */
function texture({ width, data }: Image): number {
  let sum = 0;
  let count = 0;
  for (let i = 3; i < data.length; i++) {
    if (i % (width * 3) < 3) continue;
    sum += Math.abs(data[i]! - data[i - 3]!);
    count += 1;
  }
  return Math.round((100 * sum) / count) / 100;
}

export const resizing: Station = {
  name: 'resizing',
  summary: 'one image at 128 x 128 by four resampling methods',
  async run({ data, out, print }) {
    const original = await findPicture(data);
    const panels: Panel[] = [];
    const textures: Record<string, number> = {};
    const panelOf = (caption: string, image: Image): Panel => {
      textures[caption] = texture(image);
      print(`${caption.padEnd(30)} neighbours differ by ${textures[caption]} levels`);
      return { caption, image, zoom: 2 };
    };
    for (const [caption, ...steps] of ways) {
      let image = original;
      for (const step of steps) image = await step.apply(image);
      panels.push(panelOf(caption, image));
    }
    const compared = [
      panelOf('interpolate, bilinear', interpolated(original, false)),
      panelOf('interpolate, antialias', interpolated(original, true)),
      panelOf('Pillow BILINEAR', await new ResizeFixed(SIZE, { resample: 'bilinear' }).apply(original)),
    ];
    const isLarge = Math.max(original.width, original.height) > SHOWN;
    const shown = isLarge ? await new ResizeMax(SHOWN, { resample: 'lanczos' }).apply(original) : original;
    const caption = `original, ${original.width} x ${original.height}`;
    const picture = join(out, 'resizing.png');
    const rows = [[{ caption, image: shown }], panels.slice(0, 2), panels.slice(2), compared];
    await new ContactSheet(rows).save(picture);
    print(`\n${picture}`);
    return { picture, source: original.path ?? null, size: original.size, textures };
  },
};
