/** Keeps small float16 gradients from becoming zero: the loss is scaled up before backward, and the gradients down after it. */

import { needCount, needFlag, needInRange, needOptions } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { callOperator, isTensor, noGrad, tensor, type Tensor } from '../tensor/index.js';
import { outsideScope } from '../tensor/scope.js';

/** Options of {@link GradScaler}. */
export interface GradScalerOptions {
  /** The first scale; default 2 ** 16. */
  initScale?: number;
  /** By what the scale grows after `growthInterval` steps without infinities; default 2. */
  growthFactor?: number;
  /** By what the scale shrinks after a step with infinities; default 0.5. */
  backoffFactor?: number;
  /** Default 2000 steps. */
  growthInterval?: number;
  /** False makes every method do nothing but pass on; default true. */
  enabled?: boolean;
}

/** What a run needs to go on with the same scale. */
export interface GradScalerState {
  scale: number;
  growthFactor: number;
  backoffFactor: number;
  growthInterval: number;
  growthTracker: number;
}

/** What `step` and `unscale_` need of an optimizer. */
export interface ScaledOptimizer {
  readonly paramGroups: readonly (readonly Tensor[])[];
  step(): void;
}

/** What happened to one optimizer's gradients since the last update. */
interface Progress {
  unscaled: boolean;
  stepped: boolean;
  /** By device: 1 when some gradient there had an infinity or NaN. */
  readonly found: Map<string, Tensor>;
}

/**
 * Scales losses for training in float16 (Micikevicius et al. 2018, arXiv:1710.03740): the scale is halved when gradients overflow, and
 * that step is skipped; it doubles when none did for a while.
 *
 * On an accelerator the scale lives there, and only `step` waits for the device, once.
 *
 * @example
 * const loss = autocast({ dtype: 'float16' }, () => lossOf(model.call(xb), yb));
 * scaler.scale(loss).backward();
 * scaler.step(opt);
 * scaler.update();
 */
export class GradScaler {
  readonly enabled: boolean;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  #startScale: number;
  #startTracker = 0;
  /** Made on the device of the first loss. */
  #scale: Tensor | null = null;
  #tracker: Tensor | null = null;
  #progress = new Map<ScaledOptimizer, Progress>();

  constructor(options: GradScalerOptions = {}) {
    needOptions('GradScaler', options);
    const {
      initScale = 2 ** 16,
      growthFactor = 2,
      backoffFactor = 0.5,
      growthInterval = 2000,
      enabled = true,
    } = options;
    needFlag('GradScaler: enabled', enabled);
    checkSchedule({ scale: initScale, growthFactor, backoffFactor, growthInterval });
    this.enabled = enabled;
    this.#startScale = initScale;
    this.#growthFactor = growthFactor;
    this.#backoffFactor = backoffFactor;
    this.#growthInterval = growthInterval;
  }

