/** Code that an exported learner cannot hold: an architecture, a transform of images and a step on batches of one's own. */

import type { TransformDescription } from '../../lib/data/index.js';
import { convLayer, type Module } from '../../lib/nn/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import { createModel, registerModel, getCnnModel, type Image, type TransformMaker } from '../../lib/vision/index.js';

registerModel('ownNet', ({ widths }: { widths?: number[] }) =>
  getCnnModel({ cIn: 3, cOut: 3 }, widths ?? [], convLayer),
);

export const makeNet = (): Module => createModel('ownNet', { widths: [16] });

export class Darken {
  readonly order = 12;

  constructor(readonly amount: number) {}

  apply(image: Image): Image {
    return image.with({ data: image.data.map((byte) => Math.max(0, byte - this.amount)) });
  }

  describe(): TransformDescription {
    return { name: 'Darken', amount: this.amount };
  }
}

export const halve = Object.assign((xb: Tensor): Tensor => xb.to('float32').div(510), {
  describe: (): TransformDescription => ({ name: 'halve' }),
});

export const transforms: Readonly<Record<string, TransformMaker>> = {
  Darken: ({ amount }) => new Darken(amount as number),
  halve: () => halve,
};
