import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

import t from 'tap';

import { crc32 } from '../../lib/runtime/archives/crc32.js';
import { unpackArchive, unpackInto } from '../../lib/runtime/archive.js';
import type { Progress } from '../../lib/runtime/download.js';
import { TenchError } from '../../lib/runtime/errors.js';
import { noise } from './serve.js';

// Written by scripts/goldens/archives.py with Python's tarfile and zipfile.
const goldens = fileURLToPath(new URL('../../../test/goldens/archives/', import.meta.url));

/** What the good archives hold, as that script says. */
const good: Record<string, Buffer> = {
  'set/tool': Buffer.from('#!/bin/sh\n'),
  'set/train/a/one.txt': Buffer.from('one\n'),
  'set/train/b/two.bin': Buffer.concat(Array(30).fill(Buffer.from(Array.from({ length: 256 }, (_, n) => n)))),
  'set/val/a/empty.txt': Buffer.alloc(0),
  'set/été/日本.txt': Buffer.from('grüß\n'),
  [`set/${'long-'.repeat(30)}/${'name-'.repeat(30)}.txt`]: Buffer.from('long\n'),
};

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

t.test('every format unpacks to the same files', async (t) => {
  for (const name of ['good.tar', 'good-gnu.tar', 'good.tgz', 'good.zip']) {
    const folder = join(t.testdir(), 'out');
    const seen: Progress[] = [];
    t.equal(await unpackArchive(join(goldens, name), folder, { onProgress: (at) => seen.push(at) }), folder);
    t.same(filesIn(folder).sort(), Object.keys(good).sort(), name);
    for (const [path, content] of Object.entries(good)) t.ok(readFileSync(join(folder, path)).equals(content), path);
    t.equal(statSync(join(folder, 'set/tool')).mode & 0o4111, 0o111, 'executable, but not setuid');
    t.equal(statSync(join(folder, 'set/train/a/one.txt')).mode & 0o111, 0);
    t.equal(seen.at(-1)?.total, statSync(join(goldens, name)).size);
    t.ok(seen.every(({ received, total = 0 }) => received <= total));
    t.same(readdirSync(join(folder, '..')), ['out'], 'nothing is left beside it');
  }
});

t.test('the content tells the format, not the name', async (t) => {
  const folder = t.testdir({
    'a.zip': readFileSync(join(goldens, 'good.tgz')),
    'b.whl': readFileSync(join(goldens, 'good.zip')),
    c: readFileSync(join(goldens, 'good.tar')),
    'page.tgz': '<!DOCTYPE html><title>Sorry</title>',
    'empty.tgz': '',
    'text.zip': 'PK, but no archive'.repeat(50),
    'xz.tar': Buffer.from('fd377a585a00', 'hex'),
  });
  for (const name of ['a.zip', 'b.whl', 'c']) {
    await unpackArchive(join(folder, name), join(folder, 'out', name));
    t.equal(filesIn(join(folder, 'out', name)).length, Object.keys(good).length);
  }
  const refusals = {
    'page.tgz': /a web page/,
    'empty.tgz': /an empty file/,
    'text.zip': /unknown format/,
    'xz.tar': /with xz/,
  };
  for (const [name, message] of Object.entries(refusals)) {
    await t.rejects(unpackArchive(join(folder, name), join(folder, 'out', name)), {
      code: 'ERR_TENCH_ARCHIVE',
      message,
    });
  }
  await t.rejects(unpackArchive(join(folder, 'none'), join(folder, 'x')), {
    code: 'ERR_TENCH_NOT_FOUND',
    message: /none/,
  });
});

