/** Metrics of a whole pass: what no mean of batch means can give, because it needs all counts or all predictions. */

import * as F from '../nn/functional.js';
import { needInRange, needOneOf, needOptions, needTensor } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { cat, noGrad, zeros, type Tensor } from '../tensor/index.js';
import { ConfusionMatrix } from './confusion.js';
import type { EpochMetric } from './metrics.js';

/** How the values of the classes become one: that of class 1 of two; their mean; that of all decisions; their mean by how frequent classes are. */
export type Averaging = 'binary' | 'macro' | 'micro' | 'weighted';

const averagings: readonly Averaging[] = ['binary', 'macro', 'micro', 'weighted'];

/** Options of the metrics of classes. */
export interface AveragingOptions {
  /** Default `'macro'`. */
  readonly average?: Averaging;
}

/** What was decided about one class: rightly for it, wrongly for it, wrongly against it. */
interface Decisions {
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** A metric of the confusion matrix. Classes that are never there and never predicted do not count, as in scikit-learn. */
function ofCounts(
  name: string,
  where: string,
  options: AveragingOptions,
  score: (of: Decisions) => number,
): EpochMetric {
  needOptions(where, options);
  const average = needOneOf('average', options.average ?? 'macro', averagings);
  const start = (): ReturnType<EpochMetric['start']> => {
    const matrix = new ConfusionMatrix();
    return {
      accumulate: (pred, yb) => matrix.accumulate(pred, yb),
      value: () => averaged(where, matrix.counts, average, score),
      stateDict: () => matrix.stateDict(),
      loadStateDict: (state) => matrix.loadStateDict(state),
    };
  };
  return { name, start };
}

function averaged(
  where: string,
  counts: readonly (readonly number[])[],
  average: Averaging,
  score: (of: Decisions) => number,
): number {
  const classes = counts.map((row, i): Decisions & { readonly support: number } => {
    const support = row.reduce((sum, count) => sum + count, 0);
    const predicted = counts.reduce((sum, other) => sum + other[i]!, 0);
    const right = row[i]!;
    return { right, wrong: predicted - right, missed: support - right, support };
  });
  if (average === 'binary') {
    if (classes.length !== 2)
      throw invalid(`${where}: average`, `'macro', 'micro' or 'weighted' for ${classes.length} classes`, average);
    return score(classes[1]!);
  }
  const seen = classes.filter(({ right, wrong, missed }) => right + wrong + missed > 0);
  const sum = (value: (of: (typeof seen)[number]) => number): number =>
    seen.reduce((total, of) => total + value(of), 0);
  if (average === 'micro')
    return score({
      right: sum(({ right }) => right),
      wrong: sum(({ wrong }) => wrong),
      missed: sum(({ missed }) => missed),
    });
  if (average === 'macro') return ratio(sum(score), seen.length);
  return ratio(
    sum((of) => of.support * score(of)),
    sum(({ support }) => support),
  );
}

/** Share of the predictions of a class that are right; 0 where there are none. */
export function precisionScore(options: AveragingOptions = {}): EpochMetric {
  return ofCounts('precision', 'precisionScore', options, ({ right, wrong }) => ratio(right, right + wrong));
}

/** Share of the samples of a class that are found; 0 where there are none. */
export function recallScore(options: AveragingOptions = {}): EpochMetric {
  return ofCounts('recall', 'recallScore', options, ({ right, missed }) => ratio(right, right + missed));
}

/** The weighted harmonic mean of precision and recall: recall counts `beta` times as much (van Rijsbergen 1979). Named `f1`, `f2`, `f0.5`, ... */
export function fBetaScore(options: AveragingOptions & { readonly beta: number }): EpochMetric {
  needOptions('fBetaScore', options);
  const beta = needInRange('beta', options.beta, { above: 0, most: 1e6 });
  return ofCounts(`f${beta}`, 'fBetaScore', options, ({ right, wrong, missed }) =>
    ratio((1 + beta ** 2) * right, (1 + beta ** 2) * right + beta ** 2 * missed + wrong),
  );
}

/** The harmonic mean of precision and recall. */
export function f1Score(options: AveragingOptions = {}): EpochMetric {
  needOptions('f1Score', options);
  return fBetaScore({ ...options, beta: 1 });
}

/**
 * Area under the ROC curve: how probable it is that a sample of a class gets a higher probability of it than one that is not of it. Two classes, or
 * logits [batch] or [batch, 1], give one area; more give the mean of each class against the rest (`'macro'`, default, or `'weighted'` by how
 * frequent classes are). NaN where a class has no samples or no others. All predictions of the pass are kept.
 */
export function rocAucScore(options: { readonly average?: 'macro' | 'weighted' } = {}): EpochMetric {
  needOptions('rocAucScore', options);
  const average = needOneOf('average', options.average ?? 'macro', ['macro', 'weighted']);
  const start = (): ReturnType<EpochMetric['start']> => {
    const scores: Tensor[] = [];
    const targets: Tensor[] = [];
    return {
      accumulate(pred, yb) {
        needTensor('yb', yb);
        if (needTensor('pred', pred).ndim > 2 || pred.ndim === 0)
          throw invalid('rocAucScore: pred', 'outputs of shape [batch, classes] or [batch]', pred);
        if (yb.numel() !== pred.shape[0]) throw invalid('rocAucScore: yb', `${pred.shape[0]} class indices`, yb);
        scores.push(noGrad(() => pred.detach().to('float64').reshape([pred.shape[0]!, -1])));
        targets.push(yb.detach().reshape([-1]).to('int64'));
      },
      value: () => noGrad(() => areaOf(cat(scores), Array.from(cat(targets).toTypedArray(), Number), average)),
      stateDict: () => ({ scores, targets }),
      loadStateDict(state) {
        const kept = state as { scores: Tensor[]; targets: Tensor[] };
        scores.push(...kept.scores);
        targets.push(...kept.targets);
      },
    };
  };
  return { name: 'rocAuc', start };
}

function areaOf(outputs: Tensor, targets: readonly number[], average: 'macro' | 'weighted'): number {
  const classes = outputs.shape[1]!;
  const column = (x: Tensor, i: number): number[] => x.select(1, i).toList() as number[];
  if (classes === 1) return areaOfOne(column(outputs, 0), targets, 1);
  // Differences of logits order as probabilities do, and never round to 0 or 1.
  if (classes === 2)
    return areaOfOne(column(outputs.select(1, 1).sub(outputs.select(1, 0)).unsqueeze(1), 0), targets, 1);
  const probabilities = outputs.softmax(1);
  const weights = Array.from({ length: classes }, (_, i) =>
    average === 'macro' ? 1 : targets.filter((target) => target === i).length,
  );
  const areas = weights.map((_, i) => areaOfOne(column(probabilities, i), targets, i));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return areas.reduce((sum, area, i) => sum + area * weights[i]!, 0) / total;
}

/** From the sum of the ranks of the positive samples (Mann, Whitney 1947); equal scores share their mean rank. */
function areaOfOne(scores: readonly number[], targets: readonly number[], positive: number): number {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let rankSum = 0;
  for (let first = 0; first < order.length;) {
    let next = first + 1;
    while (next < order.length && scores[order[next]!] === scores[order[first]!]) next += 1;
    const rank = (first + 1 + next) / 2;
    for (let i = first; i < next; i += 1) if (targets[order[i]!] === positive) rankSum += rank;
    first = next;
  }
  const positives = targets.filter((target) => target === positive).length;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (targets.length - positives));
}

