/** Freezing: parameter groups that are not trained, while the head on top of them is. */

import type { Module } from '../nn/index.js';
import { BatchNorm } from '../nn/normalization.js';
import { toGroups } from '../optim/groups.js';
import { needWhole } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import type { Tensor } from '../tensor/index.js';

/** How a model's parameters fall into groups. */
export type Splitter = (model: Module) => Tensor[] | Tensor[][];

/** Trains groups from the n-th on; of those before it, only the batch norms, whose statistics belong to data that the model has not seen yet. */
export function freezeTo(model: Module, splitter: Splitter, n: number): void {
  const groups = toGroups(splitter(model));
  needWhole('freezeTo: n', n);
  const first = n < 0 ? groups.length + n : n;
  if (first < 0 || first >= groups.length)
    throw invalid('freezeTo: n', `the number of one of ${groups.length} parameter groups`, n);
  const norms = new Set<Tensor>(
    model.modules().flatMap((module) => (module instanceof BatchNorm ? module.parameters() : [])),
  );
  groups.forEach((group, i) => {
    for (const parameter of group) parameter.requiresGrad_(i >= first || norms.has(parameter));
  });
}

/** How to go back to what is trained and what is not. */
export function rememberFrozen(model: Module): () => void {
  const flags = model.parameters().map((parameter) => [parameter, parameter.requiresGrad] as const);
  return () => {
    for (const [parameter, flag] of flags) parameter.requiresGrad_(flag);
  };
}

/** @throws ArgumentError for a model whose parameters are all in one group, of which nothing could be frozen */
export function needSeveralGroups(what: string, model: Module, splitter: Splitter): void {
  const { length } = toGroups(splitter(model));
  if (length < 2)
    throw invalid(
      `${what}: splitter`,
      'a Learner with a `splitter` into several parameter groups, e.g. body and head, or a model that overrides `parameterGroups`',
      `${length} group`,
    );
}
