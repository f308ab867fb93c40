/** Relatives of Adam: steps whose rate is set for every weight by the gradients that it has had. */

import { needInstance } from '../../tensor/checks.js';
import { TensorList } from '../../tensor/index.js';
import { scope } from '../../tensor/scope.js';
import { Stat } from '../parts.js';
import { debiasTerm, type AdamContext } from '../steppers.js';

/**
 * RMSProp: the gradient over the root of its mean square, `p -= lr * grad / (sqrt(sqrAvg) + eps)` (Tieleman, Hinton 2012, lecture 6.5 of
 * "Neural networks for machine learning"). Default `eps` 1e-8.
 *
 * Adagrad (Duchi et al. 2011, jmlr.org/papers/v12/duchi11a) is the same step over the sum of all squares:
 * `new AverageSqrGrad({ dampening: false })` with `sqrMom` 1.
 */
export function rmsPropStep(p: TensorList, { lr, eps, sqrAvg }: { lr: number; eps: number; sqrAvg: TensorList }): void {
  p.addcdiv_(p.grad, sqrAvg.sqrt().add_(eps), { value: -lr });
}
rmsPropStep.defaults = { eps: 1e-8 };
rmsPropStep.scoped = true;
rmsPropStep.borrowsGrad = true;

/**
 * Adagrad's rate, which falls by itself: `lr / (1 + (step - 1) * lrDecay)` in place of `lr` in {@link rmsPropStep}. Takes the sum of all squares and a
 * step count. Defaults: `lrDecay` 0, `eps` 1e-10.
 */
export function adagradStep(
  p: TensorList,
  { lr, lrDecay, step, eps, sqrAvg }: { lr: number; lrDecay: number; step: number; eps: number; sqrAvg: TensorList },
): void {
  rmsPropStep(p, { lr: lr / (1 + (step - 1) * lrDecay), eps, sqrAvg });
}
adagradStep.defaults = { lrDecay: 0, eps: 1e-10 };
adagradStep.scoped = true;
adagradStep.borrowsGrad = true;

/**
 * The running variance of the gradients, in place of their mean square: `sqrAvg` is the mean square less the square of the mean, `gradMean`
 * (Graves 2013, arXiv:1308.0850, section 4.2).
 *
 * State: both lists. Hyper-parameter: `sqrMom`, default 0.99. It is brought up to date from the distance to the mean, so that no rounding makes it negative, as the
 * difference of two large numbers may be.
 */
export class CenteredSqrGrad extends Stat<{ sqrAvg: TensorList; gradMean: TensorList }> {
  static readonly borrowsGrad = true;
  override readonly defaults = { sqrMom: 0.99 };

  initState(p: TensorList): { sqrAvg: TensorList; gradMean: TensorList } {
    needInstance('CenteredSqrGrad: p', p, TensorList);
    return { sqrAvg: p.zerosLike(), gradMean: p.zerosLike() };
  }

  update(
    p: TensorList,
    { sqrAvg, gradMean }: { sqrAvg: TensorList; gradMean: TensorList },
    { sqrMom }: { sqrMom: number },
  ): void {
    scope(() => {
      const away = p.grad.sub(gradMean);
      sqrAvg.addcmul_(away, away, { value: 1 - sqrMom }).mul_(sqrMom);
      gradMean.add_(away, { alpha: 1 - sqrMom });
    });
  }
}

/** RMSProp whose steps have momentum: `velocity = mom * velocity + grad / (sqrt(sqrAvg) + eps)`. Needs `new Keep('velocity')`. Default `mom` 0.9. */
export function rmsPropMomStep(
  p: TensorList,
  {
    lr,
    mom,
    eps,
    sqrAvg,
    velocity,
  }: { lr: number; mom: number; eps: number; sqrAvg: TensorList; velocity: TensorList },
): void {
  velocity.mul_(mom).addcdiv_(p.grad, sqrAvg.sqrt().add_(eps));
  p.add_(velocity, { alpha: -lr });
}
rmsPropMomStep.defaults = { eps: 1e-8, mom: 0.9 };
rmsPropMomStep.scoped = true;
rmsPropMomStep.borrowsGrad = true;

