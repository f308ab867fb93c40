import t from 'tap';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeImage } from '../../lib/vision/decode.js';

// From dist/test/vision back to the folder of the repository.
const goldens = fileURLToPath(new URL('../../../test/goldens/formats/', import.meta.url));

interface Golden {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Base64. */
  readonly data: string;
}

/**
 * Two programs that read AVIF agree on what is stored, but not on how its colours become RGB; most of all not on how the halved planes of colour
 * are enlarged.
 */
const tolerances: Readonly<Record<string, number>> = {
  'lossless.avif': 1,
  'alpha.avif': 1,
  'grey.avif': 1,
  'lossy.avif': 16,
};

const pixels = Object.entries(JSON.parse(readFileSync(join(goldens, 'pixels.json'), 'utf8')) as Record<string, Golden>);

for (const ending of ['png', 'webp', 'gif', 'tif', 'avif']) {
  t.test(`every kind of ${ending} gives the pixels of the rule`, async (t) => {
    const files = pixels.filter(([name]) => name.endsWith(`.${ending}`));
    t.ok(files.length >= 4);
    for (const [name, golden] of files) {
      const image = await decodeImage(join(goldens, name));
      t.same(
        [image.width, image.height, image.channels],
        [golden.width, golden.height, golden.channels],
        `${name}: size and channels`,
      );
      const wanted = Buffer.from(golden.data, 'base64');
      const off = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - image.data[i]!)), 0);
      t.ok(off <= (tolerances[name] ?? 0), `${name}: at most ${off} levels off`);
    }
  });
}