/** The exponential of the mean cross-entropy of logits and class indices, over all targets of the pass. */
export function perplexity(): EpochMetric {
  const start = (): ReturnType<EpochMetric['start']> => {
    let sum: Tensor | null = null;
    let count = 0;
    return {
      accumulate(pred, yb) {
        const loss = noGrad(() =>
          F.crossEntropy(needTensor('pred', pred).to('float32'), yb, { reduction: 'sum' }).to('float64'),
        );
        sum = sum === null ? loss : sum.add(loss);
        count += yb.numel();
      },
      value: () => (sum === null ? NaN : Math.exp(sum.item() / count)),
      stateDict: () => ({ sum, count }),
      loadStateDict: (state) => void ({ sum, count } = state as { sum: Tensor | null; count: number }),
    };
  };
  return { name: 'perplexity', start };
}

/**
 * The share of the targets' variance that predictions explain, R²; the mean over outputs, where a sample has several. NaN for fewer than two samples
 * and for targets that are all the same.
 */
export function r2Score(): EpochMetric {
  const start = (): ReturnType<EpochMetric['start']> => {
    let count = 0;
    // Means and squared distances of chunks are merged (Chan et al. 1979): sums of squares would drown a small variance in a large mean.
    let mean: Tensor | null = null;
    let spread: Tensor | null = null;
    let residual: Tensor | null = null;
    return {
      accumulate(pred, yb) {
        sameShape('r2Score', pred, yb);
        const samples = yb.shape[0] ?? 1;
        if (samples === 0) return;
        noGrad(() => {
          const [p, y] = [pred, yb].map((x) => x.detach().to('float64').reshape([samples, -1])) as [Tensor, Tensor];
          const own = y.mean([0]);
          mean ??= zeros([y.shape[1]!], { dtype: 'float64', device: y.device });
          const delta = own.sub(mean);
          const total = count + samples;
          const within = y
            .sub(own)
            .square()
            .sum([0])
            .add(delta.square().mul((count * samples) / total));
          spread = spread === null ? within : spread.add(within);
          mean = mean.add(delta.mul(samples / total));
          const missed = y.sub(p).square().sum([0]);
          residual = residual === null ? missed : residual.add(missed);
          count = total;
        });
      },
      value: () =>
        count < 2 || residual === null || spread === null
          ? NaN
          : finite(residual.div(spread).neg().add(1).mean().item()),
      stateDict: () => ({ count, mean, spread, residual }),
      loadStateDict(state) {
        ({ count, mean, spread, residual } = state as Record<'mean' | 'spread' | 'residual', Tensor | null> & {
          count: number;
        });
      },
    };
  };
  return { name: 'r2', start };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : NaN);

/** Predictions and targets of one shape: others would be broadcast, and every sample compared with every other. */
export function sameShape(where: string, pred: Tensor, yb: Tensor): void {
  needTensor(`${where}: pred`, pred);
  needTensor(`${where}: yb`, yb);
  if (String(pred.shape) !== String(yb.shape))
    throw new TenchError(
      `${where}: predictions of shape [${pred.shape.join(', ')}] and targets of shape [${yb.shape.join(', ')}] must have the same shape`,
    );
}
