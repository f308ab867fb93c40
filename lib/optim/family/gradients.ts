/** Gradient steppers: what changes the gradients before anything remembers or follows them. Each tensor's `grad` has its own value again after the step. */

import { stack, type Tensor, type TensorList } from '../../tensor/index.js';
import { acrossGroups } from '../acrossGroups.js';
import { perTensor } from '../perTensor.js';

/** Cuts every element of the gradients to [-maxValue, maxValue]. Default `maxValue` 1. */
export function clipGradValue(p: TensorList, { maxValue }: { maxValue: number }): void {
  p.grad = p.grad.clampMin(-maxValue).clampMax_(maxValue);
}
clipGradValue.defaults = { maxValue: 1 };
clipGradValue.borrowsGrad = true;

/** Scales the gradients of all groups, where their norm together is larger than `maxNorm`, down to it. */
function clipAll(lists: readonly TensorList[], { maxNorm }: { maxNorm: number }): void {
  const { device } = lists[0]!;
  const norms = lists.map(({ grad }) => {
    const norm = grad.norm().stack();
    return norm
      .to(norm.dtype === 'float64' ? 'float64' : 'float32')
      .norm()
      .to(device);
  });
  // 1e-6 as in PyTorch, so that results agree. No norm is read back.
  const factor = stack(norms).norm().add(1e-6).reciprocal().mul(maxNorm).clampMax(1);
  for (const p of lists) p.grad = p.grad.mul(factor.to(p.device));
}

/**
 * Clips by the norm of the gradients of all groups together (Pascanu et al. 2013, arXiv:1211.5063). Default `maxNorm` 1; the first group's
 * holds for all.
 */
export const clipGradNorm = acrossGroups(Object.assign(clipAll, { defaults: { maxNorm: 1 }, borrowsGrad: true }));
Object.defineProperty(clipGradNorm, 'name', { value: 'clipGradNorm' });

/** Takes its mean off the gradient of each output's weights. */
function centralizeOne(p: Tensor): void {
  const grad = p.grad!;
  const axes = Array.from({ length: grad.ndim - 1 }, (_, i) => i + 1);
  if (axes.length > 0) p.grad = grad.sub(grad.mean(axes, true));
}

/** Gradient centralisation: takes its mean off the gradient of each output's weights (Yong et al. 2020, arXiv:2004.01461). Vectors stay as they are. */
export const centralizeGrad = perTensor(Object.assign(centralizeOne, { borrowsGrad: true }));
Object.defineProperty(centralizeGrad, 'name', { value: 'centralizeGrad' });
