/** A model whose forward ends when somebody else has opened a gate, which is a file: whoever must open it cannot be the one who waits. */

import { existsSync } from 'node:fs';

import { Conv2d, Module } from '../../lib/nn/index.js';
import type { Tensor } from '../../lib/tensor/index.js';

/** Names the gate, in the environment, which threads inherit. */
export const gateVariable = 'TENCH_TEST_GATE';

export class Gated extends Module {
  readonly conv = new Conv2d(3, 3, 1);

  override forward(x: Tensor): Tensor {
    const sleeping = new Int32Array(new SharedArrayBuffer(4));
    const gate = process.env[gateVariable] ?? '';
    while (gate !== '' && !existsSync(gate)) Atomics.wait(sleeping, 0, 0, 5);
    return this.conv.call(x).mean([2, 3]);
  }
}

export const model = (): Module => new Gated();
