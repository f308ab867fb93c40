import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import t from 'tap';

import { filters, type Filter } from '../../lib/vision/filters.js';
import { Image, type Channels } from '../../lib/vision/image.js';
import { runProgram, type ImageOperation } from '../../lib/vision/program.js';

type Four = [number, number, number, number];
type Size = [width: number, height: number];

interface Options {
  width: number;
  height: number;
  filter: Filter;
  box?: Four | null;
  window?: Four;
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

/** A resize and, where there is a window, a crop of its result. */
async function resample(
  data: Uint8Array,
  width: number,
  height: number,
  channels: number,
  { window, box, ...target }: Options,
): Promise<Uint8Array> {
  const program: ImageOperation[] = [{ op: 'resize', ...target, box: box ?? undefined }];
  if (window) program.push({ op: 'crop', left: window[0], top: window[1], width: window[2], height: window[3] });
  return (await runProgram(new Image({ width, height, channels: channels as Channels, data }), program)).data;
}

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
      const ours = await resample(stored(source, size, channels), size[0], size[1], channels, options);
      t.equal(difference(ours, stored(results[filter] ?? NaN, target, channels)), 0, `${name}, ${filter}`);
    }
  }
});

t.test('many at a time give the same bytes', async (t) => {
  const source = pattern(50 * 41 * 3);
  const results = await Promise.all(
    filters.flatMap((filter) =>
      [5, 41, 90].map((height) => resample(source, 50, 41, 3, { width: 37, height, filter })),
    ),
  );
  const expected: Uint8Array[] = [];
  for (const filter of filters) {
    for (const height of [5, 41, 90]) {
      expected.push(await resample(source, 50, 41, 3, { width: 37, height, filter }));
    }
  }
  t.equal(results.length, expected.length);
  results.forEach((result, i) => t.equal(difference(result, expected[i] ?? new Uint8Array()), 0));
});

t.test('pixels handed to another thread meanwhile do no harm', async (t) => {
  const source = pattern(300 * 300 * 4);
  const expected = await resample(source, 300, 300, 4, { width: 64, height: 64, filter: 'lanczos' });
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
  await fc.assert(
    fc.asyncProperty(
      anyResize,
      fc.integer({ min: 0, max: 255 }),
      async ({ width, height, channels, filter, target }, value) => {
        const source = new Uint8Array(width * height * channels).fill(value);
        const resized = await resample(source, width, height, channels, {
          width: target[0],
          height: target[1],
          filter,
        });
        return resized.every((byte) => byte === value);
      },
    ),
    { seed: 1 },
  );
});

t.test('a window is that part of the whole result', async () => {
  const part = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
  await fc.assert(
    fc.asyncProperty(anyResize, part, part, async ({ width, height, channels, filter, target }, across, down) => {
      const source = pattern(width * height * channels);
      const options = { width: target[0], height: target[1], filter };
      const [left, top] = [Math.floor(across[0] * (target[0] - 1)), Math.floor(down[0] * (target[1] - 1))];
      const [w, h] = [
        1 + Math.floor(across[1] * (target[0] - left - 1)),
        1 + Math.floor(down[1] * (target[1] - top - 1)),
      ];
      const whole = await resample(source, width, height, channels, options);
      const rows = Array.from({ length: h }, (_, y) => [
        ...whole.subarray(((top + y) * target[0] + left) * channels).subarray(0, w * channels),
      ]);
      return (
        difference(
          await resample(source, width, height, channels, { ...options, window: [left, top, w, h] }),
          Uint8Array.from(rows.flat()),
        ) === 0
      );
    }),
    { seed: 1 },
  );
});

t.test('channels do not influence one another', async () => {
  await fc.assert(
    fc.asyncProperty(anyResize, async ({ width, height, channels, filter, target }) => {
      const source = pattern(width * height * channels);
      const options = { width: target[0], height: target[1], filter };
      const whole = await resample(source, width, height, channels, options);
      for (let channel = 0; channel < channels; channel++) {
        const only = (bytes: Uint8Array): Uint8Array => bytes.filter((_, i) => i % channels === channel);
        if (difference(only(whole), await resample(only(source), width, height, 1, options)) > 0) return false;
      }
      return true;
    }),
    { seed: 1 },
  );
});
