import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import t from 'tap';

import { Image, type Channels } from '../../lib/vision/image.js';
import { runProgram, type ImageOperation } from '../../lib/vision/program.js';
import { farthest } from './pictures.js';

/** Where a picture's bytes lie in pixels.bin. */
interface Stored {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly offset: number;
}

/** Written by scripts/goldens/programs.py with Pillow. */
interface Goldens {
  readonly sources: Record<string, Stored>;
  readonly cases: (Stored & { name: string; source: string; operations: ImageOperation[] })[];
}

const folder = new URL('../../../test/goldens/programs/', import.meta.url);
const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL('pixels.bin', folder))));
const { sources, cases } = JSON.parse(readFileSync(fileURLToPath(new URL('cases.json', folder)), 'utf8')) as Goldens;

function load({ width, height, channels, offset }: Stored): Image {
  return new Image({ width, height, channels, data: bytes.slice(offset, offset + width * height * channels) });
}

t.test('every operation gives the bytes of Pillow', async (t) => {
  for (const golden of cases) {
    const made = await runProgram(load(sources[golden.source]!), golden.operations);
    t.equal(farthest(made, load(golden)), 0, `${golden.name}, ${golden.source}`);
  }
});
