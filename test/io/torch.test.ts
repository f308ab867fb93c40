/** Files of torch.save: PyTorch's own are read, and ours are what it reads. */

import { deepStrictEqual } from 'node:assert';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';

import { Parameter, nn } from '../../lib/index.js';
import { readTorch, stateDictOf, writeTorch } from '../../lib/io/index.js';
import { arange, callOperator, noGrad, ones, tensor, zeros, type Tensor } from '../../lib/tensor/index.js';
import { golden, noPython, plainInPython, runPython } from './golden.js';
import { archive, entriesOf, plain, recorded } from './plainTorch.js';

async function at(path: string, ...keys: unknown[]): Promise<unknown> {
  let value: unknown = await readTorch(path);
  for (const key of keys) value = value instanceof Map ? value.get(key) : (value as unknown[])[key as number];
  return value;
}

t.test('files of torch.save are read, of every form', async (t) => {
  for (const name of ['model.pt', 'optimizer.pt', 'values.pt'])
    for (const mapped of [false, true])
      t.strictSame(plain(await readTorch(golden(name), { mapped })), recorded(name), `${name}, mapped: ${mapped}`);
  for (const name of ['protocol3.pt', 'protocol4.pt', 'protocol5.pt', 'legacy.pt'])
    t.strictSame(plain(await readTorch(golden(name))), recorded('values.pt'), name);
});

t.test('tensors that shared storage when they were saved share it', async (t) => {
  for (const name of ['values.pt', 'legacy.pt']) {
    const [all, part, again] = (await at(golden(name), 'shared')) as [Tensor, Tensor, Tensor];
    noGrad(() => part.fill_(9));
    t.strictSame(all.toList(), [0, 1, 9, 9, 4, 5]);
    t.equal(again, all, 'a tensor that occurs twice is one tensor');
    const [one, two] = (await at(golden(name), 'twice')) as [unknown, unknown];
    t.equal(one, two);
  }
});

t.test('a state goes into a module and its optimizer keeps its integer keys', async (t) => {
  const model = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.Flatten(), new nn.Linear(8, 3));
  const state = stateDictOf(await readTorch(golden('model.pt')));
  model.loadStateDict(state);
  t.strictSame(model.stateDict().get('3.weight')?.toList(), state.get('3.weight')?.toList());
  const optimizer = (await readTorch(golden('optimizer.pt'), { dicts: 'object' })) as {
    state: Map<number, { exp_avg: Tensor }>;
    param_groups: { lr: number; betas: readonly number[]; params: number[] }[];
  };
  t.strictSame([...optimizer.state.keys()], [0, 1, 2, 3, 4, 5]);
  t.strictSame(optimizer.state.get(0)?.exp_avg.shape, [2, 1, 3, 3]);
  t.equal(optimizer.param_groups[0]?.lr, 0.5);
  t.strictSame(optimizer.param_groups[0]?.betas, [0.9, 0.999]);
  t.throws(() => stateDictOf(state, 'model'), /the value of model is no dict of tensors by name/);
  t.throws(() => stateDictOf(new Map([['lr', 1]])), /lr is none/);
});

t.test('what needs code is refused by name', async (t) => {
  const cases: [string, RegExp, string][] = [
    ['class', /needs somewhere\.else\.Unwelcome, which is not on the list/, 'ERR_TENCH_GLOBAL'],
    ['module', /needs torch\.nn\.modules\.linear\.Linear/, 'ERR_TENCH_GLOBAL'],
    ['sparse', /needs torch\._utils\._rebuild_sparse_tensor/, 'ERR_TENCH_GLOBAL'],
    ['quantized', /needs torch\._utils\._rebuild_qtensor/, 'ERR_TENCH_GLOBAL'],
    ['numpy_scalar', /needs numpy\._core\.multiarray\.scalar/, 'ERR_TENCH_GLOBAL'],
    ['storage', /holds a class, a function or a bare storage as a value/, 'ERR_TENCH_UNSUPPORTED'],
  ];
  for (const [name, message, code] of cases) {
    const path = golden(`refused_${name}.pt`);
    await t.rejects(readTorch(path), { message, code }, name);
    await t.rejects(readTorch(path), { message: new RegExp(path) }, 'the file is named');
  }
});

