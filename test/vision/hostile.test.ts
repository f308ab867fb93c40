/** Whatever a function of the vision room is given, it returns or throws a typed error, which says what was wrong. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { convLayer } from '../../lib/nn/index.js';
import { ArgumentError, TenchError, ones, setNumThreads } from '../../lib/tensor/index.js';
import * as room from '../../lib/vision/index.js';
import { messagesOf } from '../messages.js';
import { provokeRoom } from '../provoke.js';
import { visionFolder, visionRoom } from './room.js';

const seed = 1;

setNumThreads(1);
t.teardown(() => rmSync(visionFolder, { recursive: true }));

t.test(`all that is exported, seed ${seed}`, async (t) => {
  const { calls, places, faults } = await provokeRoom(visionRoom, { seed, numRuns: 40 });
  t.strictSame(faults, []);
  t.ok(calls > 45, `${calls} functions, constructors, methods and accessors are called`);
  t.ok(places > 150, `${places} right arguments are spoilt`);
});

/** A function or class that takes anything. */
interface Anything {
  (...args: unknown[]): unknown;
  new (...args: unknown[]): unknown;
}

const loose = room as unknown as Record<keyof typeof room, Anything>;

t.test('the message names the argument, what was expected and what came', async (t) => {
  const text = join(visionFolder, 'text.png');
  writeFileSync(text, 'no picture');
  const image = new room.Image({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) });
  await messagesOf(t, [
    [() => room.decodeImage(join(visionFolder, 'none.png')), TenchError, [/none\.png/, /no such file/]],
    [() => room.decodeImage(visionFolder), TenchError, [/cannot read the image/, /folder/]],
    [() => room.decodeImage('a\0.png'), TenchError, [/cannot read the image/]],
    [() => room.decodeImage(text), TenchError, [/text\.png/, /no image format/]],
    [() => loose.decodeImage(7), ArgumentError, [/source/, /path/, /7/]],
    [() => room.decodeImage(text, { maxPixels: -1 }), ArgumentError, [/maxPixels/, /at least 1/, /-1/]],
    [() => new loose.ImageList([7]), ArgumentError, [/source/, /path/, /7/]],
    [() => new loose.Image({ width: 2, height: 2, channels: 5 }), ArgumentError, [/channels/, /1, 2, 3 or 4/, /5/]],
    [() => loose.resample(image, { width: 0, height: 2, filter: 'box' }), ArgumentError, [/width/, /at least 1/, /0/]],
    [
      () => loose.resample(image, { width: 1, height: 2, filter: 'blurry' }),
      ArgumentError,
      [/filter/, /lanczos/, /blurry/],
    ],
    [() => loose.runProgram(image, [{ op: 'melt' }]), ArgumentError, [/operation/, /crop/, /melt/]],
    [() => loose.sizeAfter([{ op: 'melt' }], image), ArgumentError, [/operation/, /crop/, /melt/]],
    [() => loose.toByteTensor(ones([2])), ArgumentError, [/toByteTensor/, /Image/]],
    [() => loose.normalizeChan(ones([3, 2, 2]), 'mean', [1]), ArgumentError, [/mean/, /array of numbers/]],
    [() => loose.normalizeChan(ones([3, 2, 2]), [1, 2], [1]), ArgumentError, [/mean/, /3 channels/, /2 numbers/]],
    [() => loose.channelStats([1, 2]), ArgumentError, [/dl/, /loader/]],
    [() => loose.getCnnModel({ cIn: 1, cOut: 2 }, [4, -4], convLayer), ArgumentError, [/nfs/, /at least 1/, /-4/]],
    [() => loose.getCnnModel({ cIn: 1, cOut: 2 }, [4], () => 7), ArgumentError, [/layer/, /Module/, /7/]],
    [() => room.mnistData(join(visionFolder, 'nowhere')), TenchError, [/nowhere/, /cannot be read/]],
  ]);
});
