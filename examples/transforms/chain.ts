/** A chain of transforms: built-in ones, and one of one's own in the middle. Quoted in docs/transforms.md. */

import * as tench from 'tench';

const vignette = (image: tench.Image): tench.Image =>
  image.with({ data: image.data.map((value, i) => (i < image.width * image.channels ? value / 2 : value)) });

const tfms = [
  tench.makeRgb,
  new tench.RandomResizedCrop(64, { scale: [0.35, 1], resample: ['bilinear', 'bicubic'] }),
  Object.assign(vignette, { order: 11 }),
  new tench.RandomFlip(),
  tench.toByteTensor,
  tench.toFloatTensor,
];
console.log(tfms.map((tfm) => tench.transformLabel(tfm)).join('\n'));

// One image, by hand: what is random comes from the context.
const image = new tench.Image({ width: 300, height: 200, channels: 1, data: new Uint8Array(300 * 200).fill(99) });
const context = { random: new tench.Generator(42), index: 0, epoch: 0 };
const made = await tench.compose<tench.Tensor>(image, tfms, context);
console.log(made.shape);

// What one transform will do to an image of this size, with everything drawn.
console.log(new tench.RandomResizedCrop(64).plan(image, context));

// Saved and made again.
const saved = JSON.stringify(new tench.RandomDihedral().describe());
console.log(tench.transformFromDescription(JSON.parse(saved) as tench.TransformDescription));
