/** Hyper-parameters of the recipes: what every recipe takes, and where each number must lie. */

import { needInRange, needOptions, type Range } from '../tensor/checks.js';
import type { Stepper } from './parts.js';

/** What every recipe takes. */
export interface RecipeHypers {
  /** The learning rate. */
  lr: number;
  /** Weight decay; decoupled unless the recipe says otherwise; default 0 unless it says so. */
  wd?: number;
  /** What changes the gradients first, e.g. `clipGradNorm`; none by default. */
  gradSteppers?: Stepper | readonly Stepper[];
  /** For `clipGradNorm`; default 1. */
  maxNorm?: number;
  /** For `clipGradValue`; default 1. */
  maxValue?: number;
}

/** What every recipe takes, and further hyper-parameters, each with a default of its part. */
export type FamilyHypers<Key extends string> = RecipeHypers & Partial<Record<Key, number>>;

const share: Range = { least: 0, most: 1 };
const positive: Range = { least: 0 };

/** Those of an optimizer of one's own may lie anywhere: its parts give them their meaning. */
const ranges: Readonly<Record<string, Range>> = {
  lr: positive,
  wd: positive,
  eps: positive,
  mom: share,
  sqrMom: share,
  maxMom: share,
  avgMom: share,
  momDecay: positive,
  lrDecay: positive,
  nu: share,
  sqrNu: share,
  finalLr: positive,
  gamma: { above: 0 },
  trust: positive,
  sqrDecay: positive,
  leastScale: positive,
  clip: { above: 0 },
  emaDecay: share,
  syncEvery: { least: 1 },
  slowShare: share,
  maxNorm: positive,
  maxValue: positive,
};

/** @throws ArgumentError for a hyper-parameter that lies where it has no meaning */
export function needHypers(recipe: string, hypers: object): void {
  needOptions(recipe, hypers);
  const given: Readonly<Record<string, unknown>> = { ...hypers };
  for (const [key, range] of Object.entries(ranges))
    if (given[key] !== undefined) needInRange(`${recipe}: ${key}`, given[key] as number, range);
}
