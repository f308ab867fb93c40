/** Safetensors: files of the reference implementation are read, ours are what it writes, and damage is named. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

import { collectGarbage } from '../collect.js';
import { readSafetensors, writeAtomically, writeSafetensors } from '../../lib/io/index.js';
import { arange, memory, noGrad, tensor, zeros, type DType } from '../../lib/tensor/index.js';
import {
  describeInPython,
  describedAll,
  expectedOf,
  golden,
  noPython,
  python,
  readDamaged,
  runPython,
} from './golden.js';

/** A file as the format's description lays it out, made by hand. */
function fileOf(header: unknown, data: Uint8Array, length?: bigint): Buffer {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([size, text, data]);
}

t.test('every dtype comes back as it was', async (t) => {
  const path = join(t.testdir(), 'all.safetensors');
  // prettier-ignore
  const plain: DType[] = [
    'float64', 'float32', 'float16', 'bfloat16', 'float8_e4m3fn', 'float8_e5m2', 'float8_e4m3fnuz', 'float8_e5m2fnuz',
    'int64', 'int32', 'int16', 'int8', 'uint64', 'uint32', 'uint16', 'uint8',
  ];
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
  tensors.set('float4', tensor(Uint8Array.of(1, 2, 3, 4), { dtype: 'float4_e2m1fn_x2', shape: [2, 2] }));
  tensors.set('e8m0', tensor(Uint8Array.of(127, 128), { dtype: 'float8_e8m0fnu' }));
  tensors.set('__proto__', tensor([1]));
  await writeSafetensors(path, tensors, { metadata: { made: 'here', ünï: 'cödé' } });
  for (const mapped of [true, false]) {
    const { tensors: read, metadata } = await readSafetensors(path, { mapped });
    t.strictSame(metadata, { made: 'here', ünï: 'cödé' });
    t.strictSame(describedAll(read), describedAll(tensors), `mapped: ${mapped}`);
  }
  t.strictSame((await readSafetensors(path)).tensors.get('float8_e4m3fn')?.toList(), [
    [0, 1, 2],
    [3, 96, 5],
  ]);
});

t.test('a file of the reference implementation is read, and ours has the same bytes', async (t) => {
  const { tensors, metadata } = await readSafetensors(golden('all.safetensors'));
  t.strictSame(metadata, { 'made by': 'the reference', ü: 'ö' });
  t.strictSame(describedAll(tensors), expectedOf('all.safetensors'));
  const again = join(t.testdir(), 'again.safetensors');
  await writeSafetensors(again, new Map([...tensors].reverse()), { metadata });
  const once = readFileSync(again);
  await writeSafetensors(again, tensors, { metadata });
  t.strictSame(readFileSync(again), once, 'the order of the Map does not matter');
});

t.test('the reference implementation reads ours', { skip: noPython }, async (t) => {
  const path = join(t.testdir(), 'ours.safetensors');
  const { tensors, metadata } = await readSafetensors(golden('all.safetensors'));
  await writeSafetensors(path, tensors, { metadata });
  const script = `${describeInPython}
try:
    from safetensors import safe_open
except ImportError:
    print('null'); sys.exit()
with safe_open(sys.argv[1], 'pt') as file:
    print(json.dumps([file.metadata(), {name: described(file.get_tensor(name)) for name in file.keys()}]))`;
  const read = runPython(script, path);
  if (read === null) t.pass(`${python} has no safetensors`);
  else t.strictSame(read, [metadata, expectedOf('all.safetensors')]);
});

t.test('mapped tensors cost no memory, and what is done to them stays out of the file', async (t) => {
  const path = join(t.testdir(), 'large.safetensors');
  await writeSafetensors(path, { large: zeros([1 << 20]), small: tensor([1, 2]) });
  collectGarbage();
  const before = memory().bytes;
  const { tensors } = await readSafetensors(path);
  t.ok(memory().bytes <= before, 'the allocator has given nothing');
  const large = tensors.get('large')!;
  noGrad(() => large.add_(1));
  t.equal(large.sum().item(), 1 << 20);
  const again = (await readSafetensors(path)).tensors.get('large')!;
  t.equal(again.sum().item(), 0, 'neither the file nor another reader has changed');
  await writeSafetensors(path, { large: tensor([7]) });
  t.equal(again.sum().item(), 0, 'the replaced file lives on for whoever has it mapped');
  t.strictSame((await readSafetensors(path)).tensors.get('large')?.toList(), [7]);
});

t.test('tensors at odd places are read', async (t) => {
  const data = Buffer.from('ff0000803f00000040', 'hex');
  const header = {
    a: { dtype: 'U8', shape: [1], data_offsets: [0, 1] },
    b: { dtype: 'F32', shape: [2], data_offsets: [1, 9] },
  };
  const path = join(t.testdir({ 'odd.safetensors': fileOf(header, data) }), 'odd.safetensors');
  t.strictSame((await readSafetensors(path)).tensors.get('b')?.toList(), [1, 2]);
});

