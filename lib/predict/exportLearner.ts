/** Exporting: a learner as one file without code, from which anybody predicts as it did. */

import { writeSealed } from '../io/sealed.js';
import { takeApart } from '../io/stateTree.js';
import { Learner } from '../learner/index.js';
import { needInstance, needPath } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { describeLearner, type ExportOptions } from './describeLearner.js';
import { learnerFormat } from './description.js';

declare module '../learner/learner.js' {
  interface Learner {
    /**
     * Writes what predictions need to one file, atomically: the weights that validate (see `evalWeights`) by name as safetensors, and in its
     * metadata, as JSON, the architecture by name and options, the transforms of images and batches, the vocabulary, precision and versions. It
     * holds no code. `loadLearner` opens it.
     *
     * @throws TenchError (`ERR_TENCH_EXPORT`) that names what cannot be described, or (`ERR_TENCH_WRITE`) why the file cannot be written; what was
     *   at the path before is still there
     */
    export(path: string, options?: ExportOptions): Promise<void>;
  }
}

/** See `Learner.export`. */
export async function exportLearner(learn: Learner, path: string, options: ExportOptions = {}): Promise<void> {
  needInstance('learn', learn, Learner);
  needPath('path', path, 'the path of a file');
  const { text, tensors } = takeApart(describeLearner(learn, options), 'an exported learner');
  const [stray] = tensors.keys();
  if (stray !== undefined)
    throw new TenchError(`an exported learner cannot hold ${stray}: descriptions are plain data, and it is a tensor`, {
      code: 'ERR_TENCH_EXPORT',
    });
  await learn.evalWeights(() => writeSealed(path, learnerFormat, { text, tensors: learn.model.stateDict() }));
}

// The method belongs to an earlier room, which cannot know of files.
Learner.prototype.export = function (this: Learner, path, options) {
  return exportLearner(this, path, options);
};
