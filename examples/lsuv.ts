/**
 * LSUV against the usual start, on MNIST: accuracy by epoch, and what the layers put out over training.
 *
 * The lesson's five layers without batch normalisation, batches of 512 and plain SGD. Its rate of 0.6 is more than these layers bear, however they
 * begin (see docs/lsuv.md), so a sixth of it is taken.
 */

import type { ActivationStats } from 'tench';
import { writePage, type Figure } from './harness/page.js';
import type { Station } from './harness/station.js';
import { loadDigits } from './lsuv/digits.js';
import { BATCH_SIZE, LR, WIDTHS, starts, train, type Start, type Trained } from './lsuv/training.js';

const titles: Readonly<Record<Start, string>> = {
  normal: 'Without LSUV',
  kaiming: "By Kaiming's rule",
  lsuv: 'With LSUV',
};

/** What is drawn of the first seed, and what there is to see. */
const sayings = {
  normal: {
    histograms:
      'A column is a measured batch, a row a bin, brighter is more. Each layer puts out less than the one before it: the last ones hardly differ from 0 until something is learned at last.',
    nearZeros:
      'The share of outputs that are 0.05 or less from 0. The deeper the layer, the more of them; they tell the next layer nothing.',
  },
  lsuv: {
    histograms:
      'From the first batch on all layers use the same range. The brightest row is where the ReLU ends, which the shift has moved below 0.',
    nearZeros:
      'Few outputs are near zero, in any layer. What the ReLU has cut off is not among them: it lies at minus the shift.',
  },
};

function figuresOf(watched: Readonly<Record<keyof typeof sayings, ActivationStats>>): Figure[] {
  return (['normal', 'lsuv'] as const).flatMap((start) => {
    const [title, { histograms, nearZeros }] = [titles[start], sayings[start]];
    const outputs = watched[start].plotHistograms({ title: `${title}: outputs`, description: histograms });
    const shares = watched[start].plotNearZeros({ title: `${title}: share near zero`, description: nearZeros });
    return [
      { name: `histograms-${start}`, chart: outputs },
      { name: `near-zeros-${start}`, chart: shares },
    ];
  });
}

/** The mean of the seeds, epoch by epoch. */
const meansOf = (runs: readonly Trained[]): number[] =>
  runs[0]!.accuracy.map((_, epoch) => runs.reduce((sum, run) => sum + run.accuracy[epoch]!, 0) / runs.length);

const percent = (values: readonly number[]): string => values.map((value) => (100 * value).toFixed(1)).join(', ');

export const lsuv: Station = {
  name: 'lsuv',
  summary: 'layers that begin at mean 0 and standard deviation 1, against the usual start, on MNIST',
  takes: ['seeds', 'limit', 'epochs'],
  async run({ out, print, seeds: wanted, limit, epochs: asked }) {
    const [seeds, epochs] = [wanted ?? 3, asked ?? 2];
    const digits = await loadDigits(limit);
    const [trained, validated] = [digits.train, digits.valid].map(({ y }) => y.shape[0]!);
    const setting = `${trained} digits of training and ${validated} of validation, widths ${WIDTHS.join(', ')}, batches of ${BATCH_SIZE}, SGD at ${LR}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`;
    print(setting);
    const runs: Record<Start, Trained[]> = { normal: [], kaiming: [], lsuv: [] };
    for (let seed = 0; seed < seeds; seed += 1) {
      for (const start of starts) {
        const run = await train(start, digits, { seed, epochs, watch: seed === 0 && start !== 'kaiming' });
        runs[start].push(run);
        print(`${start}, seed ${seed}: ${percent(run.accuracy)} %`);
      }
    }
    const means = { normal: meansOf(runs.normal), kaiming: meansOf(runs.kaiming), lsuv: meansOf(runs.lsuv) };
    const layers = runs.lsuv[0]!.layers.map(({ mean, std }) => ({ mean, std }));
    const figures = figuresOf({ normal: runs.normal[0]!.watched!, lsuv: runs.lsuv[0]!.watched! });
    const table = [
      ['start', 'valid accuracy by epoch, %', 'last epoch by seed'],
      ...starts.map((start) => [
        titles[start],
        percent(means[start]),
        percent(runs[start].map((run) => run.accuracy.at(-1)!)),
      ]),
    ];
    const text = [`${setting}. The pictures are of seed 0.`];
    const files = await writePage(out, { title: 'A start by LSUV', text, table, figures });
    for (const start of starts) print(`${titles[start]}: ${percent(means[start])} %`);
    print(files.at(-1)!);
    const bySeed = Object.fromEntries(starts.map((start) => [start, runs[start].map((run) => run.accuracy)]));
    return { files, page: files.at(-1), seeds, ...means, bySeed, layers };
  },
};
