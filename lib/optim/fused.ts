/**
 * Kernels that do a whole step of certain parts in one pass through memory: LibTorch's `_fused_sgd_`, `_fused_adam_`, `_fused_adamw_`, and one of ours.
 *
 * Only parts whose arithmetic is the kernel's are recognised, by identity: a stat that someone has subclassed is another stat. The kernel reads and
 * writes the very state that the parts keep, so either may go on where the other has stopped.
 */

import { callOperator, zeros, type Device, type DType, type Tensor, type TensorList } from '../tensor/index.js';
import { HandleArray } from '../tensor/call.js';
import { native } from '../tensor/native.js';
import { outsideScope } from '../tensor/scope.js';
import type { Chunk } from './chunks.js';
import type { Hypers, Parts, Stat, State, Stepper } from './parts.js';
import { amsGradStep } from './family/adaptive.js';
import { nesterovStep } from './family/momentum.js';
import { AverageGrad, AverageSqrGrad, Keep, StepCount } from './stats.js';
import { adamStep, l2Reg, lambStep, momentumStep, mostTrust, sgdStep, weightDecay } from './steppers.js';

/** A kernel that equals an optimizer's parts. */
export interface Kernel {
  readonly name: string;
  /** It does what the gradient steppers say, so they must not run. */
  readonly absorbsGradSteppers: boolean;
  /** Whether it is there for tensors of a device. LibTorch's are for the processor and for CUDA, whose own demands are that lists are laid out alike. */
  runsOn(device: Device): boolean;
  /** Those in which it computes what the parts do. */
  readonly dtypes: ReadonlySet<DType>;
  /** Whether it computes what the parts do with these hyper-parameters. */
  agrees(hypers: Hypers): boolean;
  /** The lists of the state that it walks through beside parameters and gradients. */
  lists(state: State): TensorList[];
  /** Updates the state and the parameters. */
  run(chunk: Chunk, hypers: Hypers): void;
}

/** The kernel that equals these parts, or null. */
export function findKernel({ gradSteppers, stats, steppers }: Parts): Kernel | null {
  const regularised = same(gradSteppers, [l2Reg]);
  const kernel = findFor(stats, steppers, regularised);
  return kernel === null ? null : { ...kernel, absorbsGradSteppers: regularised };
}

const fullPrecision: ReadonlySet<DType> = new Set<DType>(['float32', 'float64']);
const everyPrecision: ReadonlySet<DType> = new Set<DType>([...fullPrecision, 'float16', 'bfloat16']);

type Found = Omit<Kernel, 'absorbsGradSteppers'>;

const onLibTorchs = (device: Device): boolean => device === 'cpu' || device.startsWith('cuda');

function findFor(stats: readonly Stat[], steppers: readonly Stepper[], regularised: boolean): Found | null {
  const decays = steppers[0] === weightDecay;
  const last = decays ? steppers.slice(1) : steppers;
  // Decay that is coupled and decoupled at once is no kernel's.
  if (regularised && decays) return null;
  if (same(last, [sgdStep]) && stats.length === 0) return plainSgd(regularised || decays);
  if (same(last, [momentumStep]) && stats.length === 1 && isExactly(stats[0], AverageGrad))
    return momentumSgd({ dampens: stats[0].dampening, nesterov: false, regularised, decays });
  // Nesterov's step over a dampened average is no kernel's.
  if (same(last, [nesterovStep]) && stats.length === 1 && isExactly(stats[0], AverageGrad) && !stats[0].dampening)
    return momentumSgd({ dampens: false, nesterov: true, regularised, decays });
  const adamName = regularised ? '_fused_adam_' : '_fused_adamw_';
  if (same(last, [adamStep]) && isAdamStats(stats))
    return adam(adamName, { decays: regularised || decays, amsgrad: false });
  if (same(last, [amsGradStep]) && isAmsGradStats(stats))
    return adam(adamName, { decays: regularised || decays, amsgrad: true });
  if (same(steppers, [lambStep]) && !regularised && isAdamStats(stats)) return lamb();
  return null;
}

