/** From an image's bytes to numbers a model takes: first a tensor of bytes, then one of floats. */

import type { TransformDescription } from '../../data/compose.js';
import { requireEqualShapes } from '../../data/collate.js';
import { needTensor } from '../../tensor/checks.js';
import { tensor, type Tensor } from '../../tensor/index.js';
import { requireImage, type Image } from '../image.js';

/** The image as a uint8 tensor of shape [channels, height, width]. Order 20. */
export function toByteTensor(image: Image): Tensor {
  const { data, shape } = requireImage('toByteTensor', image);
  return tensor(data, { shape }).permute([2, 0, 1]).contiguous();
}

toByteTensor.order = 20;
toByteTensor.describe = (): TransformDescription => ({ name: 'toByteTensor' });

/** All images of a batch at once, [images, channels, height, width]: one copy of the bytes and one tensor, not one an image. */
toByteTensor.batch = (images: Image[], names: readonly string[]): Tensor => {
  const [height, width, channels] = requireImage('toByteTensor', images[0]).shape;
  const isLikeFirst = (image: Image): boolean =>
    image.width === width && image.height === height && image.channels === channels;
  if (!images.every((image) => isLikeFirst(requireImage('toByteTensor', image)))) {
    requireEqualShapes(images.map(sizeOf), names);
  }
  const bytes = new Uint8Array(images.length * height * width * channels);
  images.forEach((image, index) => bytes.set(image.data, index * image.data.length));
  return tensor(bytes, { shape: [images.length, height, width, channels] })
    .permute([0, 3, 1, 2])
    .contiguous();
};

function sizeOf({ width, height, channels }: Image): string {
  return `${width} x ${height} with ${channels} ${channels === 1 ? 'channel' : 'channels'}`;
}

/** Bytes (0 to 255) as float32 from 0 to 1. Order 30. */
export function toFloatTensor(bytes: Tensor): Tensor {
  return needTensor('bytes', bytes).div(255);
}

toFloatTensor.order = 30;
toFloatTensor.elementwise = true;
toFloatTensor.describe = (): TransformDescription => ({ name: 'toFloatTensor' });
