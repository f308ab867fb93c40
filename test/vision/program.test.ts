import fc from 'fast-check';
import t from 'tap';

import { philox4x32 } from '../../lib/data/random.js';
import { loadAddon } from '../../lib/runtime/native.js';
import { ArgumentError } from '../../lib/tensor/errors.js';
import { encodeProgram, operationNames } from '../../lib/vision/encode.js';
import { type Image, type Channels } from '../../lib/vision/image.js';
import { runProgram, sizeAfter, type Crop, type ImageOperation, type Resize } from '../../lib/vision/program.js';
import { drawn, farthest, noisy } from './pictures.js';

const { runProgram: runNumbers } = loadAddon() as unknown as {
  runProgram(...args: unknown[]): Promise<{ data: Uint8Array }>;
};

async function oneAfterAnother(image: Image, operations: readonly ImageOperation[]): Promise<Image> {
  let made = image;
  for (const operation of operations) made = await runProgram(made, [operation]);
  return made;
}

const side = fc.integer({ min: 1, max: 30 });
const offset = fc.integer({ min: -12, max: 40 });
const anyCrop = fc.record<Crop>({
  op: fc.constant('crop'),
  left: offset,
  top: offset,
  width: side,
  height: side,
  outside: fc.constantFrom('fill', 'reflect', 'edge'),
});
const anyResize = fc.record<Resize>({
  op: fc.constant('resize'),
  width: side,
  height: side,
  filter: fc.constantFrom('nearest', 'bilinear', 'bicubic'),
  antialias: fc.boolean(),
});
const anyOperation = fc.oneof<fc.Arbitrary<ImageOperation>[]>(
  anyCrop,
  anyResize,
  anyCrop,
  anyResize,
  fc.record({ op: fc.constant('dihedral' as const), element: fc.integer({ min: 0, max: 7 }) }),
  fc.constantFrom<ImageOperation>({ op: 'toRgb' }, { op: 'toGrey' }, { op: 'grayscale' }),
);
const anyChannels = fc.integer({ min: 1, max: 4 }) as fc.Arbitrary<Channels>;

t.test('a program is its operations one after another, whatever is run together', async (t) => {
  const property = fc.asyncProperty(
    side,
    side,
    anyChannels,
    fc.array(anyOperation, { minLength: 1, maxLength: 5 }),
    async (width, height, channels, operations) => {
      const image = noisy(width, height, channels);
      const made = await runProgram(image, operations);
      const { width: wide, height: high, channels: deep } = made;
      t.same({ width: wide, height: high, channels: deep }, sizeAfter(operations, image));
      return farthest(made, await oneAfterAnother(image, operations)) === 0;
    },
  );
  await fc.assert(property, { seed: 1, numRuns: 300 });
});

t.test('crops inside before and after a resize', async () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const inside = (width: number, height: number, [x, y, w, h]: readonly number[]): Crop => {
    const [left, top] = [Math.floor(x! * (width - 1)), Math.floor(y! * (height - 1))];
    const [wide, high] = [1 + Math.floor(w! * (width - left - 1)), 1 + Math.floor(h! * (height - top - 1))];
    return { op: 'crop', left, top, width: wide, height: high };
  };
  const shares = fc.tuple(share, share, share, share);
  await fc.assert(
    fc.asyncProperty(side, side, anyChannels, anyResize, shares, shares, async (width, height, channels, r, a, b) => {
      const image = noisy(width, height, channels);
      const operations = [inside(width, height, a), r, inside(r.width, r.height, b)];
      return farthest(await runProgram(image, operations), await oneAfterAnother(image, operations)) === 0;
    }),
    { seed: 1, numRuns: 300 },
  );
});