t.test('entries that are not safe are errors that name them, and leave nothing', async (t) => {
  const hostile: Record<string, RegExp> = {
    'dotdot.tgz': /"\.\.\/evil\.txt".*leave the folder/,
    'dotdot-inside.tgz': /"set\/\.\.\/\.\.\/evil\.txt".*leave the folder/,
    'absolute.tgz': /"\/tmp\/tench-evil\.txt".*absolute/,
    'drive.tgz': /"C:\/evil\.txt".*absolute/,
    'backslash.tgz': /evil\.txt".*backslash/,
    'symlink.tgz': /"set\/link".*a link to "\.\.\/\.\.\/etc"/,
    'hardlink.tgz': /"set\/link".*a link to "set\/first\.txt"/,
    'fifo.tgz': /"set\/pipe".*FIFO/,
    'device.tgz': /"set\/null".*CharacterDevice/,
    'unknown-kind.tgz': /"set\/odd".*kind/,
    'twice.tgz': /"set\/first\.txt".*twice/,
    'file-as-folder.tgz': /"set\/first\.txt\/inner\.txt".*its folder is a file/,
    'dotdot.zip': /"\.\.\/evil\.txt".*leave the folder/,
    'absolute.zip': /"\/tmp\/tench-evil\.txt".*absolute/,
    'drive.zip': /"C:\/evil\.txt".*absolute/,
    'backslash.zip': /evil\.txt".*backslash/,
    'symlink.zip': /"set\/link".*a link/,
    'twice.zip': /"set\/\.\/first\.txt".*twice/,
  };
  for (const [name, message] of Object.entries(hostile)) {
    const parent = t.testdir({ inner: {} });
    await t.rejects(
      unpackArchive(join(goldens, name), join(parent, 'inner', 'out')),
      { code: 'ERR_TENCH_ARCHIVE', message },
      name,
    );
    t.same(readdirSync(parent, { recursive: true }), ['inner'], name);
  }
  t.notOk(existsSync('/tmp/tench-evil.txt'));
});

t.test('limits on bytes and entries stop an archive bomb', async (t) => {
  for (const name of ['bomb.tgz', 'bomb.zip']) {
    const folder = join(t.testdir(), 'out');
    const archive = join(goldens, name);
    await t.rejects(unpackArchive(archive, folder, { maxBytes: 102_399 }), {
      message: /"set\/1".*exceed 102399 bytes/,
    });
    await t.rejects(unpackArchive(archive, folder, { maxEntries: 1 }), { message: /"set\/1".*limit of 1 entries/ });
    t.notOk(existsSync(folder));
    await unpackArchive(archive, folder, { maxBytes: 102_400, maxEntries: 2 });
    t.equal(filesIn(folder).length, 2);
  }
});

t.test('an archive cut at any place is an error and leaves nothing', async (t) => {
  for (const name of ['good.tar', 'good.tgz', 'good.zip']) {
    const whole = readFileSync(join(goldens, name));
    // The end of a tar file is 1,024 zero bytes and then padding; without the padding it is still whole.
    const used = name === 'good.tar' ? whole.findLastIndex((byte) => byte !== 0) + 1 : whole.length;
    const parent = t.testdir();
    const cut = join(parent, 'cut');
    for (let length = 1; length < used; length += Math.ceil(used / 25)) {
      writeFileSync(cut, whole.subarray(0, length));
      await t.rejects(
        unpackArchive(cut, join(parent, 'out')),
        { code: 'ERR_TENCH_ARCHIVE' },
        `${name} cut at ${length}`,
      );
      t.same(readdirSync(parent), ['cut']);
    }
  }
});

t.test('a tar file cut between two entries is noticed by its missing end', async (t) => {
  const parent = t.testdir({ 'cut.tar': readFileSync(join(goldens, 'good-gnu.tar')).subarray(0, 512) });
  await t.rejects(unpackArchive(join(parent, 'cut.tar'), join(parent, 'out')), { message: /end marker/ });
});

t.test('damage is noticed by checksums', async (t) => {
  const parent = t.testdir();
  const tgz = readFileSync(join(goldens, 'good.tgz'));
  const tar = gunzipSync(tgz);
  tar[600] = (tar[600] ?? 0) ^ 1; // inside the second header
  tgz.writeUInt32LE(12345, tgz.length - 8); // the checksum of gzip
  writeFileSync(join(parent, 'a.tgz'), tgz);
  writeFileSync(join(parent, 'b.tgz'), gzipSync(tar));
  for (const archive of [join(parent, 'a.tgz'), join(parent, 'b.tgz'), join(goldens, 'checksum.zip')]) {
    await t.rejects(unpackArchive(archive, join(parent, 'out')), {
      code: 'ERR_TENCH_ARCHIVE',
      message: /damaged or incomplete/,
    });
  }
  t.same(readdirSync(parent).sort(), ['a.tgz', 'b.tgz']);
});

