/** Lighting of batches: what fastai makes of the same pictures by the same changes, and how the parts draw them. */

import { readFileSync } from 'node:fs';

import t from 'tap';

import { Generator } from '../../../lib/data/random.js';
import { ones, rand, tensor, zeros, type Tensor } from '../../../lib/tensor/index.js';
import { BatchAugment } from '../../../lib/vision/batch/batchAugment.js';
import { BatchErasing } from '../../../lib/vision/batch/erasing.js';
import { lighting, type LightingOp, type LightingStep } from '../../../lib/vision/batch/lighting.js';
import {
  BatchBrightness,
  BatchContrast,
  BatchHue,
  BatchSaturation,
  type LightingPart,
} from '../../../lib/vision/batch/lightingParts.js';
import { batchAugmentFromDescription } from '../../../lib/vision/batch/revive.js';
import { decode, type Recorded } from '../../nn/golden.js';

interface Goldens {
  readonly x: Recorded;
  readonly cases: readonly {
    readonly steps: readonly { op: LightingOp; changes: number[] }[];
    readonly result: Recorded;
  }[];
}

const goldens = JSON.parse(
  readFileSync(new URL('../../../../test/goldens/lighting/lighting.json', import.meta.url), 'utf8'),
) as Goldens;

const furthest = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

t.test('equal to fastai, alone and composed', (t) => {
  const x = decode(goldens.x);
  for (const { steps, result } of goldens.cases) {
    const name = steps.map(({ op }) => op).join(', ');
    const each = Array.from({ length: x.shape[0]! }, (_, i): LightingStep[] =>
      steps.map(({ op, changes }) => ({ op, change: changes[i]! })),
    );
    // Its logits, -log(1 / v - 1), lose digits near white: 3e-6 of what saturation makes of them.
    t.ok(furthest(lighting(x, each), decode(result)) < 5e-6, name);
  }
  t.equal(furthest(x, decode(goldens.x)), 0, 'what is given is not written to');
  t.end();
});

t.test('pictures of a batch do not touch each other', (t) => {
  const x = rand([3, 3, 5, 7]);
  const steps: LightingStep[][] = [
    [{ op: 'saturation', change: 1.5 }, { op: 'hue', change: 0.2 }],
    [],
    [{ op: 'brightness', change: 0.3 }, { op: 'contrast', change: 1.3 }],
  ]; // prettier-ignore
  const together = lighting(x, steps);
  for (const [i, list] of steps.entries())
    t.ok(furthest(together.narrow(0, i, 1), lighting(x.narrow(0, i, 1), [list])) < 1e-6, `picture ${i}`);
  t.ok(furthest(together.select(0, 1), x.select(0, 1)) < 1e-6, 'one that is left alone stays as it was');
  t.end();
});

t.test('pictures of one channel have brightness and contrast only', (t) => {
  const x = rand([1, 1, 4, 4]);
  const colour: LightingStep[] = [{ op: 'saturation', change: 3 }, { op: 'hue', change: 0.3 }]; // prettier-ignore
  t.equal(lighting(x, [colour]), x, 'nothing to do');
  const bright: LightingStep[] = [{ op: 'brightness', change: 0.7 }];
  const asColour = lighting(x.expand([1, 3, 4, 4]), [[...bright, ...colour]]);
  t.ok(furthest(lighting(x, [[...colour, ...bright]]).expand([1, 3, 4, 4]), asColour) < 1e-3, 'as grey in colour');
  t.end();
});

t.test('black and white stay, and nothing leaves 0 to 1', (t) => {
  const x = tensor([[[[0, 1, 0.5]]]]).expand([2, 3, 1, 3]);
  const strong: LightingStep[] = [{ op: 'contrast', change: 100 }, { op: 'brightness', change: 0.9 }]; // prettier-ignore
  const made = lighting(x, [strong, [{ op: 'brightness', change: 0.9 }]]);
  t.ok(made.min().item() >= 0 && made.max().item() <= 1);
  t.match([...made.select(0, 1).select(0, 0).flatten().toTypedArray()].map((v) => Math.round(Number(v) * 1e5) / 1e5), [0, 1, 0.9]); // prettier-ignore
  t.end();
});

