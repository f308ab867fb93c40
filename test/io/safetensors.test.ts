/** Safetensors: files of the reference implementation are read, ours are what it writes, and damage is named. */

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

import { readSafetensors, writeAtomically, writeSafetensors } from '../../lib/io/index.js';
import { arange, tensor, type DType } from '../../lib/tensor/index.js';

/** A file as the format's description lays it out, made by hand. */
function fileOf(header: unknown, data: Uint8Array, length?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([size, text, data]);
}

t.test('every dtype comes back as it was', async (t) => {
  const path = join(t.testdir(), 'all.safetensors');
  const plain: DType[] = ['float64', 'float32', 'float16', 'bfloat16', 'int64', 'int32', 'int16', 'int8', 'uint8'];
  const tensors = new Map(
    plain.map((dtype) => [
      dtype as string,
      tensor([
        [0, 1, 2],
        [3, 100, 5],
      ]).to(dtype),
    ]),
  );
  tensors.set('bool', tensor([true, false]));
  tensors.set('complex64', tensor([{ re: 1.5, im: -2 }]));
  tensors.set('scalar', tensor(3.25));
  tensors.set('empty', tensor(new Float32Array(0), { shape: [0, 4] }));
  tensors.set(
    'transposed',
    tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]).t(),
  );
  await writeSafetensors(path, tensors, { metadata: { made: 'here', ünï: 'cödé' } });
  const { tensors: read, metadata } = await readSafetensors(path);
  t.strictSame({ ...metadata }, { made: 'here', ünï: 'cödé' });
  t.equal(read.size, tensors.size);
  for (const [name, value] of tensors) {
    t.equal(read.get(name)?.dtype, value.dtype, name);
    t.strictSame(read.get(name)?.shape, value.shape, name);
    t.strictSame(read.get(name)?.toTypedArray(), value.toTypedArray(), name);
  }
});

t.test('the bytes are those of the description', async (t) => {
  const path = join(t.testdir(), 'bytes.safetensors');
  await writeSafetensors(path, { b: tensor([1, 2], { dtype: 'uint8' }), a: tensor([1, -1]) });
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE());
  t.equal(length % 8, 0, 'data begin at a multiple of 8');
  t.strictSame(JSON.parse(bytes.subarray(8, 8 + length).toString()), {
    a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    b: { dtype: 'U8', shape: [2], data_offsets: [8, 10] },
  });
  t.equal(bytes.subarray(8 + length).toString('hex'), '0000803f000080bf0102');
});

t.test('a file made by hand is read', async (t) => {
  const path = join(
    t.testdir({
      'hand.safetensors': fileOf(
        { x: { dtype: 'I32', shape: [1, 2], data_offsets: [0, 8] } },
        Buffer.from('05000000ffffffff', 'hex'),
      ),
    }),
    'hand.safetensors',
  );
  const { tensors } = await readSafetensors(path);
  t.strictSame(tensors.get('x')?.toList(), [[5, -1]]);
});

t.test('damage is named, and nothing of such a file is returned', async (t) => {
  const four = new Uint8Array(4);
  const entry = (changes: object) => ({ x: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...changes } });
  const cases: [string, Buffer, RegExp][] = [
    ['short', Buffer.from('abc'), /shorter than 8 bytes/],
    ['huge header', fileOf({}, four, 1n << 62n), /its header claims/],
    ['no JSON', fileOf('{oops', four), /not a JSON object/],
    ['array', fileOf('[]', four), /not a JSON object/],
    ['dtype', fileOf(entry({ dtype: 'F7' }), four), /tensor x has the unknown dtype F7/],
    ['shape', fileOf(entry({ shape: [-1] }), four), /tensor x has no shape/],
    ['size', fileOf(entry({ shape: [2] }), four), /tensor x has 4 bytes, but float32 of shape \[2\] takes 8/],
    ['overflow', fileOf(entry({ shape: [2 ** 30, 2 ** 30] }), four), /takes/],
    ['gap', fileOf(entry({ data_offsets: [4, 8] }), new Uint8Array(8)), /begins at byte 4 instead of 0/],
    [
      'overlap',
      fileOf({ ...entry({}), y: { dtype: 'U8', shape: [1], data_offsets: [3, 4] } }, four),
      /tensor y begins at byte 3 instead of 4/,
    ],
    ['cut', fileOf(entry({}), new Uint8Array(3)), /tensors end at byte \d+ but the file has/],
    ['more', fileOf(entry({}), new Uint8Array(5)), /tensors end at byte/],
    ['null', fileOf({ x: null }, four), /unknown dtype undefined/],
  ];
  for (const [name, bytes, message] of cases) {
    const path = join(t.testdir({ 'bad.safetensors': bytes }), 'bad.safetensors');
    await t.rejects(readSafetensors(path), { message, code: 'ERR_TENCH_DAMAGED' }, name);
  }
  await t.rejects(readSafetensors(join(t.testdirName, 'nowhere')), { message: /cannot read .*nowhere: ENOENT/ });
});

t.test('what cannot be written leaves the old file and no other', async (t) => {
  const folder = t.testdir({ 'model.safetensors': 'old' });
  const path = join(folder, 'model.safetensors');
  await t.rejects(
    writeSafetensors(path, { x: tensor([{ re: 1, im: 2 }], { dtype: 'complex128' }) }),
    /tensor x is complex128, which safetensors cannot hold/,
  );
  await t.rejects(
    writeAtomically(path, async (file) => {
      await file.writeFile('half');
      throw new RangeError('stop');
    }),
    { name: 'RangeError' },
  );
  t.equal(readFileSync(path, 'utf8'), 'old');
  t.strictSame(readdirSync(folder), ['model.safetensors']);
  await t.rejects(writeSafetensors(join(folder, 'missing', 'x'), { x: arange(3) }), {
    message: /cannot write .*missing.x: ENOENT/,
    code: 'ERR_TENCH_WRITE',
  });
  mkdirSync(join(folder, 'taken'));
  await t.rejects(writeSafetensors(join(folder, 'taken'), { x: arange(3) }), /cannot write .*taken/);
  writeFileSync(path, 'old');
  await writeSafetensors(path, { x: arange(3) });
  t.not(readFileSync(path, 'utf8'), 'old', 'a whole file takes its place');
});
