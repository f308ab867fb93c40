/** NumPy's files: its own are read, ours are what it reads, and damage is named. */

import { deepStrictEqual as deepEqual } from 'node:assert';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import t from 'tap';

import { readNpy, readNpz, writeNpy, writeNpz } from '../../lib/io/index.js';
import { arange, tensor } from '../../lib/tensor/index.js';
import { described, describedAll, expectedOf, golden, noPython, readDamaged, runPython } from './golden.js';

/** A version 1.0 file of a literal and elements. */
function npyOf(literal: string, data: Uint8Array = new Uint8Array(4)): Buffer {
  const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  head.writeUInt16LE(literal.length, 8);
  return Buffer.concat([head, Buffer.from(literal, 'latin1'), data]);
}

t.test('arrays that NumPy has saved are read', async (t) => {
  for (const name of ['little_f4', 'big_c16', 'fortran', 'scalar', 'version2', 'version3']) {
    for (const mapped of [true, false])
      t.strictSame(
        described(await readNpy(golden(`${name}.npy`), { mapped })),
        expectedOf(`${name}.npy`).value,
        `${name}, mapped: ${mapped}`,
      );
  }
  for (const name of ['stored.npz', 'deflated.npz'])
    t.strictSame(describedAll(await readNpz(golden(name))), expectedOf('stored.npz'), name);
  t.strictSame((await readNpy(golden('fortran.npy'))).stride(), [1, 2, 6], "Fortran's order is kept as strides");
});

t.test('what LibTorch lacks is refused by name', async (t) => {
  const cases: [string, RegExp][] = [
    ['object', /it has the dtype \|O: Python objects/],
    ['record', /it has a dtype of several fields/],
    ['text', /it has the dtype <U2: strings/],
    ['dates', /it has the dtype <M8\[D\]: dates/],
    ['long_double', /it has the dtype <f16, which LibTorch lacks/],
  ];
  for (const [name, message] of cases)
    await t.rejects(readNpy(golden(`refused_${name}.npy`)), { message, code: 'ERR_TENCH_UNSUPPORTED' }, name);
});

t.test('files come back as they were', async (t) => {
  const { value } = expectedOf('fortran.npy');
  const tensors = await readNpz(golden('stored.npz'));
  const path = join(t.testdir(), 'again');
  for (const compressed of [true, false]) {
    await writeNpz(path, tensors, { compressed });
    t.strictSame(describedAll(await readNpz(path)), describedAll(tensors), `compressed: ${compressed}`);
  }
  await writeNpy(path, tensors.get('fortran')!);
  t.strictSame(described(await readNpy(path)), value);
  t.equal(readFileSync(path).indexOf('\n') % 64, 63, 'elements begin at a multiple of 64');
  await t.rejects(
    writeNpy(path, tensor([1]).to('bfloat16')),
    /tensor is bfloat16, which NumPy lacks; convert it first/,
  );
  await t.rejects(writeNpz(path, { x: tensor([1]).to('bfloat16') }), /tensor x is bfloat16/);
  await t.rejects(writeNpz(path, { '../x': tensor([1]) }), /cannot be the name of an array/);
  t.strictSame(described(await readNpy(path)), value, 'a failed write leaves the file');
  t.strictSame(readdirSync(t.testdirName), ['again']);
});

t.test('any shape of float32 comes back as it was', async (t) => {
  const path = join(t.testdir(), 'any.npy');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 4 }), { maxLength: 5 }), async (shape) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const value = arange(count).reshape(shape);
      await writeNpy(path, value);
      t.strictSame(described(await readNpy(path)), described(value));
    }),
    { seed: 1, numRuns: 40 },
  );
});

t.test('NumPy reads ours', { skip: noPython }, async (t) => {
  const folder = t.testdir();
  const tensors = await readNpz(golden('stored.npz'));
  await writeNpz(join(folder, 'stored.npz'), tensors);
  await writeNpz(join(folder, 'deflated.npz'), tensors, { compressed: true });
  for (const name of ['scalar', 'empty', 'little_c8']) await writeNpy(join(folder, `${name}.npy`), tensors.get(name)!);
  const script = `
import json, pathlib, sys
import numpy as np
def described(value):
    return {'dtype': value.dtype.name, 'shape': list(value.shape), 'hex': value.tobytes().hex()}
read = {}
for path in pathlib.Path(sys.argv[1]).iterdir():
    value = np.load(path, allow_pickle=False)
    read[path.name] = {name: described(value[name]) for name in value} if path.suffix == '.npz' else described(value)
print(json.dumps(read))`;
  const expected = expectedOf('stored.npz');
  t.strictSame(runPython(script, folder), {
    'stored.npz': expected,
    'deflated.npz': expected,
    'scalar.npy': expected.scalar,
    'empty.npy': expected.empty,
    'little_c8.npy': expected.little_c8,
  });
});