t.test('a pipe is read too', async (t) => {
  const pipe = join(t.testdir(), 'pipe');
  spawnSync('mkfifo', [pipe]);
  const written = once(spawn('cp', [golden('all.safetensors'), pipe]), 'close');
  t.strictSame(describedAll((await readSafetensors(pipe)).tensors), expectedOf('all.safetensors'));
  await written;
});

t.test('cut and bit-flipped files are refused or read, never worse', async (t) => {
  const whole = readFileSync(golden('all.safetensors'));
  const path = join(t.testdir(), 'damaged.safetensors');
  const { cut, cutRefused, flipRefused } = await readDamaged(
    whole,
    path,
    async (path) => describedAll((await readSafetensors(path)).tensors),
    { cuts: 400, flips: 600 },
  );
  t.equal(cutRefused, cut, 'every cut is noticed');
  t.ok(flipRefused > 100, `${flipRefused} of 600 flips are noticed`);
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
  const text = (entry: string) => fileOf(`{"x":${entry}}`, four);
  const cases: [string, Buffer, RegExp][] = [
    ['short', Buffer.from('abc'), /shorter than 8 bytes/],
    ['huge header', fileOf({}, four, 1n << 62n), /its header claims/],
    ['no JSON', fileOf('{oops', four), /a key of its header is not a JSON string/],
    ['array', fileOf('[]', four), /not a JSON object/],
    ['nested', fileOf('['.repeat(100_000), four), /not a JSON object/],
    ['more text', fileOf('{} {}', four), /goes on after the JSON object/],
    ['not UTF-8', fileOf({}, four).fill(0xff, 9, 10), /its header is not UTF-8/],
    ['dtype', fileOf(entry({ dtype: 'F7' }), four), /tensor x has the unknown dtype F7/],
    ['no dtype', text('{"shape":[],"data_offsets":[0,4]}'), /tensor x has no dtype/],
    ['no place', text('{"shape":[],"dtype":"F32"}'), /tensor x has no data_offsets/],
    ['three offsets', fileOf(entry({ data_offsets: [0, 2, 4] }), four), /tensor x has no data_offsets of two numbers/],
    ['unknown field', fileOf(entry({ more: 1 }), four), /tensor x has the unknown field more/],
    ['shape', fileOf(entry({ shape: [-1] }), four), /the shape of tensor x is not an array of whole numbers/],
    ['fraction', text('{"shape":[1.5],"dtype":"F32","data_offsets":[0,4]}'), /the shape of tensor x is not/],
    ['beyond 2^53', text('{"shape":[9007199254740993],"dtype":"U8","data_offsets":[0,4]}'), /the shape of tensor x/],
    ['size', fileOf(entry({ shape: [2] }), four), /tensor x has 4 bytes, but float32 of shape \[2\] takes 8/],
    ['overflow', fileOf(entry({ shape: [2 ** 31, 2 ** 31, 4] }), four), /takes more than any tensor has/],
    ['hidden', fileOf(entry({ shape: [0, 2 ** 40, 2 ** 40], data_offsets: [0, 0] }), four), /more than any tensor has/],
    ['axes', fileOf(entry({ shape: Array(65).fill(1) }), four), /more than any tensor has/],
    ['backwards', fileOf(entry({ data_offsets: [4, 0] }), four), /tensor x has -4 bytes/],
    ['gap', fileOf(entry({ data_offsets: [4, 8] }), new Uint8Array(8)), /begins at byte 4 instead of 0/],
    ['same name', fileOf('{"x":{},"x":{}}', four), /tensor x has no dtype|has the key x twice/],
    ['same field', text('{"dtype":"F32","dtype":"F32"}'), /tensor x has the key dtype twice/],
    ['metadata', fileOf({ __metadata__: { a: 1 } }, four), /the text of a in __metadata__ is not a JSON string/],
    ['odd F4', fileOf(entry({ dtype: 'F4', shape: [7] }), four), /tensor x has 4 bytes/],
    [
      'overlap',
      fileOf({ ...entry({}), y: { dtype: 'U8', shape: [1], data_offsets: [3, 4] } }, four),
      /tensor y begins at byte 3 instead of 4/,
    ],
    ['cut', fileOf(entry({}), new Uint8Array(3)), /tensors end at byte \d+ but the file has/],
    ['more', fileOf(entry({}), new Uint8Array(5)), /tensors end at byte/],
    ['null', fileOf({ x: null }, four), /tensor x is not a JSON object/],
  ];
  for (const [name, bytes, message] of cases) {
    const path = join(t.testdir({ 'bad.safetensors': bytes }), 'bad.safetensors');
    await t.rejects(readSafetensors(path), { message, code: 'ERR_TENCH_DAMAGED' }, name);
  }
  const six = fileOf({ x: { dtype: 'F6_E2M3', shape: [4], data_offsets: [0, 3] } }, new Uint8Array(3));
  await t.rejects(readSafetensors(join(t.testdir({ 'six.safetensors': six }), 'six.safetensors')), {
    message: /tensor x has the dtype F6_E2M3, which LibTorch lacks/,
    code: 'ERR_TENCH_UNSUPPORTED',
  });
  await t.rejects(readSafetensors(t.testdirName), { message: /it is a folder/, code: 'ERR_TENCH_READ' });
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
