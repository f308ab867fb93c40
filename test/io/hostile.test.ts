/** Whatever a function of the io room is given, it returns or throws a typed error, which says what was wrong, and leaves no half of a file. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import * as room from '../../lib/io/index.js';
import { ArgumentError, TenchError, ones, setNumThreads } from '../../lib/tensor/index.js';
import { messagesOf } from '../messages.js';
import { provokeRoom } from '../provoke.js';
import { ioFolder, ioRoom } from './room.js';

const seed = 1;

setNumThreads(1);
t.teardown(() => rmSync(ioFolder, { recursive: true }));

t.test(`all that is exported, seed ${seed}`, async (t) => {
  // A text is a path, whatever it says: some of the hostile ones become files.
  const before = process.cwd();
  process.chdir(mkdtempSync(join(ioFolder, 'texts-')));
  const { calls, places, faults } = await provokeRoom(ioRoom, { seed, numRuns: 40 });
  t.strictSame(faults, []);
  t.ok(calls > 20, `${calls} functions, constructors, methods and accessors are called`);
  t.ok(places > 45, `${places} right arguments are spoilt`);
  t.notOk(
    [...readdirSync('.'), ...readdirSync(ioFolder)].some((name) => name.endsWith('.tmp')),
    'nothing half-written is left',
  );
  process.chdir(before);
});

const loose = room as unknown as Record<keyof typeof room, (...args: unknown[]) => unknown>;

t.test('the message names the argument, what was expected and what came', async (t) => {
  const file = (name: string): string => join(ioFolder, name);
  await messagesOf(t, [
    [() => room.readNpy('a\0.npy'), ArgumentError, [/path/, /a file/]],
    [() => room.readNpy(ioFolder), TenchError, [/folder/]],
    [() => room.readNpy(file('none.npy')), TenchError, [/none\.npy/, /ENOENT/]],
    [() => loose.readNpy(file('right.npy'), { mapped: 'no' }), ArgumentError, [/mapped/, /true or false/, /no/]],
    [() => loose.readNpy(file('right.npy'), { device: 7 }), ArgumentError, [/device/, /string/, /7/]],
    [() => loose.writeNpy(file('x.npy'), [1, 2]), ArgumentError, [/tensor/, /Tensor/, /1, 2/]],
    [() => loose.writeNpz(file('x.npz'), { a: 7 }), ArgumentError, [/tensors: a/, /Tensor/, /7/]],
    [() => loose.writeNpz(file('x.npz'), new Map([[7, ones([1])]])), ArgumentError, [/tensors/, /strings/, /7/]],
    [() => loose.writeSafetensors('', { a: ones([1]) }), ArgumentError, [/path/]],
    [
      () => loose.writeSafetensors(file('x'), { a: ones([1]) }, { metadata: { n: 1 } }),
      ArgumentError,
      [/metadata: n/, /1/],
    ],
    [() => loose.writeTorch(file('x.pt'), () => 1), TenchError, [/value/, /function/]],
    [() => loose.readTorch(file('right.npy'), { dicts: 'list' }), ArgumentError, [/dicts/, /'object'/, /list/]],
    [() => loose.writeAtomically(file('x'), 'text'), ArgumentError, [/write/, /function/, /text/]],
    [() => room.writeAtomically(join(file('none'), 'x'), async () => {}), TenchError, [/cannot write/, /none/]],
  ]);
  t.notOk(
    readdirSync(ioFolder).some((name) => name.startsWith('x') || name.endsWith('.tmp')),
    'what was refused has written nothing',
  );
});
