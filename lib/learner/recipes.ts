/** Recipes of a whole fit: schedules that papers and fastai found to work, made for the optimizer's groups. */

import { oneCycle, schedFlatCos, type Optimizer, type Schedule, type Turn } from '../optim/index.js';
import { needArray, needCount, needInRange, needOptions } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { checkCallbacks } from './callback.js';
import type { FitOptions } from './options.js';
import { ParamScheduler } from './paramScheduler.js';
import { needRates, spreadRates, type Rates } from './rates.js';

/** What every recipe takes: what any fit does, apart from the rate. */
type RecipeOptions = Readonly<Omit<FitOptions, 'lr'>>;

/** Options of `Learner.fitOneCycle`. */
export interface OneCycleOptions extends RecipeOptions {
  /** The highest rate, or that of each parameter group. Default: the learner's `lr`. */
  readonly lrMax?: Rates;
  /** The first rate is `lrMax / div`; default 25. */
  readonly div?: number;
  /** The last rate is `lrMax / divFinal`; default 1e5. */
  readonly divFinal?: number;
  /** Share of the fit in which the rate rises; default 0.25. */
  readonly pctStart?: number;
  /** Momentum at the start, at the highest rate, and at the end; default [0.95, 0.85, 0.95], or left alone where the optimizer has none. */
  readonly moms?: Turn;
}

/** Options of `Learner.fitFlatCos`. */
export interface FlatCosOptions extends RecipeOptions {
  /** The rate, or that of each parameter group. Default: the learner's `lr`. */
  readonly lr?: Rates;
  /** The last rate is `lr / divFinal`; default 1e5. */
  readonly divFinal?: number;
  /** Share of the fit in which the rate stays; default 0.75. */
  readonly pctStart?: number;
}

/** Options of `Learner.fineTune`. */
export interface FineTuneOptions extends Pick<RecipeOptions, 'cbs' | 'graph' | 'resume'> {
  /** Highest rate of the head while the rest is frozen; half of it afterwards. Default 2e-3. */
  readonly baseLr?: number;
  /** Epochs in which only the last group and batch norms are trained; default 1. */
  readonly freezeEpochs?: number;
  /** After them the first group learns this many times slower than the last; default 100. */
  readonly lrMult?: number;
  /** Of the epochs after unfreezing; default 0.3. */
  readonly pctStart?: number;
  /** Of the epochs after unfreezing; default 5. */
  readonly div?: number;
}

/** Makes the schedulers of a fit for an optimizer; a fit's rates are those of the learner where none are given. */
export type Scheduling = (opt: Optimizer, lr: number) => ParamScheduler[];

const positive = { above: 0, most: Number.MAX_VALUE };

/** The schedules of one cycle (Smith, Topin 2018, arXiv:1708.07120), with fastai's defaults. */
export function oneCycleOf(options: OneCycleOptions): Scheduling {
  needOptions('fitOneCycle', options);
  const { lrMax, div = 25, divFinal = 1e5, pctStart = 0.25, moms } = options;
  if (lrMax !== undefined) needRates('lrMax', lrMax);
  needInRange('div', div, positive);
  needInRange('divFinal', divFinal, positive);
  needInRange('pctStart', pctStart, { least: 0, most: 1 });
  if (moms !== undefined) {
    const given: readonly number[] = needArray('moms', moms, 'three momenta');
    if (given.length !== 3) throw invalid('moms', 'three momenta', moms);
    for (const mom of given) needInRange('moms', mom, { least: 0, most: 1 });
  }
  return (opt, lr) => {
    const rates = spreadRates('lrMax', lrMax ?? lr, opt.hypers.length);
    const hasMom = opt.hypers.every((hypers) => Object.hasOwn(hypers, 'mom'));
    if (moms !== undefined && !hasMom)
      throw invalid('moms', 'none, as the optimizer has no hyper-parameter `mom`', moms);
    const turns = {
      lr: rates.map((high): Turn => [high / div, high, high / divFinal]),
      ...(hasMom && { mom: moms ?? ([0.95, 0.85, 0.95] as const) }),
    };
    return toSchedulers(oneCycle(turns, { share: pctStart }));
  };
}

/** A flat rate, and half a cosine wave down at the end. */
export function flatCosOf(options: FlatCosOptions): Scheduling {
  needOptions('fitFlatCos', options);
  const { lr: given, divFinal = 1e5, pctStart = 0.75 } = options;
  if (given !== undefined) needRates('lr', given);
  needInRange('divFinal', divFinal, positive);
  needInRange('pctStart', pctStart, { least: 0, most: 1 });
  return (opt, lr) => {
    const rates = spreadRates('lr', given ?? lr, opt.hypers.length);
    return toSchedulers({ lr: rates.map((rate) => schedFlatCos(rate, rate / divFinal, { share: pctStart })) });
  };
}

/** The two fits of fine-tuning: the head alone, then everything. */
export function fineTuneOf(options: FineTuneOptions): {
  freezeEpochs: number;
  frozen: OneCycleOptions;
  whole: OneCycleOptions;
} {
  needOptions('fineTune', options);
  const { baseLr = 2e-3, freezeEpochs = 1, lrMult = 100, pctStart = 0.3, div = 5, cbs = [], graph, resume } = options;
  needInRange('baseLr', baseLr, positive);
  needCount('freezeEpochs', freezeEpochs);
  needInRange('lrMult', lrMult, positive);
  checkCallbacks('cbs', cbs);
  const frozen = { lrMax: { to: baseLr }, pctStart: 0.99, cbs, graph, resume };
  const whole = { lrMax: { from: baseLr / 2 / lrMult, to: baseLr / 2 }, pctStart, div, cbs, graph, resume };
  oneCycleOf(whole);
  return { freezeEpochs, frozen, whole };
}

function toSchedulers(schedules: Readonly<Record<string, Schedule | readonly Schedule[]>>): ParamScheduler[] {
  return Object.entries(schedules).map(([name, schedule]) => new ParamScheduler(name, schedule));
}
