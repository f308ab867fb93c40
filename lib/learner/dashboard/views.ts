/** What the dashboard shows of a training, as pieces of HTML. */

import { Chart, type ChartOptions } from '../../charts/index.js';
import { shortNumber } from '../../charts/numbers.js';
import { escaped } from '../../charts/svg.js';
import { formatBytes, formatDuration } from '../../tensor/units.js';
import { histogramsOf, type Watched } from '../activationPlots.js';
import type { WatchedLayer } from '../activationStats.js';
import { formatValue, type EpochRecord } from '../epochRecord.js';
import {
  chosenLayers,
  hyperPanels,
  layerTitle,
  lossPanels,
  measurementLabel,
  metricsOf,
  type Recorded,
} from '../plotting.js';
import { hint } from './page.js';

/** One moment of a training. */
export interface Moment {
  /** Training batches so far. */
  readonly batch: number;
  /** Training samples a second since the moment before. */
  readonly rate: number;
  /** Resident memory of the process, and bytes of tensors, at that moment. */
  readonly resident: number;
  readonly tensors: number;
}

/** Cards are as wide as a phone; letters are as large there as they were drawn. */
const card = { width: 400, height: 270 } as const;

const charts = async (options: readonly ChartOptions[]): Promise<string> => {
  const figures = await Promise.all(options.map((one) => new Chart(one).html(card)));
  return `<div class="cards">${figures.join('')}</div>`;
};

export function lossView(recorded: Recorded): Promise<string> {
  const panels = lossPanels(recorded, { smoothing: 0.95 });
  return charts(
    panels.map(({ title = '', x, y, series }, i) => ({
      title: title.charAt(0).toUpperCase() + title.slice(1),
      description: i === 0 ? 'Of each training batch, their running mean, and of validation.' : 'After each epoch.',
      ...(x && { x }),
      ...(y && { y }),
      series,
    })),
  );
}

export function rateView(groups: Readonly<Record<string, readonly (readonly number[])[]>>): Promise<string> {
  return charts(
    hyperPanels(groups).map(({ x, y, series }) => ({
      title: y?.label ?? '',
      description: series.length > 1 ? 'A line for each parameter group.' : 'Of the optimizer, at each training batch.',
      ...(x && { x }),
      ...(y && { y }),
      series,
    })),
  );
}

/** More layers than these are sampled from the first to the last. */
const mostLayers = 6;

export async function activationView({ layers, every }: Watched): Promise<string> {
  const measured = layers.filter(({ stats }) => stats.length > 0);
  if (measured.length === 0) return hint('No layer has been measured yet.');
  const shown = chosenLayers(measured, undefined, mostLayers);
  const x = { label: measurementLabel(every) };
  const left = measured.length - shown.length;
  const note = left > 0 ? hint(`${shown.length} of ${measured.length} layers.`) : '';
  return (
    note +
    (await charts(
      shown.map((layer) => ({
        title: layerTitle(layer),
        description: `Values that the layer puts out, as a histogram of each measurement: the logarithm of 1 + count. ${lastly(layer)}`,
        x,
        ...histogramsOf(layer),
      })),
    ))
  );
}

/** What a layer has put out last. */
function lastly({ stats: { means, stds, nearZeros } }: WatchedLayer): string {
  const [mean, std, nearZero] = [means, stds, nearZeros].map((values) => (values.at(-1) ?? NaN).toFixed(3));
  return `Last mean ${mean}, standard deviation ${std}, share near zero ${nearZero}.`;
}

export function machineView(moments: readonly Moment[]): Promise<string> {
  const x = { label: 'training batch' };
  const batches = moments.map(({ batch }) => batch);
  const line = (name: string, of: (moment: Moment) => number) =>
    ({ kind: 'line', name, x: batches, y: moments.map(of) }) as const;
  return charts([
    {
      title: 'Throughput',
      description: 'Training samples a second.',
      x,
      y: { label: 'samples / s', from: 0 },
      series: [line('samples / s', ({ rate }) => rate)],
    },
    {
      title: 'Memory',
      description: 'Of the whole process, and of the tensors in it.',
      x,
      y: { label: 'MB', from: 0 },
      series: [line('process', ({ resident }) => resident / 1e6), line('tensors', ({ tensors }) => tensors / 1e6)],
    },
  ]);
}

/** What is going on at this moment. */
export interface Figures {
  readonly epoch: number;
  readonly epochs: number;
  /** Of the pass, and of how many; null: of the whole training, which is over. */
  readonly batch: number;
  readonly batches: number | null;
  readonly loss: number | undefined;
  readonly lr: number | undefined;
  /** Since the fit began, and until it is over if it goes on like this; null where nobody can tell. */
  readonly seconds: number;
  readonly left: number | null;
  readonly moment: Moment | undefined;
}

export function figuresView({ epoch, epochs, batch, batches, loss, lr, seconds, left, moment }: Figures): string {
  const rows = [
    ['Epoch', `${epoch} of ${epochs}`],
    ['Batch', batches === null ? String(batch) : `${batch} of ${batches}`],
    ['Training loss', loss === undefined ? '-' : formatValue(loss)],
    ['Rate', lr === undefined ? '-' : shortNumber(lr)],
    ['Samples / s', moment === undefined ? '-' : moment.rate.toFixed(0)],
    ['Memory', moment === undefined ? '-' : formatBytes(moment.resident)],
    ['Time', formatDuration(seconds)],
    ['Time left', left === null ? '-' : formatDuration(left)],
  ] as const;
  return `<dl>${rows.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`).join('')}</dl>`;
}

export function epochView(records: readonly EpochRecord[]): string {
  if (records.length === 0) return hint('No epoch is over yet.');
  const names = ['loss', ...metricsOf(records)];
  const head = [
    'epoch',
    ...names.map((name) => `train ${name}`),
    ...names.map((name) => `valid ${name}`),
    'time',
    'samples / s',
  ];
  const rows = records.map((record) => [
    ...(['train', 'valid'] as const).flatMap((pass) => names.map((name) => formatValue(record[pass]?.[name]))),
    formatDuration(record.seconds),
    record.imagesPerSecond.toFixed(0),
  ]);
  const cells = (row: readonly string[]): string => row.map((cell) => `<td>${escaped(cell)}</td>`).join('');
  return `<div class="scroll" tabindex="0" role="group" aria-label="Table of the epochs"><table><caption>Loss and metrics of each epoch</caption>
<thead><tr>${head.map((name) => `<th scope="col">${escaped(name)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row, i) => `<tr><th scope="row">${records[i]!.epoch + 1}</th>${cells(row)}</tr>`).join('\n')}</tbody></table></div>`;
}
