/**
 * tench's side of the benchmark of augmentation; sides/augment_*.py are the peers', work for work.
 *
 * A work's values are made with draws that all sides are given, so that they can be compared; what is timed draws anew for each batch.
 */

import {
  arange,
  BatchAugment,
  BatchBrightness,
  BatchContrast,
  BatchFlip,
  BatchRotate,
  BatchWarp,
  BatchZoom,
  GeometricPart,
  libtorchVersion,
  LightingPart,
  noGrad,
  rotateBatch,
  setNumThreads,
  type BatchPart,
  type LightingStep,
  type Matrix3,
  type Tensor,
} from '../../lib/index.js';
import { multiply, stretch } from '../../lib/vision/batch/matrix.js';
import { warpMatrix } from '../../lib/vision/batch/geometry.js';
import type { Work } from '../harness/work.js';

const [batch, size] = [64, 128];
const degrees = 10;

/** Bytes without a pattern that matters, smooth enough that the last bits of a place do not, the same in both languages. */
function pictures(): Tensor {
  const planes = arange(batch * 3, { dtype: 'float64' }).reshape([batch, 3, 1, 1]);
  const [y, x] = [arange(size, { dtype: 'float64' }).reshape([size, 1]), arange(size, { dtype: 'float64' })];
  const waves = planes
    .add(y.mul(0.11))
    .sin()
    .mul(planes.mul(0.7).add(x.mul(0.13)).cos());
  return waves.mul(120).add(128).floor().to('uint8');
}

const asFloats = (x: Tensor): Tensor => x.to('float32').div(255);

/** The angle, the zoom with its middle, the warp, the flip and the lighting of each picture. */
function draws(picture: number) {
  const share = (step: number): number => ((picture * step) % 17) / 17;
  return {
    angle: ((share(5) - 0.5) * 2 * degrees * Math.PI) / 180,
    zoom: 1 + 0.1 * share(3),
    middle: [share(7), share(11)] as const,
    warp: [(share(13) - 0.5) * 0.4, (share(2) - 0.5) * 0.4] as const,
    flip: picture % 2 === 1,
    brightness: 0.4 + 0.2 * share(4),
    contrast: 0.8 + 0.4 * share(6),
  };
}

type Draws = ReturnType<typeof draws>;

/** A part with draws from outside, one picture after another. */
class Given extends GeometricPart {
  #picture = 0;

  constructor(readonly of: (draws: Draws) => Matrix3) {
    super(1);
  }

  matrix(): Matrix3 {
    return this.of(draws(this.#picture++ % batch));
  }
}

/** The same for lighting. */
class GivenLighting extends LightingPart {
  #picture = 0;

  constructor(readonly op: 'brightness' | 'contrast') {
    super(1, [0, 1]);
  }

  protected override step(): LightingStep {
    return { op: this.op, change: draws(this.#picture++ % batch)[this.op] };
  }
}

const flip = ({ flip: flipped }: Draws): Matrix3 => stretch(flipped ? -1 : 1, 1);
// Peers turn to the other side.
const rotate = ({ angle }: Draws): Matrix3 => {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos, sin, 0, -sin, cos, 0, 0, 0, 1];
};
const zoom = ({ zoom: factor, middle: [x, y] }: Draws): Matrix3 =>
  stretch(1 / factor, 1 / factor, (1 - 1 / factor) * (2 * x - 1), (1 - 1 / factor) * (2 * y - 1));

/** Numbers all over a batch: the peers pick the same. */
function picked(x: Tensor): number[] {
  return (x.narrow(2, 9, 110).narrow(3, 9, 110).reshape([-1]).toList() as number[]).filter((_, i) => i % 7919 === 0);
}

/** A positive angle is anti-clockwise here and in torchvision, and clockwise in the matrices that the other peers are given. */
function rotating(x: Tensor, side: 1 | -1, paddingMode: 'zeros' | 'reflection'): Work {
  const thetas = Array.from({ length: batch }, (_, i) => side * draws(i).angle);
  return {
    run: (iterations) =>
      noGrad(() => {
        for (let i = 0; i < iterations; i += 1) rotateBatch(x, size, degrees, { paddingMode });
      }),
    values: () => picked(noGrad(() => rotateBatch(x, size, degrees, { thetas, paddingMode }))),
  };
}

function augmenting(x: Tensor, parts: readonly BatchPart[], given: () => readonly BatchPart[]): Work {
  const augment = new BatchAugment(parts, { alignCorners: true });
  let index = 0;
  return {
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) augment.apply(x, { index: index++ });
    },
    values: () => picked(new BatchAugment(given(), { alignCorners: true }).apply(x)),
  };
}

const p = 0.75;
const affineParts = (): BatchPart[] => [new BatchFlip(), new BatchRotate({ p }), new BatchZoom({ p })];
const affineGiven = (drawn: Draws): Matrix3 => multiply(multiply(flip(drawn), rotate(drawn)), zoom(drawn));
const warpGiven = (drawn: Draws): Matrix3 => multiply(warpMatrix(...drawn.warp), affineGiven(drawn));
const geometryParts = (): BatchPart[] => [new BatchWarp({ p }), ...affineParts()];

const affine = (x: Tensor): Work => augmenting(x, affineParts(), () => [new Given(affineGiven)]);
const geometry = (x: Tensor): Work => augmenting(x, geometryParts(), () => [new Given(warpGiven)]);
const all = (x: Tensor): Work =>
  augmenting(x, [...geometryParts(), new BatchBrightness({ p }), new BatchContrast({ p })], () => [
    new Given(warpGiven),
    new GivenLighting('brightness'),
    new GivenLighting('contrast'),
  ]);

export const works: Readonly<Record<string, () => Work>> = {
  rotate: () => rotating(asFloats(pictures()), -1, 'reflection'),
  rotateBlack: () => rotating(asFloats(pictures()), 1, 'zeros'),
  rotateBytes: () => rotating(pictures(), -1, 'reflection'),
  geometry: () => geometry(asFloats(pictures())),
  geometryBytes: () => geometry(pictures()),
  all: () => all(asFloats(pictures())),
  allBytes: () => all(pictures()),
  affine: () => affine(asFloats(pictures())),
  affineBytes: () => affine(pictures()),
};
export const libtorch = libtorchVersion;
export const setThreads = setNumThreads;
