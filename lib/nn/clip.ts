/** Clipping keeps a rare huge gradient from throwing the weights far away. */

import { needFlag, needInRange, needIterable, needOptions, needTensor } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { callOperator, isTensor, linalgVectorNorm, noGrad, stack, type Tensor } from '../tensor/index.js';

/**
 * Scales all gradients together so that their norm, taken as one vector, is at most `maxNorm` (Pascanu et al. 2013, arXiv:1211.5063).
 *
 * Works in place and never reads a value, so it does not wait for the device.
 *
 * @param parameters tensors whose `grad` is clipped; those without are passed over
 * @param options `normType`, default 2 (Infinity for the largest absolute value); `errorIfNonfinite` reads the norm and throws when it is not finite
 * @returns the norm before clipping, a scalar tensor
 */
export function clipGradNorm_(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  options: { normType?: number; errorIfNonfinite?: boolean } = {},
): Tensor | null {
  needOptions('clipGradNorm_', options);
  const { normType = 2, errorIfNonfinite = false } = options;
  needInRange('clipGradNorm_: maxNorm', maxNorm, { least: 0 });
  needInRange('clipGradNorm_: normType', normType);
  needFlag('clipGradNorm_: errorIfNonfinite', errorIfNonfinite);
  const gradients = gradientsOf('clipGradNorm_', parameters);
  if (gradients.length === 0) return null;
  return noGrad(() => {
    const norms = callOperator('aten::_foreach_norm.Scalar', [gradients, normType]) as Tensor[];
    const total = linalgVectorNorm(stack(norms), normType);
    if (errorIfNonfinite && !Number.isFinite(total.item())) {
      throw new TenchError(`the norm of the gradients is ${total.item()}, so it cannot be clipped`, {
        code: 'ERR_TENCH_NONFINITE',
      });
    }
    // 1e-6 as in PyTorch, so that results agree. Always multiplying, by at most 1, saves asking the device whether it is needed.
    const factor = total.add(1e-6).reciprocal().mul(maxNorm).clampMax(1);
    callOperator('aten::_foreach_mul_.Tensor', [gradients, factor]);
    return total;
  });
}

/** Cuts every element of all gradients to [-limit, limit], in place. */
export function clipGradValue_(parameters: Tensor | Iterable<Tensor>, limit: number): void {
  needInRange('clipGradValue_: limit', limit, { least: 0 });
  const gradients = gradientsOf('clipGradValue_', parameters);
  noGrad(() => {
    for (const gradient of gradients) gradient.clamp_(-limit, limit);
  });
}

function gradientsOf(where: string, parameters: Tensor | Iterable<Tensor>): Tensor[] {
  const argument = `${where}: parameters`;
  const all = isTensor(parameters) ? [parameters] : [...needIterable(argument, parameters, 'tensors')];
  return all.map((parameter) => needTensor(argument, parameter).grad).filter((gradient) => gradient !== null);
}