/** Values that are written, and what they are read as. */
function values(): Map<string, unknown> {
  const base = arange(24).reshape([2, 3, 4]);
  const shared = arange(6).to('int16');
  const list: unknown[] = [1, 2.5];
  return new Map<string, unknown>([
    ['whole', base],
    ['strided', base.permute([2, 0, 1])],
    ['part', base.get(1, 2)],
    ['shared', [shared, shared.narrow(0, 2, 2)]],
    ['scalar', tensor(2)],
    ['empty', zeros([0, 3])],
    ['bfloat16', tensor([1, 2]).to('bfloat16')],
    ['uint16', tensor(Uint16Array.of(1, 65535))],
    ['float8', tensor(Uint8Array.of(1, 2), { dtype: 'float8_e5m2' })],
    ['bool', tensor([true, false])],
    ['complex', tensor([{ re: 1, im: -2 }])],
    ['learned', tensor([1, 2], { requiresGrad: true })],
    ['parameter', new Parameter(ones([2]))],
    ['frozen', new Parameter(ones([2]), { requiresGrad: false })],
    [
      'numbers',
      [0, 255, 256, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 1.5, -0, Infinity, NaN, 2n ** 70n, -(2n ** 70n)],
    ],
    ['texts', ['', 'ünï ☃ 𝄞', 'a\nb']],
    ['bytes', [Uint8Array.of(0, 255, 128), new Uint8Array(0)]],
    ['others', [null, true, false, { re: 1, im: -2 }, new Set([1, 2])]],
    ['tuple', Object.freeze([1, Object.freeze([]), [Object.freeze(['x'])]])],
    [
      'dicts',
      [
        new Map<unknown, unknown>([
          [1, 'a'],
          ['b', new Map([[Object.freeze([1, 2]), 3]])],
        ]),
      ],
    ],
    ['twice', [list, list]],
  ]);
}

t.test('values come back as they were', async (t) => {
  const path = join(t.testdir(), 'values.pt');
  await writeTorch(path, values());
  for (const mapped of [false, true]) t.strictSame(plain(await readTorch(path, { mapped })), plain(values()));
  const [one, two] = (await at(path, 'twice')) as [unknown, unknown];
  t.equal(one, two, 'an array that occurs twice is one array');
  const [all, part] = (await at(path, 'shared')) as [Tensor, Tensor];
  noGrad(() => part.fill_(9));
  t.strictSame(all.toList(), [0, 1, 9, 9, 4, 5], 'storage is shared again');
  const circle: unknown[] = [1];
  circle.push(circle);
  await writeTorch(path, { circle, __proto__x: 1 });
  const read = (await readTorch(path, { dicts: 'object' })) as { circle: unknown[] };
  t.equal(read.circle[1], read.circle, 'a list that holds itself');
  t.strictSame(Object.keys(read), ['circle', '__proto__x']);
});

t.test('only what tensors reach of a storage is written, and tensors of two dtypes may share one', async (t) => {
  const path = join(t.testdir(), 'part.pt');
  const large = arange(1 << 18);
  await writeTorch(path, { few: large.narrow(0, 1000, 10), more: large.narrow(0, 1008, 4) });
  t.ok(statSync(path).size < 4000, `${statSync(path).size} bytes`);
  const read = (await readTorch(path, { dicts: 'object' })) as { few: Tensor; more: Tensor };
  t.strictSame(read.few.toList(), [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009]);
  noGrad(() => read.more.fill_(0));
  t.strictSame(read.few.narrow(0, 7, 3).toList(), [1007, 0, 0]);
  const numbers = tensor([{ re: 1, im: 2 }]);
  await writeTorch(path, [numbers, callOperator('aten::view_as_real', [numbers])]);
  const [complex, real] = (await readTorch(path)) as [Tensor, Tensor];
  noGrad(() => real.fill_(5));
  t.strictSame(complex.toList(), [{ re: 5, im: 5 }]);
});

