/** Hostile files of torch.save: nothing of them is run, and damage is noticed or harmless. */

import { deepStrictEqual } from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';

import { readTorch } from '../../lib/io/index.js';
import type { Tensor } from '../../lib/tensor/index.js';
import { golden, readDamaged } from './golden.js';
import { archive, entriesOf, plain, recorded } from './plainTorch.js';

const tensorCall = (storage: string, rest: string): string => `ctorch._utils\n_rebuild_tensor_v2\n(${storage}${rest}tR`;
const storageOf = (count: string, kind = 'FloatStorage', key = '0'): string =>
  `(X\x07\x00\x00\x00storagectorch\n${kind}\nX\x01\x00\x00\x00${key}X\x03\x00\x00\x00cpu${count}tQ`;
const rest = (offset: string, size: string, stride: string): string =>
  `${offset}${size}${stride}\x89ccollections\nOrderedDict\n)R`;

t.test('hostile programs are refused, and run nothing', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'bad.pt');
  const good = tensorCall(storageOf('K\x02'), rest('K\x00', 'K\x02\x85', 'K\x01\x85'));
  await archive(path, { 'a/data.pkl': `\x80\x02${good}.`, 'a/data/0': Buffer.alloc(8) });
  t.strictSame(((await readTorch(path)) as Tensor).toList(), [0, 0], 'the frame of these programs is right');

  const mark = join(folder, 'ran');
  const shell = `X${String.fromCharCode(mark.length + 6)}\x00\x00\x00touch ${mark}`;
  const far = 'J\xff\xff\xff\x7f';
  const cases: [string, string, RegExp][] = [
    ['os.system', `cos\nsystem\n(${shell}tR.`, /needs os\.system, which is not on the list/],
    ['posix.system', `cposix\nsystem\n(${shell}tR.`, /needs posix\.system/],
    ['eval', `c__builtin__\neval\n(${shell}tR.`, /needs builtins\.eval/],
    ['by stack', `X\x02\x00\x00\x00osX\x06\x00\x00\x00system\x93(${shell}tR.`, /needs os\.system/],
    ['by prototype', `ctorch\nconstructor\n)R.`, /needs torch\.constructor/],
    ['by __proto__', `c__proto__\n__proto__\n)R.`, /needs __proto__/],
    ['instance', `(${shell}ios\nsystem\n.`, /holds the opcode 0x69/],
    ['object', `(cos\nsystem\n${shell}o.`, /needs os\.system/],
    ['extension', `\x82\x01.`, /holds the opcode 0x82/],
    ['call of a text', `X\x01\x00\x00\x00a)R.`, /calls a value .* that is no function/],
    ['call of a class', `ctorch\nFloatStorage\n)R.`, /calls a value .* that is no function/],
    ['build', `]X\x01\x00\x00\x00ab.`, /sets attributes/],
    ['build of a function', `ctorch\nSize\n}b.`, /sets attributes/],
    ['function as a value', `ctorch._utils\n_rebuild_tensor_v2\n.`, /holds a class, a function/],
    ['new tensor', `ctorch\nTensor\n)\x81.`, /needs torch\.Tensor/],
    [
      'from a type',
      `ctorch._tensor\n_rebuild_from_type_v2\n(ccollections\nOrderedDict\nctorch\nTensor\n)}tR.`,
      /by what makes none/,
    ],
    ['empty stack', `.`, /stack does not end with one value/],
    ['no end', `N`, /ends at byte 3 in the middle/],
    ['no mark', `t.`, /goes back .* to a mark that is not there/],
    ['no value', `\x85.`, /takes a value .* that is not there/],
    ['unknown memory', `h\x05.`, /recalls the value 5/],
    ['two values', `NN.`, /stack does not end with one value/],
    ['long text', `X\xff\xff\xff\xffabc.`, /ends at byte/],
    ['huge text', `\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc.`, /ends at byte/],
    ['huge integer', `\x8b\xff\xff\xff\x7f.`, /an integer of 2147483647 bytes/],
    ['not UTF-8', `X\x01\x00\x00\x00\xff.`, /a text at byte \d+ that is not UTF-8/],
    ['append to a tuple', `)Na.`, /appends .* to no list/],
    ['odd items', `}(Nu.`, /sets items/],
    ['deep', `${']'.repeat(1000)}${'a'.repeat(999)}.`, /nested more than 500 deep/],
    ['deep marks', `${'('.repeat(3_000_000)}.`, /makes more than 2000000 objects/],
    ['many dicts', `(${'}'.repeat(3_000_000)}t.`, /makes more than 2000000 objects/],
    ['other objects', `X\x01\x00\x00\x00aQ.`, /refers to an object outside of it that is no storage/],
    [
      'no such storage',
      `${tensorCall(storageOf('K\x02', 'FloatStorage', '7'), rest('K\x00', ')', ')'))}.`,
      /storage 7, which is not there/,
    ],
    [
      'way out',
      `${tensorCall(storageOf('K\x02', 'FloatStorage', '/'), rest('K\x00', ')', ')'))}.`,
      /storage \/, which is not there/,
    ],
    [
      'storage too small',
      `${tensorCall(storageOf(far), rest('K\x00', ')', ')'))}.`,
      /2147483647 elements, but it has 8 bytes/,
    ],
    [
      'negative count',
      `${tensorCall(storageOf('J\xff\xff\xff\xff'), rest('K\x00', ')', ')'))}.`,
      /no whole number for a number of elements/,
    ],
    [
      'tensor too large',
      `${tensorCall(storageOf('K\x02'), rest('K\x00', `${far}\x85`, 'K\x01\x85'))}.`,
      /reaches beyond its storage/,
    ],
    [
      'tensor too far',
      `${tensorCall(storageOf('K\x02'), rest('K\x02', 'K\x01\x85', 'K\x01\x85'))}.`,
      /reaches beyond its storage/,
    ],
    [
      'stride too far',
      `${tensorCall(storageOf('K\x02'), rest('K\x00', 'K\x02\x85', `${far}\x85`))}.`,
      /reaches beyond its storage/,
    ],
    [
      'negative stride',
      `${tensorCall(storageOf('K\x02'), rest('K\x01', 'K\x02\x85', 'J\xff\xff\xff\xff\x85'))}.`,
      /no whole number for a size or a stride/,
    ],
    [
      'strides missing',
      `${tensorCall(storageOf('K\x02'), rest('K\x00', 'K\x02\x85', ')'))}.`,
      /as many numbers for `strides`/,
    ],
    [
      'overflow',
      `${tensorCall(storageOf('K\x02'), rest('K\x00', `${far}${far}${far}\x87`, 'K\x00K\x00K\x00\x87'))}.`,
      /more elements than fit/,
    ],
    ['no storage', `${tensorCall('N', rest('K\x00', ')', ')'))}.`, /a tensor of what is no storage/],
  ];
  for (const [name, program, message] of cases) {
    await archive(path, { 'a/data.pkl': `\x80\x02${program}`, 'a/data/0': Buffer.alloc(8) });
    await t.rejects(readTorch(path), { message, code: /^ERR_TENCH_(GLOBAL|DAMAGED|UNSUPPORTED)$/ }, name);
  }
  t.notOk(readdirSync(folder).includes('ran'), 'no command has run');
});