/** Adam's context without the squares. */
type MeanContext = Pick<AdamContext, 'lr' | 'mom' | 'momDamp' | 'step' | 'eps' | 'gradAvg'>;

/**
 * Adamax: Adam with the largest gradient, which fades by `maxMom`, in place of the mean square (Kingma, Ba 2015, section 7.1,
 * arXiv:1412.6980). Needs `new Keep('gradMax')`. Defaults: `maxMom` 0.999, `eps` 1e-8, which is added to each gradient's size.
 */
export function adamaxStep(
  p: TensorList,
  { lr, mom, momDamp, step, maxMom, eps, gradAvg, gradMax }: MeanContext & { maxMom: number; gradMax: TensorList },
): void {
  gradMax.copy_(gradMax.mul_(maxMom).maximum(p.grad.abs().add_(eps)));
  p.addcdiv_(gradAvg, gradMax, { value: -lr / debiasTerm(mom, momDamp, step) });
}
adamaxStep.defaults = { maxMom: 0.999, eps: 1e-8 };
adamaxStep.scoped = true;
adamaxStep.borrowsGrad = true;

/**
 * AMSGrad: Adam over the largest mean square so far, so that no rate grows again (Reddi et al. 2018, arXiv:1904.09237). Needs
 * `new Keep('sqrMax')`. Default `eps` 1e-8.
 */
export function amsGradStep(
  p: TensorList,
  { lr, mom, momDamp, sqrMom, sqrDamp, step, eps, gradAvg, sqrAvg, sqrMax }: AdamContext & { sqrMax: TensorList },
): void {
  const [debias1, debias2] = [debiasTerm(mom, momDamp, step), debiasTerm(sqrMom, sqrDamp, step)];
  sqrMax.copy_(sqrMax.maximum(sqrAvg));
  p.addcdiv_(gradAvg, sqrMax.div(debias2).sqrt_().add_(eps), { value: -lr / debias1 });
}
amsGradStep.defaults = { eps: 1e-8 };
amsGradStep.scoped = true;
amsGradStep.borrowsGrad = true;

/** NAdam's momentum, which grows from half of `mom` to all of it. State: the step, this step's and the next one's momentum, and the product of all so far. */
export class NadamMomentum extends Stat<{ step: number; momNow: number; momNext: number; momProduct: number }> {
  static readonly borrowsGrad = true;
  override readonly defaults = { momDecay: 0.004 };

  initState(): { step: number; momNow: number; momNext: number; momProduct: number } {
    return { step: 0, momNow: 0, momNext: 0, momProduct: 1 };
  }

  update(
    _p: TensorList,
    state: { step: number; momNow: number; momNext: number; momProduct: number },
    { mom, momDecay }: { mom: number; momDecay: number },
  ): void {
    const momAt = (step: number): number => mom * (1 - 0.96 ** (step * momDecay) / 2);
    state.step += 1;
    state.momNow = momAt(state.step);
    state.momNext = momAt(state.step + 1);
    state.momProduct *= state.momNow;
  }
}

/** What {@link nadamStep} takes. */
type NadamContext = Pick<AdamContext, 'lr' | 'sqrMom' | 'sqrDamp' | 'step' | 'eps' | 'gradAvg' | 'sqrAvg'> & {
  momNow: number;
  momNext: number;
  momProduct: number;
};

/**
 * NAdam: Adam with Nesterov's look ahead (Dozat 2016, openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ). Takes the averages with dampening, and
 * {@link NadamMomentum}, which counts the steps. Default `eps` 1e-8.
 */
export function nadamStep(
  p: TensorList,
  { lr, momNow, momNext, momProduct, sqrMom, sqrDamp, step, eps, gradAvg, sqrAvg }: NadamContext,
): void {
  const root = sqrAvg
    .div(debiasTerm(sqrMom, sqrDamp, step))
    .sqrt_()
    .add_(eps);
  p.addcdiv_(p.grad, root, { value: (-lr * (1 - momNow)) / (1 - momProduct) });
  p.addcdiv_(gradAvg, root, { value: (-lr * momNext) / (1 - momProduct * momNext) });
}
nadamStep.defaults = { eps: 1e-8 };
nadamStep.scoped = true;
nadamStep.borrowsGrad = true;

