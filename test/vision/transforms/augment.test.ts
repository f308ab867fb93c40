import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { Image } from '../../../lib/vision/image.js';
import { runProgram } from '../../../lib/vision/program.js';
import { randAugmentations, trivialAugmentations } from '../../../lib/vision/transforms/randAugment.js';
import { farthest } from '../pictures.js';

/** Written by scripts/goldens/transforms.py with torchvision; data in hexadecimal digits. */
interface Goldens {
  readonly width: number;
  readonly height: number;
  readonly data: string;
  readonly cases: { kind: string; name: string; step: number; signed: boolean; strength: number; data: string }[];
}

const path = new URL('../../../../test/goldens/transforms/augmentations.json', import.meta.url);
const { width, height, data, cases } = JSON.parse(readFileSync(fileURLToPath(path), 'utf8')) as Goldens;
const image = (hex: string): Image =>
  new Image({ width, height, channels: 3, data: Uint8Array.from(Buffer.from(hex, 'hex')) });

t.test('every augmentation at every strength gives the pixels of torchvision', async (t) => {
  const source = image(data);
  for (const { kind, name, step, signed, strength, data: made } of cases) {
    const list = kind === 'RandAugment' ? randAugmentations : trivialAugmentations;
    const augmentation = list.find((one) => one.name === name)!;
    const label = `${kind}: ${name} ${strength}`;
    t.equal(augmentation.signed, signed, label);
    const ours = augmentation.strength(step / 30, source);
    t.ok(Math.abs(ours - Math.abs(strength)) < 1e-4, `${label}: strength ${ours}`);
    // Theirs is in single precision, which decides where a byte is cut off.
    const operations = augmentation.operations(strength, source, 'nearest', 0);
    t.equal(farthest(await runProgram(source, operations), image(made)), 0, label);
  }
  t.equal(new Set(cases.map(({ name }) => name)).size, 14);
});