/**
 * With nothing remembered, decay of the parameter and of the gradient are the same.
 *
 * In half precision LibTorch's kernel leaves most elements as they are, up to 2.13 at least (pytorch/pytorch#191763).
 */
function plainSgd(decays: boolean): Found {
  return {
    name: '_fused_sgd_',
    runsOn: onLibTorchs,
    dtypes: fullPrecision,
    agrees: () => true,
    lists: () => [],
    run: (chunk, { lr, wd }) => {
      callSgd(chunk, null, { lr: lr!, wd: decays ? wd! : 0, mom: 0, dampening: 0, nesterov: false });
    },
  };
}

/** Which momentum it is. */
interface MomentumForm {
  readonly dampens: boolean;
  readonly nesterov: boolean;
  readonly regularised: boolean;
  readonly decays: boolean;
}

/** The kernel knows only decay that enters the average; the other kind costs a pass of its own before it. */
function momentumSgd({ dampens, nesterov, regularised, decays }: MomentumForm): Found {
  return {
    name: decays ? 'weightDecay, _fused_sgd_' : '_fused_sgd_',
    runsOn: onLibTorchs,
    dtypes: fullPrecision,
    // Without momentum the kernel leaves the average as it is.
    agrees: ({ mom }) => mom !== 0,
    lists: ({ gradAvg }) => [gradAvg as TensorList],
    run: (chunk, hypers) => {
      const { p, state } = chunk;
      const { lr, mom, wd } = hypers as { lr: number; mom: number; wd: number };
      state.momDamp = dampens ? 1 - mom : 1;
      if (decays) weightDecay(p, { lr, wd });
      callSgd(chunk, state.gradAvg as TensorList, {
        lr,
        wd: regularised ? wd : 0,
        mom,
        dampening: dampens ? mom : 0,
        nesterov,
      });
    },
  };
}

interface SgdSettings {
  lr: number;
  wd: number;
  mom: number;
  dampening: number;
  nesterov: boolean;
}

function callSgd(chunk: Chunk, average: TensorList | null, settings: SgdSettings): void {
  const { lr, wd, mom, dampening, nesterov } = settings;
  const { p } = chunk;
  callKernel('_fused_sgd_', chunk, [p.handles, p.grad.handles, average?.handles ?? []], {
    weightDecay: wd,
    momentum: mom,
    lr,
    dampening,
    nesterov,
    maximize: false,
    // The average begins with zeros, which is as good as knowing that it has no value yet.
    isFirstStep: false,
  });
}

/** LibTorch's kernels wake the other threads for each tensor, which takes longer than small ones do. */
function callKernel(name: string, { isSmall }: Chunk, lists: unknown[], settings: Record<string, unknown>): void {
  const threads = isSmall ? native.limitThreads(1) : 1;
  try {
    callOperator(`aten::${name}`, lists, settings);
  } finally {
    if (threads > 1) native.limitThreads(threads);
  }
}

/** Both kernels put `eps` beside the debiased root, as the paper and `adamStep` do, and both averages are dampened. */
function adam(
  name: '_fused_adam_' | '_fused_adamw_',
  { decays, amsgrad }: { decays: boolean; amsgrad: boolean },
): Found {
  const counters = new WeakMap<Chunk, { step: Tensor; handles: HandleArray }>();
  // The kernel reads a count for each parameter, and all are the same tensor.
  const counterOf = (chunk: Chunk): { step: Tensor; handles: HandleArray } => {
    const { p } = chunk;
    let counter = counters.get(chunk);
    if (counter === undefined) {
      const step = outsideScope(() => zeros([], { dtype: 'float32', device: p.device }));
      counter = { step, handles: new HandleArray(p.tensors.map(() => step)) };
      counters.set(chunk, counter);
    }
    return counter;
  };
  return {
    ...adamKernel,
    name,
    lists: (state) => [...adamKernel.lists(state), ...(amsgrad ? [state.sqrMax as TensorList] : [])],
    run: (chunk, hypers) => {
      const { p, state } = chunk;
      const { lr, wd, mom, sqrMom, eps } = hypers as Record<'lr' | 'wd' | 'mom' | 'sqrMom' | 'eps', number>;
      const { gradAvg, sqrAvg } = state as { gradAvg: TensorList; sqrAvg: TensorList };
      const { step, handles } = counterOf(chunk);
      step.fill_(countStep(chunk, hypers));
      const most = amsgrad ? (state.sqrMax as TensorList).handles : [];
      callKernel(name, chunk, [p.handles, p.grad.handles, gradAvg.handles, sqrAvg.handles, most, handles], {
        lr,
        beta1: mom,
        beta2: sqrMom,
        weightDecay: decays ? wd : 0,
        eps,
        amsgrad,
        maximize: false,
      });
    },
  };
}

