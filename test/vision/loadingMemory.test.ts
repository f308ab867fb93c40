import t from 'tap';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { create } from 'tar';
import type { TenEpochs } from './tenEpochs.js';

const program = fileURLToPath(new URL('./tenEpochs.js', import.meta.url));

/** Noise compresses badly: what an epoch reads is then far more than what may be left of it. */
const FILES = 24;
const ITEMS = 120;
const MB = 1e6;

const folder = t.testdir({ pictures: {}, shards: {} });
const pictures = join(folder, 'pictures');
const shards = join(folder, 'shards');
let epochBytes = 0;

t.before(async () => {
  const names: string[] = [];
  for (let i = 0; i < FILES; i += 1) {
    const [width, height] = [320 + i, 240 - i];
    const raw = Buffer.from(Array.from({ length: width * height * 3 }, (_, at) => (at * (at % (641 + i)) * 31) % 251));
    const bytes = await sharp(raw, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 98 })
      .toBuffer();
    const name = `${i}.jpg`;
    writeFileSync(join(pictures, name), bytes);
    epochBytes += (bytes.length * ITEMS) / FILES;
    names.push(name);
  }
  for (let shard = 0; shard < ITEMS / FILES; shard += 1)
    await create({ cwd: pictures, gzip: shard % 2 === 1, file: join(shards, `${shard}.tar`) }, names);
});

for (const kind of ['files', 'bytes', 'shards', 'javascript']) {
  t.test(
    `ten epochs of ${kind} hold less than 200 MB beside their batches, and the last no more than the third`,
    async (t) => {
      const from = kind === 'shards' ? shards : pictures;
      const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, kind, from, `${ITEMS}`]);
      const { beyond, tensors, bytes, resident } = JSON.parse(stdout) as TenEpochs;
      t.equal(beyond.length, 10);
      t.ok(Math.max(...beyond) < 200 * MB, `at most ${(Math.max(...beyond) / MB).toFixed(0)} MB`);
      t.same(tensors, new Array(10).fill(0), 'no tensor is left after an epoch');
      t.same(bytes, new Array(10).fill(0), 'nor the memory of one');
      const growth = resident[9]! - resident[2]!;
      t.ok(epochBytes > 10 * MB);
      t.ok(growth < 2 * epochBytes, `${(growth / MB).toFixed(1)} MB more after seven epochs of ${epochBytes / MB} MB`);
    },
  );
}
