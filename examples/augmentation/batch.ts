/** A batch turned, cropped and lit at random, with the boxes that follow, and a picture of it: what docs/augmentation.md shows. */

import * as tench from 'tench';

// Four pictures as a loader gives them: bytes. Here a disc, drawn.
const [rows, columns] = [tench.arange(96).view([96, 1]).sub(40), tench.arange(128).view([1, 128]).sub(50)];
const disc = rows.square().add(columns.square()).lt(900);
const xb = disc.mul(200).to('uint8').expand([4, 3, 96, 128]);
const boxes = tench.tensor([[[20, 10, 80, 70]]]).expand([4, 1, 4]);

const augment = new tench.BatchAugment(
  [new tench.BatchRandomResizedCrop({ scale: [0.35, 1] }), ...tench.augTransforms({ maxRotate: 20 })],
  { size: 64, seed: 42, ...tench.imagenetteStats },
);
console.log(augment);

// The same draws for the same epoch and batch: in a loop, after a resume, on any device.
const moved = augment.applyWithTargets(xb, { boxes }, { epoch: 0, index: 7 });
console.log(moved.xb.shape, moved.xb.dtype, moved.targets.boxes?.shape);

// Validation is brought to the size and normalised, and nothing else.
console.log(augment.apply(xb, { train: false }).shape);

// Look at it: eight versions of one picture.
await augment.show(xb.select(0, 0), 8).save('versions.png');