/**
 * RAdam: momentum at first, and Adam's rates as soon as the mean square has seen enough to be trusted, and as far as it can be
 * (Liu et al. 2020, arXiv:1908.03265). Default `eps` 1e-8.
 */
export function radamStep(
  p: TensorList,
  { lr, mom, momDamp, sqrMom, sqrDamp, step, eps, gradAvg, sqrAvg }: AdamContext,
): void {
  const rate = lr / debiasTerm(mom, momDamp, step);
  const longest = 2 / (1 - sqrMom) - 1;
  const length = longest - (2 * step * sqrMom ** step) / (1 - sqrMom ** step);
  if (length > 5) {
    const trust = ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length);
    const debias2 = debiasTerm(sqrMom, sqrDamp, step);
    p.addcdiv_(gradAvg, sqrAvg.sqrt().add_(eps), { value: -rate * Math.sqrt(trust * debias2) });
  } else p.add_(gradAvg, { alpha: -rate });
}
radamStep.defaults = { eps: 1e-8 };
radamStep.scoped = true;
radamStep.borrowsGrad = true;

/**
 * AdaBound: Adam whose rates are kept between two bounds that close in on `finalLr`, so that it ends as gradient descent
 * (Luo et al. 2019, arXiv:1902.09843). Defaults: `finalLr` 0.1, `gamma` 1e-3 (how fast they close in), `eps` 1e-8.
 *
 * A schedule of `lr` that shall also move the bounds must be given to `finalLr` too.
 */
export function adaBoundStep(
  p: TensorList,
  {
    lr,
    mom,
    momDamp,
    sqrMom,
    sqrDamp,
    step,
    eps,
    finalLr,
    gamma,
    gradAvg,
    sqrAvg,
  }: AdamContext & { finalLr: number; gamma: number },
): void {
  const rate = (lr * Math.sqrt(debiasTerm(sqrMom, sqrDamp, step))) / debiasTerm(mom, momDamp, step);
  const least = finalLr * (1 - 1 / (gamma * step + 1));
  const most = finalLr * (1 + 1 / (gamma * step));
  const rates = sqrAvg.sqrt().add_(eps).reciprocal_().mul_(rate).clampMin_(least).clampMax_(most);
  p.addcmul_(rates, gradAvg, { value: -1 });
}
adaBoundStep.defaults = { finalLr: 0.1, gamma: 1e-3, eps: 1e-8 };
adaBoundStep.scoped = true;
adaBoundStep.borrowsGrad = true;

/**
 * QHAdam: Adam in which only the share `nu` of the mean, and `sqrNu` of the mean square, is averaged, the rest is new
 * (Ma, Yarats 2019, arXiv:1810.06801). Defaults: `nu` 0.7, `sqrNu` 1, `eps` 1e-8; with both 1 it is Adam.
 */
export function qhAdamStep(
  p: TensorList,
  {
    lr,
    mom,
    momDamp,
    sqrMom,
    sqrDamp,
    step,
    eps,
    nu,
    sqrNu,
    gradAvg,
    sqrAvg,
  }: AdamContext & { nu: number; sqrNu: number },
): void {
  const { grad } = p;
  const mean = grad.lerp(gradAvg.div(debiasTerm(mom, momDamp, step)), nu);
  const square = grad.mul(grad).lerp_(sqrAvg.div(debiasTerm(sqrMom, sqrDamp, step)), sqrNu);
  p.addcdiv_(mean, square.sqrt_().add_(eps), { value: -lr });
}
qhAdamStep.defaults = { nu: 0.7, sqrNu: 1, eps: 1e-8 };
qhAdamStep.scoped = true;
qhAdamStep.borrowsGrad = true;
