import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import t from 'tap';

import { loadAddon } from '../../lib/runtime/native.js';

type Four = [number, number, number, number];
type Size = [width: number, height: number];

interface Options {
  width: number;
  height: number;
  filter: string;
  box?: Four | null;
  window?: Four;
}

interface Resampler {
  resample(data: Uint8Array, width: number, height: number, channels: number, options: Options): Promise<Uint8Array>;
  resampleSync(data: Uint8Array, width: number, height: number, channels: number, options: Options): Uint8Array;
}

/** Written by scripts/goldens/resample.py with Pillow; numbers are offsets into pixels.bin. */
interface Case {
  name: string;
  channels: number;
  size: Size;
  box: Four | null;
  target: Size;
  source: number;
  results: Record<string, number>;
}

const goldens = new URL('../../../test/goldens/resample/', import.meta.url);
const pixels = new Uint8Array(readFileSync(fileURLToPath(new URL('pixels.bin', goldens))));
const { cases } = JSON.parse(readFileSync(fileURLToPath(new URL('cases.json', goldens)), 'utf8')) as { cases: Case[] };
const { resample, resampleSync } = loadAddon() as unknown as Resampler;
const filters = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];

function stored(offset: number, [width, height]: Size, channels: number): Uint8Array {
  return pixels.slice(offset, offset + width * height * channels);
}

/** Pixels that repeat only after a long while. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * i * 31 + i * 7) % 251);
}

/** The largest difference between two equally long arrays. */
function difference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Infinity))),
    a.length === b.length ? 0 : Infinity,
  );
}

t.test('every filter gives the bytes of Pillow', async (t) => {
  for (const { name, channels, size, box, target, source, results } of cases) {
    for (const filter of filters) {
      const options = { width: target[0], height: target[1], filter, box };
      const ours = resampleSync(stored(source, size, channels), size[0], size[1], channels, options);
      t.equal(difference(ours, stored(results[filter] ?? NaN, target, channels)), 0, `${name}, ${filter}`);
    }
  }
});

t.test('a promise gives the same bytes, many at a time', async (t) => {
  const source = pattern(50 * 41 * 3);
  const results = await Promise.all(
    filters.flatMap((filter) =>
      [5, 41, 90].map((height) => resample(source, 50, 41, 3, { width: 37, height, filter })),
    ),
  );
  const expected = filters.flatMap((filter) =>
    [5, 41, 90].map((height) => resampleSync(source, 50, 41, 3, { width: 37, height, filter })),
  );
  t.equal(results.length, expected.length);
  results.forEach((result, i) => t.equal(difference(result, expected[i] ?? new Uint8Array()), 0));
});

t.test('pixels handed to another thread meanwhile do no harm', async (t) => {
  const source = pattern(300 * 300 * 4);
  const expected = resampleSync(source, 300, 300, 4, { width: 64, height: 64, filter: 'lanczos' });
  const running = resample(source, 300, 300, 4, { width: 64, height: 64, filter: 'lanczos' });
  structuredClone(source.buffer, { transfer: [source.buffer as ArrayBuffer] });
  t.equal(source.length, 0);
  t.equal(difference(await running, expected), 0);
});

const side = fc.integer({ min: 1, max: 40 });
const anyResize = fc.record({
  width: side,
  height: side,
  channels: fc.integer({ min: 1, max: 4 }),
  filter: fc.constantFrom(...filters),
  target: fc.tuple(side, side),
});

t.test('one colour stays that colour', async () => {
  fc.assert(
    fc.property(anyResize, fc.integer({ min: 0, max: 255 }), ({ width, height, channels, filter, target }, value) => {
      const source = new Uint8Array(width * height * channels).fill(value);
      return resampleSync(source, width, height, channels, { width: target[0], height: target[1], filter }).every(
        (byte) => byte === value,
      );
    }),
  );
});