t.test('what a crop shows outside of the image', async (t) => {
  const image = drawn(3, 1, 1, (x) => x + 1);
  const row = async (crop: Partial<Crop>): Promise<number[]> => [
    ...(await runProgram(image, [{ op: 'crop', left: -4, top: 0, width: 11, height: 1, ...crop }])).data,
  ];
  t.same(await row({}), [0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0]);
  t.same(await row({ outside: 'fill', fill: 9 }), [9, 9, 9, 9, 1, 2, 3, 9, 9, 9, 9]);
  t.same(await row({ outside: 'edge' }), [1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3]);
  t.same(await row({ outside: 'reflect' }), [1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3]);
  t.same(await row({ outside: 'reflect', top: -5 }), [1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3], 'a row mirrors to itself');
  t.same(await row({ left: 90, outside: 'edge' }), Array(11).fill(3), 'far outside');
  const colours = await runProgram(
    drawn(1, 1, 3, () => 7),
    [{ op: 'crop', left: 0, top: 0, width: 2, height: 1, fill: [1, 2, 3] }],
  );
  t.same([...colours.data], [7, 7, 7, 1, 2, 3]);
});

t.test('between grey and colour', async (t) => {
  const rgba = drawn(2, 1, 4, (x, _y, channel) => [200, 100, 50, 9][channel]! + x);
  const made = async (op: 'toRgb' | 'toGrey' | 'grayscale', image = rgba): Promise<number[]> => [
    ...(await runProgram(image, [{ op }])).data,
  ];
  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
  t.same(await made('toRgb'), [200, 100, 50, 201, 101, 51]);
  t.same(await made('toGrey'), [124, 125]);
  t.same(await made('grayscale'), [124, 124, 124, 9, 125, 125, 125, 10], 'alpha stays');
  const greyAlpha = drawn(2, 1, 2, (x, _y, channel) => 10 * channel + x);
  t.same(await made('toRgb', greyAlpha), [0, 0, 0, 1, 1, 1]);
  t.same(await made('toGrey', greyAlpha), [0, 1]);
  t.same(await made('grayscale', greyAlpha), [0, 10, 1, 11]);
});

t.test("erasing: a colour or a key's noise, and nothing beside the rectangle", async (t) => {
  const image = noisy(6, 5, 3);
  const place = { op: 'erase', left: 1, top: 2, width: 4, height: 2 } as const;
  const inside = (i: number): boolean => {
    const [x, y] = [Math.floor(i / 3) % 6, Math.floor(i / 18)];
    return x >= 1 && x < 5 && y >= 2 && y < 4;
  };
  const filled = await runProgram(image, [{ ...place, fill: [10, 20, 30] }]);
  t.ok(filled.data.every((value, i) => value === (inside(i) ? 10 * ((i % 3) + 1) : image.data[i]!)));
  const key: [number, number] = [123, 4_000_000_000];
  const covered = await runProgram(image, [{ ...place, noise: key }]);
  const words = [0, 1].flatMap((block) => philox4x32([block, 0, 0, 0], key));
  const noise = [...new Uint8Array(Uint32Array.from(words).buffer)].slice(0, 24);
  t.same(
    [...covered.data].filter((_, i) => inside(i)),
    noise,
  );
  t.ok(covered.data.every((value, i) => inside(i) || value === image.data[i]!));
});

t.test('no operation: the image itself, and no change of what came in', async (t) => {
  const image = noisy(4, 3, 3);
  t.equal(await runProgram(image, []), image);
  const before = [...image.data];
  const grey = await runProgram(image.with({ path: 'a.png' }), [{ op: 'grayscale' }]);
  t.same([...image.data], before);
  t.equal(grey.path, 'a.png');
});

t.test('both sides have the same list of operations', async (t) => {
  for (const [number, name] of operationNames.entries()) {
    const numbers = Float64Array.of(number, 60, ...Array<number>(60).fill(NaN));
    await t.rejects(runNumbers(new Uint8Array(3), 1, 1, 3, numbers), { message: new RegExp(`^${name}: `) });
  }
  const more = Float64Array.of(operationNames.length, 0);
  await t.rejects(runNumbers(new Uint8Array(3), 1, 1, 3, more), { message: /number of an operation below/ });
});