t.test('what the disk refuses is not called damage', async (t) => {
  const parent = t.testdir({ file: 'a file' });
  await t.rejects(unpackArchive(join(goldens, 'long-name.tgz'), join(parent, 'out')), {
    code: 'ERR_TENCH_ARCHIVE',
    message: /long-name\.tgz: ENAMETOOLONG/,
  });
  await t.rejects(unpackArchive(join(goldens, 'good.tgz'), join(parent, 'file', 'out')));
  t.same(readdirSync(parent), ['file']);
});

t.test('bytes at random never do harm', async (t) => {
  const parent = t.testdir();
  const sources = ['good.tgz', 'good.zip', 'good.tar'].map((name) => readFileSync(join(goldens, name)));
  const random = noise(3 * 90 * 8);
  for (let n = 0; n < 90; n++) {
    const bytes = Buffer.from(sources[n % 3] ?? '');
    for (let change = 0; change < 3; change++) {
      const at = random.readUInt32LE((n * 3 + change) * 8) % bytes.length;
      bytes[at] = random[(n * 3 + change) * 8 + 4] ?? 0;
    }
    writeFileSync(join(parent, 'bytes'), bytes);
    mkdirSync(join(parent, 'inner', 'out'), { recursive: true });
    await unpackInto(join(parent, 'bytes'), join(parent, 'inner', 'out')).catch((error: unknown) => {
      if (!(error instanceof TenchError) || error.code !== 'ERR_TENCH_ARCHIVE') throw error;
    });
    if (readdirSync(join(parent, 'inner')).length !== 1) t.fail(`the change ${n} has led out of the folder`);
    rmSync(join(parent, 'inner'), { recursive: true });
  }
  t.same(readdirSync(parent), ['bytes']);
});

t.test('a folder that is there is not touched, an empty one is filled', async (t) => {
  const parent = t.testdir({ full: { 'mine.txt': 'mine' } });
  const archive = join(goldens, 'good.tgz');
  await t.rejects(unpackArchive(archive, join(parent, 'full')), { code: 'ERR_TENCH_EXISTS', message: /full/ });
  t.same(readdirSync(join(parent, 'full')), ['mine.txt']);
  mkdirSync(join(parent, 'empty'));
  await unpackArchive(archive, join(parent, 'empty'));
  t.same(readdirSync(join(parent, 'empty')), ['set']);
  await unpackInto(join(goldens, 'bomb.zip'), join(parent, 'empty'));
  t.same(filesIn(join(parent, 'empty', 'set')).length, Object.keys(good).length + 2, 'unpackInto adds to a folder');
  writeFileSync(join(parent, 'empty', 'set', 'tool'), 'older and longer than what comes');
  await unpackInto(archive, join(parent, 'empty'));
  t.equal(readFileSync(join(parent, 'empty', 'set', 'tool'), 'utf8'), '#!/bin/sh\n', 'and replaces');
  rmSync(join(parent, 'empty', 'set', 'tool'));
  mkdirSync(join(parent, 'empty', 'set', 'tool'));
  await t.rejects(unpackInto(archive, join(parent, 'empty')), { message: /"set\/tool".*a folder of its name/ });
});

t.test('a signal stops it with its reason and leaves nothing', async (t) => {
  const parent = t.testdir();
  for (const name of ['good.tar', 'good.tgz', 'good.zip']) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const onProgress = () => controller.abort(reason);
    await t.rejects(
      unpackArchive(join(goldens, name), join(parent, 'out'), { signal: controller.signal, onProgress }),
      reason,
    );
    t.same(readdirSync(parent), []);
  }
});

t.test('crc32 gives the check value of its standard, whole and in pieces', async (t) => {
  const check = Buffer.from('123456789');
  t.equal(crc32(check), 0xcbf43926);
  t.equal(crc32(check.subarray(4), crc32(check.subarray(0, 4))), 0xcbf43926);
});