t.test('a window is that part of the whole result', async () => {
  const part = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
  fc.assert(
    fc.property(anyResize, part, part, ({ width, height, channels, filter, target }, across, down) => {
      const source = pattern(width * height * channels);
      const options = { width: target[0], height: target[1], filter };
      const [left, top] = [Math.floor(across[0] * (target[0] - 1)), Math.floor(down[0] * (target[1] - 1))];
      const [w, h] = [
        1 + Math.floor(across[1] * (target[0] - left - 1)),
        1 + Math.floor(down[1] * (target[1] - top - 1)),
      ];
      const whole = resampleSync(source, width, height, channels, options);
      const rows = Array.from({ length: h }, (_, y) => [
        ...whole.subarray(((top + y) * target[0] + left) * channels).subarray(0, w * channels),
      ]);
      return (
        difference(
          resampleSync(source, width, height, channels, { ...options, window: [left, top, w, h] }),
          Uint8Array.from(rows.flat()),
        ) === 0
      );
    }),
  );
});

t.test('channels do not influence one another', async () => {
  fc.assert(
    fc.property(anyResize, ({ width, height, channels, filter, target }) => {
      const source = pattern(width * height * channels);
      const options = { width: target[0], height: target[1], filter };
      const whole = resampleSync(source, width, height, channels, options);
      return Array.from({ length: channels }, (_, channel) => channel).every((channel) => {
        const only = (bytes: Uint8Array): Uint8Array => bytes.filter((_, i) => i % channels === channel);
        return difference(only(whole), resampleSync(only(source), width, height, 1, options)) === 0;
      });
    }),
  );
});

t.test('what cannot be is a TypeError that names the argument', async (t) => {
  const data = pattern(4 * 3 * 3);
  const options = { width: 2, height: 2, filter: 'bilinear' };
  const wrong: [RegExp, unknown[]][] = [
    [/3 x 4 x 4 bytes for `data` but received 36 bytes/, [data, 4, 3, 4, options]],
    [/for `data`/, [new Float32Array(36), 4, 3, 3, options]],
    [/for `data`/, [null, 4, 3, 3, options]],
    [/for `width` but received 0/, [data, 0, 3, 3, options]],
    [/for `height`/, [data, 4, NaN, 3, options]],
    [/for `height`/, [data, 4, 2 ** 40, 3, options]],
    [/for `channels`/, [new Uint8Array(60), 4, 3, 5, options]],
    [/for `options`/, [data, 4, 3, 3]],
    [/for `options.width` but received 1.5/, [data, 4, 3, 3, { ...options, width: 1.5 }]],
    [/for `options.height` but received undefined/, [data, 4, 3, 3, { ...options, height: undefined }]],
    [/'nearest', .* for `filter` but received 'cubic'/, [data, 4, 3, 3, { ...options, filter: 'cubic' }]],
    [/inside 4x3 for `box`/, [data, 4, 3, 3, { ...options, box: [0, 0, 4.5, 3] }]],
    [/inside 4x3 for `box`/, [data, 4, 3, 3, { ...options, box: [1, 1, 1, 3] }]],
    [/inside 4x3 for `box`/, [data, 4, 3, 3, { ...options, box: [0, NaN, 4, 3] }]],
    [/four numbers for `box`/, [data, 4, 3, 3, { ...options, box: [0, 0, 4] }]],
    [/inside 2x2 for `window`/, [data, 4, 3, 3, { ...options, window: [1, 0, 2, 2] }]],
    [/less than 2 GiB/, [data, 4, 3, 3, { ...options, width: 2 ** 20, height: 2 ** 20 }]],
  ];
  for (const [message, args] of wrong) {
    const error = { name: 'TypeError', code: 'ERR_TENCH_ARGUMENT', message };
    t.throws(() => resampleSync(...(args as Parameters<Resampler['resampleSync']>)), error, String(message));
    await t.rejects(
      resample(...(args as Parameters<Resampler['resample']>)),
      error,
      `${String(message)}, as a rejection`,
    );
  }
});

t.test(
  "an options object's own exception comes through, and one that takes the pixels away is found out",
  async (t) => {
    const data = pattern(4 * 3 * 3);
    const options = (filter: () => string): Options =>
      Object.defineProperty({ width: 2, height: 2, filter: '' }, 'filter', { get: filter });
    t.throws(
      () =>
        resampleSync(
          data,
          4,
          3,
          3,
          options(() => {
            throw new RangeError('mine');
          }),
        ),
      { name: 'RangeError', message: 'mine' },
    );
    const taking = options(() => {
      structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] });
      return 'box';
    });
    t.throws(() => resampleSync(data, 4, 3, 3, taking), /for `data` but received 0 bytes/);
  },
);
