/**
 * One optimizer, many recipes: the lesson's table on Imagenette, and what decay and eps do.
 *
 * The table is the lesson's split, batches of 128 at 128 px, its CNN, and the mean of three seeds. The experiments beside it are short, and say so.
 */

import { Chart } from 'tench';
import { writePage } from './harness/page.js';
import type { Station } from './harness/station.js';
import { compareDecays, compareEps, watchNorms } from './optimizers/experiments.js';
import { loadLessonData } from './optimizers/lessonData.js';
import { BATCH_SIZE, trainTable, type Row } from './optimizers/table.js';

const SIZE = 128;

function tableOf(rows: readonly Row[]): string[][] {
  const percent = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(', ');
  return [
    ['recipe', 'epochs', 'valid accuracy, %', 'last epoch by seed', "the lesson's", 'difference'],
    ...rows.map(({ name, epochs, accuracy, bySeed, lesson }) => {
      const difference = accuracy.at(-1)! - lesson.at(-1)!;
      const sign = difference < 0 ? '' : '+';
      return [name, String(epochs), percent(accuracy), percent(bySeed), percent(lesson), sign + difference.toFixed(1)];
    }),
  ];
}

/** Columns of equal width, the first to the left. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
}

function chartOf(rows: readonly Row[]): Chart {
  return new Chart({
    title: 'Accuracy by recipe',
    description: 'Valid accuracy by epoch, mean of all seeds: dots of one epoch and lines of three.',
    x: { label: 'epoch' },
    y: { label: 'valid accuracy, %' },
    series: rows.map(({ name, accuracy }) => ({ kind: 'line', name, x: accuracy.map((_, i) => i + 1), y: accuracy })),
  });
}

export const optimizers: Station = {
  name: 'optimizers',
  summary: 'one optimizer, many recipes: accuracy on Imagenette, and what decay and eps do',
  takes: ['seeds', 'precision', 'limit'],
  async run({ data, out, print, seeds: wanted, precision: chosen, limit }) {
    const [seeds, precision] = [wanted ?? 3, chosen ?? 'bf16'];
    const lesson = await loadLessonData(data, { size: SIZE, limit });
    const [trained, validated] = [lesson.train.y.shape[0]!, lesson.valid.y.shape[0]!];
    const setting = `${trained} images of training and ${validated} of validation at ${SIZE} px, batches of ${BATCH_SIZE}, ${precision}, ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`;
    print(setting);
    const decays = await compareDecays(lesson);
    const eps = await compareEps(lesson, precision);
    const norms = await watchNorms(lesson, precision);
    const rows = await trainTable(lesson, { seeds, precision, print });
    const table = tableOf(rows);
    const figures = [
      { name: 'recipes', chart: chartOf(rows) },
      { name: 'l2', chart: decays.chart },
      { name: 'eps', chart: eps.chart },
      { name: 'norms', chart: norms.chart },
    ];
    const text = [
      `${setting[0]!.toUpperCase()}${setting.slice(1)}.${limit === null ? '' : ' This is a quick look at a part of the images.'}`,
    ];
    const files = await writePage(out, { title: 'One optimizer, many recipes', text, table, figures });
    for (const line of ['', ...aligned(table), '']) print(line);
    for (const { chart } of figures.slice(1)) print(`${chart.terminal()}\n`);
    print(files.at(-1)!);
    return {
      files,
      page: files.at(-1),
      precision,
      seeds,
      images: { train: trained, valid: validated },
      table: rows,
      l2: decays.distances,
      eps: eps.losses,
      norms: norms.norms,
    };
  },
};
