/** A chain of transforms that native code can run from the file to the batch tensor: built-in image transforms, `toByteTensor`, steps on batches. */

import { guard, type Chain, type ChainItem } from '../data/chain.js';
import { transformLabel, type AnyTransform } from '../data/compose.js';
import type { Placement } from '../data/placement.js';
import type { Device, Tensor } from '../tensor/index.js';
import { encodeProgram } from './encode.js';
import { sizeAfter, type ImageOperation, type ImageSize } from './program.js';
import { ImageTransform, isPlanned, type Planned } from './transforms/imageTransform.js';
import { toByteTensor, toFloatTensor } from './transforms/toTensor.js';

/** False for a subclass of a built-in transform that does something else with it. */
function runsItsPlan(step: AnyTransform): boolean {
  return !(step instanceof ImageTransform) || step.apply === ImageTransform.prototype.apply;
}

/** What is done to one image, and the size that it has then. */
export interface Plan {
  readonly program: Float64Array;
  readonly size: ImageSize;
}

/** The numbers of a batch's pixels while they are being written. */
export type PixelType = 'uint8' | 'float32';

export class PlannedChain {
  readonly #chain: Chain;
  readonly #steps: readonly (AnyTransform & Planned)[];

  private constructor(chain: Chain, steps: readonly (AnyTransform & Planned)[]) {
    this.#chain = chain;
    this.#steps = steps;
  }

  /** The chain, or undefined where one of its steps is not native. */
  static of(chain: Chain): PlannedChain | undefined {
    const steps = chain.transforms.slice(0, chain.perItem);
    if (chain.collates !== toByteTensor || !steps.every(isPlanned) || !steps.every(runsItsPlan)) return undefined;
    return new PlannedChain(chain, steps);
  }

  /** Draws for one image, and says what is done to it. */
  plan(image: ImageSize, item: ChainItem): Plan {
    let size = image;
    const operations: ImageOperation[] = [];
    this.#steps.forEach((step, position) => {
      const planned = guard(
        () => step.plan(size, this.#chain.context(item, position)),
        item.name,
        () => transformLabel(step),
      ) as ImageOperation[];
      size = sizeAfter(planned, size);
      operations.push(...planned);
    });
    return { program: encodeProgram(operations), size };
  }

  /** Floats where the next step would make them on the same device; bytes are what travels to any other. */
  pixelType(device: Device | undefined): PixelType {
    const staysHere = device === undefined || device === 'cpu';
    return staysHere && this.#chain.perBatch[0] === toFloatTensor ? 'float32' : 'uint8';
  }

  /** Runs the steps on batches that the pixels have not been through. */
  finish(batch: Tensor, to: Placement): Tensor {
    return this.#chain.finish(batch, to, this.pixelType(to.device) === 'float32' ? 1 : 0);
  }
}