  /** The loss (or any outputs) times the scale, for `backward`. */
  scale(output: Tensor): Tensor {
    if (!isTensor(output)) throw invalid('GradScaler.scale: output', 'a Tensor', output);
    return this.enabled ? output.mul(this.#on(output.device)) : output;
  }

  /**
   * Divides the optimizer's gradients by the scale, in place: to clip them between `backward` and `step`. `step` does it where it was not
   * done.
   *
   * @throws TenchError (`ERR_TENCH_GRAD_SCALER`) when called twice between updates, or for gradients in float16, which would become zero
   *   after all: keep the parameters in float32 and use `autocast`
   */
  unscale_(optimizer: ScaledOptimizer): void {
    needOptimizer(optimizer);
    if (!this.enabled) return;
    const progress = this.#of(optimizer);
    if (progress.stepped) throw misuse('unscale_ comes before step');
    if (progress.unscaled) throw misuse('unscale_ has been called for this optimizer since the last update');
    outsideScope(() => noGrad(() => this.#unscale(optimizer, progress)));
    progress.unscaled = true;
  }

  /**
   * Steps the optimizer, unless its gradients have infinities or NaN. This is the one place that waits for the device.
   *
   * @returns whether the optimizer stepped
   */
  step(optimizer: ScaledOptimizer): boolean {
    needOptimizer(optimizer);
    if (!this.enabled) {
      optimizer.step();
      return true;
    }
    const progress = this.#of(optimizer);
    if (progress.stepped) throw misuse('step has been called for this optimizer since the last update');
    if (!progress.unscaled) this.unscale_(optimizer);
    if (progress.found.size === 0) throw misuse('no parameter of the optimizer has a gradient; call backward first');
    const overflowed = [...progress.found.values()].some((found) => found.item() !== 0);
    progress.stepped = true;
    if (!overflowed) optimizer.step();
    return !overflowed;
  }

  /** Ends the iteration: adjusts the scale to what its steps found, or sets it to `scale`. */
  update(scale?: number): void {
    if (!this.enabled) return;
    if (scale !== undefined && !(Number.isFinite(scale) && scale > 0))
      throw invalid('GradScaler.update: scale', 'a number above 0', scale);
    const found = [...this.#progress.values()].flatMap((progress) => [...progress.found.values()]);
    if (this.#scale === null || this.#tracker === null || (scale === undefined && found.length === 0))
      throw misuse('update comes after scale, backward and step');
    const [current, tracker] = [this.#scale, this.#tracker];
    outsideScope(() =>
      noGrad(() => {
        if (scale !== undefined) current.fill_(scale);
        else {
          const all = found.map((one) => one.to(current.device)).reduce((sum, one) => sum.add(one));
          const schedule = [this.#growthFactor, this.#backoffFactor, this.#growthInterval];
          callOperator('aten::_amp_update_scale_', [current, tracker, all, ...schedule]);
        }
      }),
    );
    this.#progress = new Map();
  }

  /** The scale now; waits for the device. 1 when not enabled. */
  getScale(): number {
    if (!this.enabled) return 1;
    return this.#scale?.item() ?? this.#startScale;
  }

  /** What a resumed run needs. Waits for the device; call it between `update` and the next `scale`. */
  stateDict(): GradScalerState {
    return {
      scale: this.getScale(),
      growthFactor: this.#growthFactor,
      backoffFactor: this.#backoffFactor,
      growthInterval: this.#growthInterval,
      growthTracker: this.#tracker?.item() ?? this.#startTracker,
    };
  }

  /** Goes on from a state that `stateDict` returned. Does nothing when not enabled. */
  loadStateDict(state: GradScalerState): void {
    if (!this.enabled) return;
    if (typeof state !== 'object' || (state as unknown) === null)
      throw invalid('GradScaler.loadStateDict: state', 'what stateDict returned', state);
    const { scale, growthFactor, backoffFactor, growthInterval, growthTracker } = state;
    checkSchedule({ scale, growthFactor, backoffFactor, growthInterval });
    needCount('GradScaler: growthTracker', growthTracker);
    this.#growthFactor = growthFactor;
    this.#backoffFactor = backoffFactor;
    this.#growthInterval = growthInterval;
    this.#startScale = scale;
    this.#startTracker = growthTracker;
    this.#scale = this.#tracker = null;
  }

  #on(device: string): Tensor {
    if (this.#scale === null) {
      // They outlive a scope that is open around the iteration.
      outsideScope(() => {
        this.#scale = tensor(this.#startScale, { dtype: 'float32', device });
        this.#tracker = tensor(this.#startTracker, { dtype: 'int32', device });
      });
    }
    return this.#scale!.device === device ? this.#scale! : this.#scale!.to(device);
  }

  #of(optimizer: ScaledOptimizer): Progress {
    let progress = this.#progress.get(optimizer);
    if (progress === undefined) {
      progress = { unscaled: false, stepped: false, found: new Map() };
      this.#progress.set(optimizer, progress);
    }
    return progress;
  }

  #unscale(optimizer: ScaledOptimizer, progress: Progress): void {
    if (this.#scale === null) throw misuse('scale the loss before its gradients are unscaled');
    // In float64 on the way, because the inverse of a large scale is no normal float32.
    const inverse = this.#scale.to('float64').reciprocal().to('float32');
    const groups = new Map<string, Tensor[]>();
    for (const gradient of optimizer.paramGroups.flat().map((parameter) => parameter.grad)) {
      if (gradient === null) continue;
      if (gradient.dtype === 'float16')
        throw misuse('gradients in float16 cannot be unscaled; keep the parameters in float32 and use autocast');
      const key = `${gradient.device} ${gradient.dtype}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [gradient]);
      else group.push(gradient);
    }
    for (const group of groups.values()) {
      const { device } = group[0]!;
      const found = progress.found.get(device) ?? tensor(0, { dtype: 'float32', device });
      progress.found.set(device, found);
      callOperator('aten::_amp_foreach_non_finite_check_and_unscale_', [group, found, inverse.to(device)]);
    }
  }
}

function needOptimizer(optimizer: unknown): void {
  const { step, paramGroups } = (optimizer ?? {}) as Partial<Record<keyof ScaledOptimizer, unknown>>;
  const fits = typeof step === 'function' && Array.isArray(paramGroups) && paramGroups.flat().every(isTensor);
  if (!fits) throw invalid('GradScaler: optimizer', 'an optimizer', optimizer);
}

function misuse(message: string): TenchError {
  return new TenchError(`GradScaler: ${message}`, { code: 'ERR_TENCH_GRAD_SCALER' });
}

function checkSchedule(given: Omit<GradScalerState, 'growthTracker'>): void {
  const { scale, growthFactor, backoffFactor, growthInterval } = given;
  needInRange('GradScaler: scale', scale, { above: 0 });
  needInRange('GradScaler: growthFactor', growthFactor, { above: 1 });
  if (!(typeof backoffFactor === 'number' && backoffFactor > 0 && backoffFactor < 1))
    throw invalid('GradScaler: backoffFactor', 'a number between 0 and 1', backoffFactor);
  needCount('GradScaler: growthInterval', growthInterval, 1);
}
