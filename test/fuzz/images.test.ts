import t from 'tap';
import { Generator, TenchError } from '../../lib/index.js';
import { damage, drawChanges } from '../../scripts/fuzz/files/damage.js';
import { decodeTwice, imageNames, wholeImages } from '../../scripts/fuzz/kinds/images.js';

t.test('300 damaged image files end in pixels, the same ones twice, or in a typed error', async (t) => {
  const wholes = await wholeImages();
  const ended = { pixels: 0, error: 0 };
  for (let i = 0; i < 300; i++) {
    const name = imageNames[i % imageNames.length]!;
    const random = new Generator(6, i);
    const changes = drawChanges(random);
    const bytes = damage(wholes.get(name)!, changes);
    try {
      await decodeTwice(bytes, { maxPixels: 2 ** 24, allowTruncated: random.bernoulli(0.5) });
      ended.pixels += 1;
    } catch (error) {
      const isTyped = error instanceof TenchError && error.code === 'ERR_TENCH_IMAGE';
      if (!isTyped) t.error(error, `${name} after ${JSON.stringify(changes)}`);
      ended.error += 1;
    }
  }
  t.ok(ended.pixels > 30 && ended.error > 100, `${ended.pixels} were pixels, ${ended.error} errors`);
});
