/** Zip files beyond the limits of the old form. */

import { open } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';

import { crc32 } from '../../lib/runtime/archives/crc32.js';
import { Source } from '../../lib/io/source.js';
import { ZipReader } from '../../lib/io/zipReader.js';
import { ZipWriter } from '../../lib/io/zipWriter.js';

t.test('entries begin at multiples of the alignment, whatever their names', async (t) => {
  const path = join(t.testdir(), 'aligned.zip');
  const file = await open(path, 'w');
  const zip = new ZipWriter(file, 64);
  for (let length = 1; length < 150; length += 1) await zip.add('x'.repeat(length), Uint8Array.of(length));
  await zip.end();
  await file.close();
  await Source.using(path, 'a zip file', async (source) => {
    const zip = await ZipReader.open(source);
    for (const name of zip.names) {
      const place = await zip.placeOf(name);
      if (place! % 64 !== 0) t.fail(`${name} begins at ${place}`);
      t.strictSame([...(await zip.read(name))], [name.length]);
    }
  });
});

t.test('a checksum goes on over pieces, empty ones too', async (t) => {
  // The check value of this CRC, of the digits 1 to 9.
  const pieces = ['1234', '', '56789', ''].map((text) => Buffer.from(text));
  t.equal(
    pieces.reduce((sum, piece) => crc32(piece, sum), 0),
    0xcbf43926,
  );
});

t.test('more than 65,535 entries are written as zip64', async (t) => {
  const path = join(t.testdir(), 'many.zip');
  const file = await open(path, 'w');
  const zip = new ZipWriter(file);
  for (let index = 0; index < 66_000; index += 1) await zip.add(String(index), new Uint8Array(0));
  await zip.end();
  await file.close();
  await Source.using(path, 'a zip file', async (source) => {
    const names = [...(await ZipReader.open(source)).names];
    t.equal(names.length, 66_000);
    t.equal(names.at(-1), '65999');
  });
});
