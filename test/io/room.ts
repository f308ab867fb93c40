/** How everything in the io room is called rightly, for the tests that call it wrongly. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as room from '../../lib/io/index.js';
import { ones, type Tensor } from '../../lib/tensor/index.js';
import { AvgStatsCallback, Callback, Learner, TrackingCallback } from '../../lib/learner/index.js';
import { drawData, drawModel } from '../learner/drawn.js';
import type { Room } from '../provoke.js';
import { golden } from './golden.js';

/** Files for the right arguments; whoever calls with them removes the folder. */
export const ioFolder = mkdtempSync(join(tmpdir(), 'tench-hostile-'));

const script = await room.jit.load(golden('scripted.pt'));
const npy = join(ioFolder, 'right.npy');
const npz = join(ioFolder, 'right.npz');
const safetensors = join(ioFolder, 'right.safetensors');
await room.writeNpy(npy, ones([2]));
await room.writeNpz(npz, { a: ones([2]) });
await room.writeSafetensors(safetensors, { a: ones([2]) });

const out = join(ioFolder, 'written');
const tensors = (): Record<string, Tensor> => ({ a: ones([2]), b: ones([3]) });

function saveBest(): room.SaveBestCallback {
  const cb = new room.SaveBestCallback(out);
  new Learner(drawModel(), drawData([4], [2]), { cbs: [new AvgStatsCallback(), cb] });
  return cb;
}

const trained = new Learner(drawModel(), drawData([4], [2]));
trained.logger = () => undefined;
await trained.fit(1);
const checkpoint = join(ioFolder, 'right.ckpt.safetensors');
await room.saveCheckpoint(trained, checkpoint);

function checkpoints(): room.CheckpointCallback {
  const cb = new room.CheckpointCallback(join(ioFolder, 'checkpoints'), { signals: [] });
  trained.addCallbacks([cb]);
  trained.removeCallbacks([cb]);
  return cb;
}

export const ioRoom: Room = {
  exports: room,
  known: [TrackingCallback, Callback],
  apart: { 'SaveBestCallback#judge': 'protected', 'new jit.ScriptModule': 'internal: only `jit.load` makes modules' },
  instances: { ScriptModule: () => script, SaveBestCallback: saveBest, CheckpointCallback: checkpoints },
  valid: {
    'new SaveBestCallback': () => [out, { monitor: 'loss', pass: 'valid', mode: 'min', minDelta: 0.1, restore: true }],
    writeAtomically: () => [out, (file: { write(text: string): Promise<unknown> }) => file.write('whole')],
    saveCheckpoint: () => [trained, out],
    loadCheckpoint: () => [checkpoint],
    listCheckpoints: () => [join(ioFolder, 'checkpoints')],
    latestCheckpoint: () => [join(ioFolder, 'checkpoints')],
    'new CheckpointCallback': () => [
      join(ioFolder, 'checkpoints'),
      { everyEpochs: 1, everyBatches: 2, keep: 2, signals: ['SIGINT'], signal: new AbortController().signal },
    ],
    readNpy: () => [npy, { device: 'cpu', mapped: false }],
    readNpz: () => [npz, { device: 'cpu', maxBytes: 1e6 }],
    writeNpy: () => [out, ones([2])],
    writeNpz: () => [out, tensors(), { compressed: true }],
    readSafetensors: () => [safetensors, { device: 'cpu', mapped: false }],
    writeSafetensors: () => [out, tensors(), { metadata: { by: 'me' } }],
    readTorch: () => [golden('model.pt'), { device: 'cpu', dicts: 'map', mapped: false, maxBytes: 1e6 }],
    stateDictOf: () => [new Map([['model', new Map([['a', ones([2])]])]]), 'model'],
    writeTorch: () => [out, { a: ones([2]), b: [1, 'two', null] }],
    'jit.load': () => [golden('scripted.pt'), { device: 'cpu' }],
    'ScriptModule#run': () => ['forward', ones([2, 3])],
    'ScriptModule#forward': () => [ones([2, 3])],
    'ScriptModule#call': () => [ones([2, 3])],
    'ScriptModule#train': () => [true],
    'ScriptModule#to': () => ['float32'],
  },
  open: { 'writeAtomically 1.()': 'what the function returns is not looked at' },
};