const adamKernel = {
  runsOn: onLibTorchs,
  dtypes: everyPrecision,
  // At a momentum of 1 debiasing is a limit, which the kernel does not take.
  agrees: ({ mom, sqrMom }: Hypers) => mom !== 1 && sqrMom !== 1,
  lists: ({ gradAvg, sqrAvg }: State) => [gradAvg as TensorList, sqrAvg as TensorList],
};

/** Brings the numbers of Adam's state up to date; the step that is to be taken. */
function countStep({ state }: Chunk, { mom, sqrMom }: Hypers): number {
  const step = (state.step as number) + 1;
  Object.assign(state, { momDamp: 1 - mom!, sqrDamp: 1 - sqrMom!, step });
  return step;
}

/** A kernel of ours: LibTorch has none that knows the norms of tensors. */
function lamb(): Found {
  return {
    ...adamKernel,
    name: 'lamb',
    runsOn: (device) => device === 'cpu',
    run: (chunk, hypers) => {
      const { p, state } = chunk;
      const { lr, mom, sqrMom, eps, wd } = hypers as Record<'lr' | 'mom' | 'sqrMom' | 'eps' | 'wd', number>;
      const { gradAvg, sqrAvg } = state as { gradAvg: TensorList; sqrAvg: TensorList };
      const step = countStep(chunk, hypers);
      const lists = [p, p.grad, gradAvg, sqrAvg].map(({ handles }) => handles.handles);
      native.lambStep(...(lists as FourLists), lr, mom, sqrMom, eps, wd, step, mostTrust);
    },
  };
}

type FourLists = [Float64Array, Float64Array, Float64Array, Float64Array];

/** The three stats of Adam, in any order: none reads what another keeps. */
function isAdamStats(stats: readonly Stat[]): boolean {
  return (
    stats.length === 3 &&
    stats.some((stat) => isExactly(stat, AverageGrad) && stat.dampening) &&
    stats.some((stat) => isExactly(stat, AverageSqrGrad) && stat.dampening) &&
    stats.some((stat) => isExactly(stat, StepCount))
  );
}

/** Those, and the list of AMSGrad. */
function isAmsGradStats(stats: readonly Stat[]): boolean {
  const isMost = (stat: Stat): boolean => isExactly(stat, Keep) && stat.key === 'sqrMax' && stat.first === 'zeros';
  return stats.some(isMost) && isAdamStats(stats.filter((stat) => !isMost(stat)));
}

/** Whether a stat is of this class, of none that extends it, and has its methods. */
function isExactly<T extends Stat>(stat: Stat | undefined, kind: new (...args: never[]) => T): stat is T {
  const prototype = kind.prototype as Stat;
  return (
    stat !== undefined &&
    Object.getPrototypeOf(stat) === prototype &&
    !Object.hasOwn(stat, 'update') &&
    !Object.hasOwn(stat, 'initState')
  );
}

function same(steppers: readonly Stepper[], wanted: readonly Stepper[]): boolean {
  return steppers.length === wanted.length && steppers.every((stepper, i) => stepper === wanted[i]);
}