t.test('arguments that do not fit name the image, the operation and the argument', async (t) => {
  const image = noisy(4, 3, 3).with({ path: 'fish.jpg' });
  const resize = { op: 'resize', width: 2, height: 2, filter: 'bilinear' } as const;
  const crop = { op: 'crop', left: 0, top: 0, width: 2, height: 2 } as const;
  const map = { width: 2, height: 2, filter: 'bilinear' } as const;
  const wrong: [RegExp, ImageOperation][] = [
    [/fish\.jpg: resize: .* for `width` but received 1\.5/, { ...resize, width: 1.5 }],
    [/resize: .* for `height` but received nan/, { ...resize, height: NaN }],
    [/resize: .* for `width` but received 0/, { ...resize, width: 0 }],
    [/resize: .* for `width`/, { ...resize, width: 2 ** 21 }],
    [/resize: .*less than 2 GiB/, { ...resize, width: 2 ** 20, height: 2 ** 20 }],
    [/resize: .* for `filter`/, { ...resize, filter: 'cubic' as 'bicubic' }],
    [/resize: .*inside 4x3 for `box`/, { ...resize, box: [0, 0, 4.5, 3] }],
    [/resize: .*inside 4x3 for `box`/, { ...resize, box: [1, 1, 1, 3] }],
    [/resize: .* for `box`/, { ...resize, box: [0, NaN, 4, 3] }],
    [/resize: .* for `box` but received nothing/, { ...resize, box: [0, 0, 4] as unknown as [0, 0, 4, 3] }],
    [/resize: expected nearest, bilinear or bicubic/, { ...resize, antialias: false, filter: 'lanczos' }],
    [/crop: .* for `left`/, { ...crop, left: 0.5 }],
    [/crop: .* for `width`/, { ...crop, width: 0 }],
    [/crop: .* for `outside`/, { ...crop, outside: 'wrap' as 'fill' }],
    [/crop: .*one value or 3 for `fill`/, { ...crop, fill: [1, 2] }],
    [/crop: .* for `fill` but received 256/, { ...crop, fill: 256 }],
    [/dihedral: .* for `element` but received 8/, { op: 'dihedral', element: 8 }],
    [/warp: .* for `coefficients` but received nothing/, { op: 'warp', ...map, coefficients: [1, 0, 0, 0, 1, 0] }],
    [/affine: expected 11 arguments/, { op: 'affine', ...map, coefficients: [1, 0, 0, 0, 1, 0, 0, 0] }],
    [
      /warp: .* for `coefficients` but received inf/,
      { op: 'warp', ...map, coefficients: [1 / 0, 0, 0, 0, 1, 0, 0, 0] },
    ],
  ];
  for (const [message, operation] of wrong) {
    const failed = runProgram(image, [operation]);
    await t.rejects(failed, { message, code: 'ERR_TENCH_ARGUMENT' }, String(message));
    await failed.catch((error: unknown) => t.ok(error instanceof ArgumentError));
  }
  t.throws(() => encodeProgram([{ op: 'melt' } as unknown as ImageOperation]), { message: /one of toRgb, .*melt/ });
});

t.test('the addon checks what it is given', async (t) => {
  const data = new Uint8Array(36);
  const none = new Float64Array();
  const wrong: [RegExp, unknown[]][] = [
    [/3 x 4 x 4 bytes for `data` but received 36 bytes/, [data, 4, 3, 4, none]],
    [/for `data`/, [new Float32Array(36), 4, 3, 3, none]],
    [/for `data`/, [null, 4, 3, 3, none]],
    [/for `width` but received 0/, [data, 0, 3, 3, none]],
    [/for `height`/, [data, 4, NaN, 3, none]],
    [/for `height`/, [data, 4, 2 ** 40, 3, none]],
    [/for `channels`/, [new Uint8Array(60), 4, 3, 5, none]],
    [/for `program`/, [data, 4, 3, 3]],
    [/for `program`/, [data, 4, 3, 3, [0, 0]]],
    [/number of an operation/, [data, 4, 3, 3, Float64Array.of(0.5, 0)]],
    [/number of an operation/, [data, 4, 3, 3, Float64Array.of(NaN, 0)]],
    [/number of arguments/, [data, 4, 3, 3, Float64Array.of(0)]],
    [/number of arguments/, [data, 4, 3, 3, Float64Array.of(0, 1)]],
    [/number of arguments/, [data, 4, 3, 3, Float64Array.of(0, -1)]],
  ];
  for (const [message, args] of wrong) {
    await t.rejects(runNumbers(...args), { name: 'TypeError', code: 'ERR_TENCH_ARGUMENT', message }, String(message));
  }
  t.same([...(await runNumbers(data, 4, 3, 3, none)).data], [...data]);
});
