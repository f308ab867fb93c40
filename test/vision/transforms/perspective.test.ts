import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { runProgram, type Warp } from '../../../lib/vision/program.js';
import { PerspectiveRandResizedCrop, TiltRandomCrop } from '../../../lib/vision/transforms/perspectiveCrop.js';
import { findCoeffs, warp, type Point, type Quad } from '../../../lib/vision/transforms/perspective.js';
import { contextOf, drawn, farthest, noisy } from '../pictures.js';

/** Written by scripts/goldens/transforms.py with torchvision. */
interface Perspectives {
  readonly perspectives: { originals: Quad; targets: Quad; coefficients: number[] }[];
}

const path = new URL('../../../../test/goldens/transforms/sizes.json', import.meta.url);
const { perspectives } = JSON.parse(readFileSync(fileURLToPath(path), 'utf8')) as Perspectives;

function mapped([a, b, c, d, e, f, g, h]: readonly number[], [x, y]: Point): Point {
  const depth = g! * x + h! * y + 1;
  return [(a! * x + b! * y + c!) / depth, (d! * x + e! * y + f!) / depth];
}

t.test('findCoeffs takes targets to originals, also where images are large, as torchvision does', (t) => {
  for (const { originals, targets, coefficients } of perspectives) {
    const found = findCoeffs(originals, targets);
    targets.forEach((target, i) => {
      const [x, y] = mapped(found, target);
      t.ok(Math.hypot(x - originals[i]![0], y - originals[i]![1]) < 1e-6, String(target));
    });
    // Theirs are solved in single precision.
    const middle: Point = [targets[2][0] / 2, targets[2][1] / 3];
    const [ours, theirs] = [mapped(found, middle), mapped(coefficients, middle)];
    t.ok(Math.hypot(ours[0] - theirs[0], ours[1] - theirs[1]) < 0.01, `${String(ours)} and ${String(theirs)}`);
  }
  const identity = findCoeffs(square(5), square(5));
  identity.forEach((value, i) => t.ok(Math.abs(value - [1, 0, 0, 0, 1, 0, 0, 0][i]!) < 1e-12));
  t.end();
});

function square(side: number): Quad {
  return [
    [0, 0],
    [0, side],
    [side, side],
    [side, 0],
  ];
}

