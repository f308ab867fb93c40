/**
 * Grabbing a piece of the image and zooming into it: the lesson's crop in two steps beside the one in one step, and crops tilted as if the
 * picture had been taken from elsewhere.
 *
 * Cropping and then resizing with an average over what every pixel covers is one step too: nothing is rounded in between. What the lesson
 * calls one step (Pillow's EXTENT) reads one place for every pixel, and so aliases where the crop gets smaller.
 */

import { join } from 'node:path';

import {
  ContactSheet,
  Generator,
  GeneralCrop,
  PerspectiveRandResizedCrop,
  RandomResizedCrop,
  ResizeMax,
  warp,
  type Image,
  type Panel,
  type Quad,
} from 'tench';
import { findPicture } from './harness/picture.js';
import type { Station } from './harness/station.js';

const SIZE = 192;

/** The lesson's box: about from a sixth to seven eighths of the shorter side. */
class LessonCrop extends GeneralCrop {
  protected override corners(width: number, height: number): [number, number, number, number] {
    const side = Math.min(width, height);
    const [from, to] = [Math.round(side / 6), Math.round((side * 7) / 8)];
    return [from, from, to, to];
  }
}

/** The corners of the image tilted, as shares of its sides; the lesson moves the upper ones in and the lower ones out. */
function tiltedCorners({ width, height }: Image, up: number, side: number): Quad {
  return [
    [width * up, height * side],
    [-width * up, height * (1 - side)],
    [width * (1 + up), height * (1 + side)],
    [width * (1 - up), -height * side],
  ];
}

export const cropping: Station = {
  name: 'cropping',
  summary: 'crops in two steps and in one, at random, and in perspective',
  async run({ data, out, print }) {
    const found = await findPicture(data);
    const original =
      Math.max(...found.size) > 640 ? await new ResizeMax(640, { resample: 'lanczos' }).apply(found) : found;
    const draw = (index: number): { random: Generator; index: number; epoch: number } => ({
      random: new Generator(0, index),
      index,
      epoch: 0,
    });
    const random = new RandomResizedCrop(SIZE);
    const tilting = new PerspectiveRandResizedCrop(SIZE, { scale: [0.3, 1], magnitude: 0.15 });
    const panel = async (caption: string, image: Promise<Image>): Promise<Panel> => ({ caption, image: await image });
    const crops = [
      await panel('crop, then resize', new LessonCrop(SIZE).apply(original)),
      await panel('one step (EXTENT)', new LessonCrop(SIZE, { antialias: false }).apply(original)),
      await panel('top nearer', warp(original, SIZE, tiltedCorners(original, 0.12, 0))),
      await panel('left nearer', warp(original, SIZE, tiltedCorners(original, 0, 0.12))),
    ];
    const randomCrops = [0, 1, 2, 3].map((i) => panel('random area and ratio', random.apply(original, draw(i))));
    const tilts = [0, 1, 2, 3].map((i) => panel('and tilted', tilting.apply(original, draw(i))));
    const picture = join(out, 'cropping.png');
    await new ContactSheet([
      [{ caption: `original, ${original.width} x ${original.height}`, image: original }],
      crops,
      await Promise.all(randomCrops),
      await Promise.all(tilts),
    ]).save(picture);
    print(picture);
    return { picture, source: found.path ?? null, size: found.size };
  },
};