t.test('damage to an array is named', async (t) => {
  const literal = (changes: Record<string, string>) => {
    const fields = { descr: "'<f4'", fortran_order: 'False', shape: '(1,)', ...changes };
    return `{${Object.entries(fields)
      .map(([key, value]) => `'${key}': ${value}`)
      .join(', ')}, }\n`;
  };
  const cases: [string, Buffer, RegExp][] = [
    ['short', Buffer.from('\x93NUMPY', 'latin1'), /does not begin like an array/],
    ['other magic', Buffer.alloc(64), /does not begin like an array/],
    ['version', npyOf(literal({})).fill(9, 6, 7), /version 9\.0/],
    ['header beyond the file', npyOf(literal({})).fill(0xff, 8, 10), /it ends at byte/],
    ['code', npyOf("__import__('os').system('true')"), /the header of it lacks a \{/],
    ['code inside', npyOf(literal({ shape: "__import__('os')" })), /lacks a \(/],
    ['other key', npyOf(literal({ more: '1' })), /has the key more/],
    ['same key', npyOf("{'descr': '<f4', 'descr': '<f4'}"), /has the key descr/],
    ['no shape', npyOf("{'descr': '<f4', 'fortran_order': False}"), /lacks descr, fortran_order or shape/],
    ['more text', npyOf(`${literal({})}1`), /goes on after the dict/],
    ['negative', npyOf(literal({ shape: '(-1,)' })), /no shape of whole numbers/],
    ['huge', npyOf(literal({ shape: '(9007199254740993,)' })), /no shape of whole numbers/],
    ['overflow', npyOf(literal({ shape: '(4294967296, 4294967296, 4)' })), /takes NaN/],
    ['axes', npyOf(literal({ shape: `(${'1,'.repeat(100)})` })), /more than 64 axes/],
    ['too short', npyOf(literal({ shape: '(2,)' })), /has 4 bytes, but float32 of shape \(2\) takes 8/],
    ['too long', npyOf(literal({}), new Uint8Array(5)), /has 5 bytes/],
  ];
  for (const [name, bytes, message] of cases) {
    const path = join(t.testdir({ 'bad.npy': bytes }), 'bad.npy');
    await t.rejects(readNpy(path), { message, code: /ERR_TENCH_(DAMAGED|UNSUPPORTED)/ }, name);
  }
});

/** A zip file of one deflated entry whose directory says what it likes. */
function zipOf(name: string, stored: Uint8Array, size: number, { copies = 1, flags = 0 } = {}): Buffer {
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt16LE(name.length, 26);
  const bytes = Buffer.concat([local, Buffer.from(name), stored]);
  const entries = Array.from({ length: copies }, (_, copy) => {
    const own = copy === 0 ? name : `${copy}${name}`;
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(stored.length, 20);
    entry.writeUInt32LE(size, 24);
    entry.writeUInt16LE(own.length, 28);
    return Buffer.concat([entry, Buffer.from(own)]);
  });
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(copies, 8);
  end.writeUInt16LE(copies, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(bytes.length, 16);
  return Buffer.concat([bytes, directory, end]);
}

t.test('bombs and tricks in zip files are refused before they are unpacked', async (t) => {
  const bomb = deflateRawSync(new Uint8Array(1 << 24));
  const cases: [string, Buffer, RegExp][] = [
    ['impossible ratio', zipOf('x.npy', bomb, 2 ** 31), /claims 2147483648 bytes out of/],
    ['over the limit', zipOf('x.npy', bomb, 1 << 24), /exceed 1000000 bytes; raise maxBytes/],
    ['says less than it is', zipOf('x.npy', bomb, 1000), /its entry x.npy cannot be unpacked/],
    ['shared bytes', zipOf('x.npy', bomb, 1000, { copies: 50 }), /lies over another one/],
    ['encrypted', zipOf('x.npy', bomb, 1000, { flags: 1 }), /is encrypted/],
    ['leaves the folder', zipOf('../x.npy', bomb, 1000), /invalid relative path: \.\.\/x\.npy/],
    ['absolute', zipOf('/x.npy', bomb, 1000), /absolute path: \/x\.npy/],
    ['no zip file', Buffer.from('nothing'), /is not a whole \.npz file/],
    ['no array', zipOf('x.txt', deflateRawSync(Buffer.from('a')), 1), /its entry x\.txt is not a \.npy file/],
  ];
  for (const [name, bytes, message] of cases) {
    const path = join(t.testdir({ 'bad.npz': bytes }), 'bad.npz');
    await t.rejects(readNpz(path, { maxBytes: 1_000_000 }), { message, code: /ERR_TENCH_(DAMAGED|UNSUPPORTED)/ }, name);
  }
});

t.test('cut and bit-flipped files are refused or read, never worse', async (t) => {
  const folder = t.testdir();
  const npy = await readDamaged(
    readFileSync(golden('fortran.npy')),
    join(folder, 'damaged.npy'),
    async (path) => described(await readNpy(path)),
    { cuts: 300, flips: 300 },
  );
  t.equal(npy.cutRefused, npy.cut, 'every cut is noticed');
  t.ok(npy.flipRefused > 50);
  const values = Object.values(expectedOf('stored.npz'));
  for (const name of ['stored.npz', 'deflated.npz']) {
    const npz = await readDamaged(
      readFileSync(golden(name)),
      join(folder, 'damaged.npz'),
      async (path) =>
        // Only names and dates have no checksum.
        deepEqual(Object.values(describedAll(await readNpz(path))), values),
      { cuts: 100, flips: 300 },
    );
    t.equal(npz.cutRefused, npz.cut, 'every cut is noticed');
    t.ok(npz.flipRefused > 200, `${npz.flipRefused} of 300 flips are noticed`);
  }
});