t.test('points that fix no perspective are an error', (t) => {
  const line: Quad = [
    [0, 0],
    [5, 5],
    [10, 10],
    [10, 0],
  ];
  t.throws(() => findCoeffs(line, square(4)), { message: /`originals`/, code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => findCoeffs(square(4), line), { message: /no three are on a line for `targets`/ });
  t.throws(
    () =>
      findCoeffs(
        [
          [1, 1],
          [1, 1],
          [2, 2],
          [3, 0],
        ],
        square(4),
      ),
    { message: /on a line/ },
  );
  t.throws(() => findCoeffs([[0, 0]] as unknown as Quad, square(4)), { message: /four points/ });
  t.throws(
    () =>
      findCoeffs(
        [
          [0, NaN],
          [0, 1],
          [1, 1],
          [1, 0],
        ],
        square(4),
      ),
    { message: /four points/ },
  );
  t.throws(() => findCoeffs('corners' as unknown as Quad, square(4)), { message: /four points/ });
  t.end();
});

t.test('warp: corners go to corners, upper left, lower left, lower right, upper right', async (t) => {
  const image = drawn(8, 8, 1, (x, y) => 16 * y + x);
  const at = (x: number, y: number): Point => [x, y];
  const cut = await warp(image, [4, 2], [at(2, 3), at(2, 5), at(6, 5), at(6, 3)], { resample: 'nearest' });
  t.same([...cut.data], [50, 51, 52, 53, 66, 67, 68, 69]);
  const turned = await warp(image, 8, [at(8, 0), at(0, 0), at(0, 8), at(8, 8)], { resample: 'nearest' });
  t.equal(farthest(turned, await runProgram(image, [{ op: 'dihedral', element: 3 }])), 0, 'a quarter turn');
  const outside = await warp(image, 4, [at(-8, 0), at(-8, 8), at(0, 8), at(0, 0)], { fill: 9 });
  t.ok(
    outside.data.every((value) => value === 9),
    'what is outside of the image is filled',
  );
  await t.rejects(warp(image, 4, [at(0, 0), at(1, 1), at(2, 2), at(3, 0)]), { message: /on a line/ });
  await t.rejects(warp(image, 0, square(4)), { message: /`size`/ });
  await t.rejects(warp(image, 4, square(4), { resample: 'lanczos' as 'nearest' }), { message: /`resample`/ });
  await t.rejects(warp(null as never, 4, square(4)), { message: /`warp: image`/ });
});

t.test('tilted crops warp a random box', async (t) => {
  const image = noisy(120, 80, 3);
  const size = { width: 120, height: 80, channels: 3 } as const;
  const crop = new PerspectiveRandResizedCrop([32, 24], { magnitude: 0.2 });
  t.same((await crop.apply(image, contextOf(1))).size, [32, 24]);
  const corners = (plan: readonly unknown[]): Point[] => {
    const { coefficients } = plan[0] as Warp;
    return (
      [
        [0, 0],
        [0, 24],
        [32, 24],
        [32, 0],
      ] as Point[]
    ).map((corner) => mapped(coefficients, corner));
  };
  const ups: number[] = [];
  for (let i = 0; i < 400; i++) {
    const [upperLeft, lowerLeft, lowerRight, upperRight] = corners(crop.plan(size, contextOf(i)));
    // The box is what the corners are spread around.
    const left = (upperLeft![0] + lowerLeft![0]) / 2;
    const right = (upperRight![0] + lowerRight![0]) / 2;
    const top = (upperLeft![1] + upperRight![1]) / 2;
    const bottom = (lowerLeft![1] + lowerRight![1]) / 2;
    t.ok(left >= -1e-6 && top >= -1e-6 && right <= 120 + 1e-6 && bottom <= 80 + 1e-6, 'the box is inside');
    const up = (left - upperLeft![0]) / (right - left);
    t.ok(Math.abs(up) <= 0.2 + 1e-6);
    t.ok(Math.abs(up - (upperRight![0] - right) / (right - left)) < 1e-6, 'as far right as left');
    ups.push(up);
  }
  t.ok(Math.min(...ups) < -0.15 && Math.max(...ups) > 0.15, 'both ways');
  const straight = new PerspectiveRandResizedCrop(24, {
    magnitude: 0,
    scale: [1, 1],
    ratio: [1.5, 1.5],
    resample: 'nearest',
  });
  const flat = await straight.apply(image, contextOf(0));
  const extent = { op: 'resize', width: 24, height: 24, filter: 'nearest', antialias: false } as const;
  t.equal(farthest(flat, await runProgram(image, [extent])), 0, 'without a tilt it is the plain crop');
});

t.test('TiltRandomCrop: one size at random places', async (t) => {
  const image = noisy(50, 30, 3);
  t.same((await new TiltRandomCrop(16).apply(image, contextOf(0))).size, [16, 16]);
  const lefts = new Set<number>();
  for (let i = 0; i < 60; i++) {
    const [operation] = new TiltRandomCrop(10, { cropSize: 45, magnitude: 0 }).plan(image, contextOf(i));
    const { coefficients } = operation as Warp;
    lefts.add(Math.round(coefficients[2]!));
    t.ok(
      Math.abs(coefficients[0]! - 4.5) < 1e-9 && Math.abs(coefficients[4]! - 3) < 1e-9,
      'cut to the height of the image',
    );
  }
  t.same([...lefts].sort(), [0, 1, 2, 3, 4, 5]);
  t.throws(() => new TiltRandomCrop(10, { magnitude: 0.25 }), { message: /`magnitude`/ });
});