t.test('what has no form in Python is refused by its place', async (t) => {
  const path = join(t.testdir({ 'old.pt': 'old' }), 'old.pt');
  let deep: unknown[] = [];
  for (let depth = 0; depth < 1000; depth += 1) deep = [deep];
  const cases: [unknown, RegExp][] = [
    [{ a: [1, undefined] }, /value\.a\[1\] is undefined; use null/],
    [{ a: () => 1 }, /value\.a is a function/],
    [new Map([[1, Symbol('x')]]), /value\.1 is a symbol/],
    [new Date(0), /value is an object of class Date/],
    [new Float32Array(2), /value is an object of class Float32Array/],
    ['\ud800', /value is a text with half a character/],
    [deep, /nested more than 500 deep/],
    [{ x: zeros([2], { device: 'meta' }) }, /value\.x cannot be written: only dense tensors/],
    [{ x: tensor([[1, 0]]).toSparse() }, /value\.x cannot be written: only dense tensors/],
  ];
  for (const [value, message] of cases)
    await t.rejects(writeTorch(path, value), { message, code: 'ERR_TENCH_UNSUPPORTED' });
  t.equal(readFileSync(path, 'utf8'), 'old');
  t.strictSame(readdirSync(t.testdirName), ['old.pt']);
});

t.test('PyTorch reads ours, with weights_only', { skip: noPython }, async (t) => {
  const folder = t.testdir();
  await writeTorch(join(folder, 'values.pt'), values());
  const model = new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4));
  await writeTorch(join(folder, 'model.pt'), model.stateDict());
  await writeTorch(join(folder, 'optimizer.pt'), await readTorch(golden('optimizer.pt')));
  const script = `${plainInPython}
import torch
values = torch.load(sys.argv[1] + '/values.pt', weights_only=True)
mapped = torch.load(sys.argv[1] + '/values.pt', weights_only=True, mmap=True)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
model.load_state_dict(torch.load(sys.argv[1] + '/model.pt', weights_only=True))
parameters = [torch.nn.Parameter(torch.zeros(shape)) for shape in [(2, 1, 3, 3), (2,), (2,), (2,), (3, 8), (3,)]]
optimizer = torch.optim.AdamW([{'params': parameters[:2]}, {'params': parameters[2:]}])
optimizer.load_state_dict(torch.load(sys.argv[1] + '/optimizer.pt', weights_only=True))
part = values['shared'][1]
part.fill_(9)
shared = values['shared'][0].tolist()
part.copy_(torch.tensor([2, 3]))
print(json.dumps([plain(values), plain(mapped), plain(model.state_dict()), shared, optimizer.param_groups[0]['lr'], values['twice'][0] is values['twice'][1]]))`;
  const [read, mapped, state, shared, lr, twice] = runPython(script, folder) as unknown[];
  const expected = JSON.parse(JSON.stringify(plain(values()))) as unknown;
  t.strictSame(read, expected);
  t.strictSame(mapped, expected);
  t.strictSame(state, plain(new Map([...model.stateDict()].map(([name, value]) => [name, value.detach()]))));
  t.strictSame([shared, lr, twice], [[0, 1, 9, 9, 4, 5], 0.5, true]);
});

t.test('any value of null, booleans, numbers, texts, bytes, lists and dicts comes back as it was', async (t) => {
  const path = join(t.testdir(), 'any.pt');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom(null, true, false),
      fc.double(),
      fc.integer(),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 300n }),
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 9 }).map((bytes) => Uint8Array.from(bytes)),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.array(tie('value'), { maxLength: 4 }).map((items) => Object.freeze(items)),
      fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(value, async (value) => {
      await writeTorch(path, value);
      deepStrictEqual(plain(await readTorch(path)), plain(value));
    }),
    { seed: 1, numRuns: 100 },
  );
  t.pass();
});

t.test('files of the other byte order are read', async (t) => {
  const path = join(t.testdir(), 'big.pt');
  const entries = await entriesOf(golden('model.pt'));
  const turned = entries.map(([name, bytes]): [string, Uint8Array] => {
    if (name.endsWith('byteorder')) return [name, Buffer.from('big')];
    if (!name.includes('/data/')) return [name, bytes];
    return [
      name,
      bytes.length === 8 && name.endsWith('/6') ? Buffer.from(bytes).swap64() : Buffer.from(bytes).swap32(),
    ];
  });
  await archive(path, Object.fromEntries(turned));
  t.strictSame(plain(await readTorch(path)), recorded('model.pt'));
});