t.test('archives that are none are refused', async (t) => {
  const path = join(t.testdir(), 'bad.pt');
  await archive(path, { 'a/data.pkl': '\x80\x02N.', 'b/data.pkl': '\x80\x02N.' });
  await t.rejects(readTorch(path), /has 2 entries data\.pkl/);
  await archive(path, { 'a/other': '' });
  await t.rejects(readTorch(path), /has 0 entries data\.pkl/);
  await archive(path, { 'a/data.pkl': '\x80\x02N.', 'a/constants.pkl': '\x80\x02).' });
  await t.rejects(readTorch(path), {
    message: /is a TorchScript archive; use `jit\.load`/,
    code: 'ERR_TENCH_UNSUPPORTED',
  });
  await archive(path, { 'a/data.pkl': '\x80\x02N.', 'a/byteorder': 'middle' });
  await t.rejects(readTorch(path), /its byte order is middle/);
  for (const text of ['', 'x', '\x80\x02N.', 'hello, world'])
    await t.rejects(readTorch(join(t.testdir({ 'no.pt': Buffer.from(text, 'latin1') }), 'no.pt')), {
      code: 'ERR_TENCH_DAMAGED',
    });
  await t.rejects(readTorch(join(t.testdirName, 'nowhere')), { code: 'ERR_TENCH_READ' });
});

t.test('cut and bit-flipped files are refused or read, never worse', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'damaged.pt');
  const expected = recorded('values.pt');
  const zip = await readDamaged(
    readFileSync(golden('values.pt')),
    path,
    // Everything that is read has a checksum.
    async (path) => deepStrictEqual(plain(await readTorch(path)), expected),
    { cuts: 150, flips: 300 },
  );
  t.equal(zip.cutRefused, zip.cut, 'every cut is noticed');
  t.ok(zip.flipRefused > 100, `${zip.flipRefused} of 300 flips are noticed`);
  // The older form has no checksums: whatever is read must at least be whole.
  const legacy = await readDamaged(readFileSync(golden('legacy.pt')), path, (path) => readTorch(path), {
    cuts: 300,
    flips: 600,
  });
  t.ok(legacy.cutRefused >= legacy.cut - 1, `${legacy.cutRefused} of ${legacy.cut} cuts are noticed`);
  t.ok(legacy.flipRefused > 100, `${legacy.flipRefused} of 600 flips are noticed`);
});

t.test('bit-flipped programs are refused or read, never worse', async (t) => {
  const path = join(t.testdir(), 'damaged.pt');
  const entries = await entriesOf(golden('model.pt'));
  const program = entries.find(([name]) => name.endsWith('data.pkl'))![1];
  const others = Object.fromEntries(entries.filter(([name]) => !name.endsWith('data.pkl')));
  const [root] = entries[0]![0].split('/');
  const { cut, cutRefused, flipRefused } = await readDamaged(
    program,
    path,
    async (path) => {
      await archive(path, { ...others, [`${root}/data.pkl`]: readFileSync(path) });
      return readTorch(path);
    },
    { cuts: 100, flips: 300 },
  );
  t.equal(cutRefused, cut, 'every cut is noticed');
  t.ok(flipRefused > 150, `${flipRefused} of 300 flips are noticed`);
});