t.test('gradients pass', (t) => {
  const x = rand([2, 3, 3, 3]).mul(0.8).add(0.1).requiresGrad_();
  const steps: LightingStep[] = [{ op: 'saturation', change: 1.2 }, { op: 'contrast', change: 1.1 }]; // prettier-ignore
  lighting(x, [steps, steps]).sum().backward();
  t.ok(x.grad!.abs().sum().item() > 0);
  t.end();
});

/** How many of `count` draws change something, and the changes. */
function drawn(part: LightingPart, count = 20_000): { share: number; changes: number[] } {
  const steps = Array.from({ length: count }, (_, i) => part.draw(new Generator(3, i)));
  const changes = steps.filter((step) => step !== null).map(({ change }) => change);
  return { share: changes.length / count, changes: changes.sort((a, b) => a - b) };
}

t.test('each part changes a picture with its probability, within its range', (t) => {
  const cases: [LightingPart, low: number, middle: number, high: number][] = [
    [new BatchBrightness(), 0.4, 0.5, 0.6],
    [new BatchBrightness({ p: 0.3, range: [0.5, 0.9] }), 0.5, 0.7, 0.9],
    [new BatchContrast({ p: 1 }), 0.8, 1, 1.25],
    [new BatchContrast({ maxLighting: 0.5 }), 0.5, 1, 2],
    [new BatchSaturation({ range: [0.25, 1] }), 0.25, 0.5, 1],
    [new BatchHue(), -0.1, 0, 0.1],
  ];
  for (const [part, low, middle, high] of cases) {
    const { share, changes } = drawn(part);
    const width = (high - low) / 50;
    t.ok(Math.abs(share - part.p) < 0.015, `${part.constructor.name}: p ${part.p}, ${share}`);
    t.ok(changes[0]! >= low && changes.at(-1)! <= high, 'within');
    t.ok(changes[0]! < low + width && changes.at(-1)! > high - width, 'up to both ends');
    t.ok(Math.abs(changes[changes.length >> 1]! - middle) < width, 'the middle in the middle');
  }
  t.end();
});

t.test('all parts are one pass, with their own numbers for each picture', (t) => {
  const parts = [new BatchBrightness({ p: 1 }), new BatchContrast({ p: 1 })];
  t.equal(parts[0]!.pass, parts[1]!.pass);
  const random = (part: number, picture: number): Generator => new Generator(5, picture, part);
  const x = rand([3, 3, 4, 4]);
  const made = parts[0]!.pass(x.clone(), parts, random);
  const steps = [0, 1, 2].map((i) => parts.map((part, k) => part.draw(random(k, i))!));
  t.equal(furthest(made, lighting(x, steps)), 0);
  t.end();
});

t.test('what is wrong is refused by name', (t) => {
  const x = ones([1, 3, 2, 2]);
  t.throws(() => lighting(zeros([1, 2, 2, 2]), [[]]), { message: /1 or 3 channels.*lighting: x/ });
  t.throws(() => lighting(ones([1, 3, 2, 2], { dtype: 'uint8' }), [[]]), { message: /floating-point/ });
  t.throws(() => lighting(x, []), { message: /1 pictures.*steps/ });
  t.throws(() => lighting(x, [[{ op: 'gamma' as LightingOp, change: 1 }]]), { message: /'hue'.*steps: op.*gamma/ });
  t.throws(() => lighting(x, [[{ op: 'brightness', change: 1 }]]), { message: /steps: change/ });
  t.throws(() => new BatchBrightness({ maxLighting: 1 }), { message: /0\.999.*maxLighting/ });
  t.throws(() => new BatchContrast({ range: [0, 1] }), { message: /range/ });
  t.throws(() => new BatchHue({ p: 2 }), { message: /p/ });
  t.end();
});

t.test('an augmentation with lighting and erasing comes back from its description', (t) => {
  const parts = [new BatchBrightness(), new BatchContrast(), new BatchSaturation(), new BatchHue(), new BatchErasing()];
  const augment = new BatchAugment(parts, { mean: [0.5], std: [0.25], seed: 3 });
  const described = JSON.parse(JSON.stringify(augment.describe())) as ReturnType<typeof augment.describe>;
  const x = rand([4, 3, 8, 8]);
  t.ok(
    batchAugmentFromDescription(described)
      .apply(x, { epoch: 2 })
      .equal(augment.apply(x, { epoch: 2 })),
  );
  t.end();
});
