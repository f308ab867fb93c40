/**
 * The lighting of a batch of pictures: what is done to each is composed on the host, and the pixels are passed over once.
 *
 * Brightness, contrast and saturation work on logits, log(v / (1 - v)), where no change leads out of 0 to 1 and nothing has to be cut off
 * (fastai: Howard and Gugger, arXiv:2002.04688). There each is an affine map of the channels, so any number of them is one such map for
 * each picture: logits once, one map, sigmoid once. Hue follows, on the values themselves.
 */

import { needArray, needOneOf, needOptions, needTensor } from '../../tensor/checks.js';
import { invalid } from '../../tensor/errors.js';
import { maximum, minimum, stack, tensor, where, type Tensor } from '../../tensor/index.js';
import { requireNumber } from '../transforms/options.js';

/**
 * One change of one picture. `change` is what a grey of 0.5 becomes for `brightness`; a positive factor for `contrast` and `saturation`; a
 * share of the colour circle for `hue`. 0.5, 1, 1 and 0 change nothing.
 */
export interface LightingStep {
  readonly op: LightingOp;
  readonly change: number;
}

/** The kinds of changes. */
export type LightingOp = (typeof lightingOps)[number];

const lightingOps = ['brightness', 'contrast', 'saturation', 'hue'] as const;

/** Black and white, whose logits are infinite, are taken as this close to them. */
const EPSILON = 1e-7;

/** How much of each of red, green and blue is in grey (ITU-R 601-2). */
const LUMA = [0.2989, 0.587, 0.114] as const;

/** What the logits (r, g, b) of a picture become: `scale * (r, g, b) + grey * luma(r, g, b) + shift`; and the turn of its colour circle. */
interface ColourMap {
  readonly scale: number;
  readonly grey: number;
  readonly shift: number;
  readonly turn: number;
}

const unchanged: ColourMap = { scale: 1, grey: 0, shift: 0, turn: 0 };

/** The sum of {@link LUMA}, which is not quite 1: what the luma of a grey of 1 is. */
const LUMA_SUM = LUMA[0] + LUMA[1] + LUMA[2];

/** A map, and then a step. Luma is linear: that of the map's result is `(scale + grey * LUMA_SUM) * luma + shift * LUMA_SUM`. */
function then({ scale, grey, shift, turn }: ColourMap, { op, change }: LightingStep): ColourMap {
  switch (op) {
    case 'brightness':
      return { scale, grey, shift: shift + Math.log(change / (1 - change)), turn };
    case 'contrast':
      return { scale: scale * change, grey: grey * change, shift: shift * change, turn };
    case 'saturation':
      return {
        scale: scale * change,
        grey: grey * change + (1 - change) * (scale + grey * LUMA_SUM),
        shift: shift * change + (1 - change) * shift * LUMA_SUM,
        turn,
      };
    case 'hue':
      return { scale, grey, shift, turn: turn + change };
  }
}

/**
 * Changes the lighting of each picture of a batch.
 *
 * @param x [batch, channels, height, width] with 1 or 3 channels, in units of 0 to 1; saturation and hue leave pictures of 1 channel as they are
 * @param steps for each picture what is done to it, one after another (hue last); an empty list for nothing
 * @returns a new tensor; `x` itself if nothing is done to any picture
 */
export function lighting(x: Tensor, steps: readonly (readonly LightingStep[])[]): Tensor {
  const isColoured = needLit(x).shape[1] === 3;
  const maps = needSteps(x, steps).map((list) =>
    list.filter(({ op }) => isColoured || op === 'brightness' || op === 'contrast').reduce(then, unchanged),
  );
  return turnHue(changeLogits(x, maps), maps);
}

function needLit(x: Tensor): Tensor {
  const expected = 'floating-point pictures of shape [batch, 1 or 3 channels, height, width]';
  const { ndim, shape } = needTensor('lighting: x', x);
  if (ndim !== 4 || (shape[1] !== 1 && shape[1] !== 3) || !x.isFloatingPoint())
    throw invalid('lighting: x', expected, x);
  return x;
}

function needSteps(x: Tensor, steps: readonly (readonly LightingStep[])[]): readonly (readonly LightingStep[])[] {
  const pictures = x.shape[0]!;
  if (needArray('steps', steps).length !== pictures)
    throw invalid('steps', `a list for each of ${pictures} pictures`, steps);
  for (const list of steps)
    for (const step of needArray('steps', list, 'a list of lists of steps')) {
      needOptions('steps', step);
      const op = needOneOf('steps: op', step.op, lightingOps);
      if (op === 'brightness') requireNumber('steps: change', step.change, 0.0001, 0.9999);
      else if (op === 'hue') requireNumber('steps: change', step.change, -1, 1);
      else requireNumber('steps: change', step.change, 0, 1e6);
    }
  return steps;
}

/** One number for each picture, on its device. */
function uploaded(values: readonly (readonly number[])[], { dtype, device }: Tensor): Tensor[] {
  const flat = Float64Array.from(values.flat());
  const shape = [values.length, flat.length / values.length, 1, 1, 1];
  return tensor(flat, { shape, dtype, device }).unbind(0);
}

function changeLogits(x: Tensor, maps: readonly ColourMap[]): Tensor {
  if (maps.every(({ scale, grey, shift }) => scale === 1 && grey === 0 && shift === 0)) return x;
  const logits = x.logit(EPSILON);
  if (maps.every(({ grey }) => grey === 0)) {
    const [scale, shift] = uploaded([maps.map((map) => map.scale), maps.map((map) => map.shift)], x);
    return logits.mul_(scale!).add_(shift!).sigmoid_();
  }
  const [scale, grey, shift] = uploaded(
    [maps.map((map) => map.scale), maps.map((map) => map.grey), maps.map((map) => map.shift)],
    x,
  );
  const [red, green, blue] = logits.unbind(1) as [Tensor, Tensor, Tensor];
  const luma = red.mul(LUMA[0]).add_(green, { alpha: LUMA[1] }).add_(blue, { alpha: LUMA[2] }).unsqueeze_(1);
  return logits.mul_(scale!).add_(luma.mul_(grey!).add_(shift!)).sigmoid_();
}

/**
 * Turns hues. A pixel's channels differ in how far they are from the brightest, in units of the difference between the brightest and the darkest;
 * that is a function of the hue alone, the same for red, green and blue but for a third of the circle.
 */
function turnHue(x: Tensor, maps: readonly ColourMap[]): Tensor {
  if (maps.every(({ turn }) => turn === 0)) return x;
  const [turns] = uploaded([maps.map(({ turn }) => 6 * turn)], x);
  const [red, green, blue] = x.unbind(1) as [Tensor, Tensor, Tensor];
  const brightest = maximum(maximum(red, green), blue);
  const chroma = brightest.sub(minimum(minimum(red, green), blue));
  const divisor = where(chroma.eq(0), chroma.onesLike(), chroma);
  const ofRed = green.sub(blue).div_(divisor);
  const ofGreen = blue.sub(red).div_(divisor).add_(2);
  const ofBlue = red.sub(green).div_(divisor).add_(4);
  const sixths = where(brightest.eq(red), ofRed, where(brightest.eq(green), ofGreen, ofBlue));
  const turned = sixths.add_(turns!.squeeze(1));
  const channels = [5, 3, 1].map((offset) => {
    const place = turned.add(offset).remainder_(6);
    const distance = minimum(place, place.neg().add_(4)).clamp_(0, 1);
    return brightest.sub(distance.mul_(chroma));
  });
  return stack(channels, 1);
}
