/** Pictures of a training: losses and metrics, hyper-parameters, what layers put out, what was taken for what. */

import { Chart, type ChartPanel, type PointSeries } from '../charts/index.js';
import { needArray, needCount, needFlag, needInRange, needOptions, needText } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import type { WatchedLayer } from './activationStats.js';
import type { ConfusionMatrix } from './confusion.js';
import type { EpochRecord } from './epochRecord.js';

/** Options of `Recorder.plot`. */
export interface PlotLossesOptions {
  /** Leaves out so many batches at the start, whose losses are far above the others. Default 0. */
  readonly skipStart?: number;
  /** How much of the running mean stays at each batch, from 0 (no mean) to below 1. Default 0.95. */
  readonly smoothing?: number;
}

/** Each value mixed into the mean of those before it, free of the bias to where it began. Values that are no numbers are passed over. */
export function runningMean(values: readonly number[], smoothing: number): number[] {
  let [sum, weight] = [0, 0];
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    sum = smoothing * sum + (1 - smoothing) * value;
    weight = smoothing * weight + (1 - smoothing);
    return sum / weight;
  });
}

/** What a recorder knows of a fit. */
export interface Recorded {
  /** Of each training batch. */
  readonly losses: readonly number[];
  /** How many training batches there had been when each epoch was over. */
  readonly epochEnds: readonly number[];
  /** Of the finished epochs. */
  readonly records: readonly EpochRecord[];
}

/** The panels of `Recorder.plot`: the loss by batch, then each metric by epoch. */
export function lossPanels(recorded: Recorded, options: PlotLossesOptions = {}): ChartPanel[] {
  needOptions('plot', options);
  const skip = needCount('skipStart', options.skipStart ?? 0);
  const smoothing = needInRange('smoothing', options.smoothing ?? 0.95, { least: 0, most: 0.9999 });
  const { losses, epochEnds, records } = recorded;
  const x = losses.map((_, batch) => batch + 1).slice(skip);
  const line = (name: string, y: readonly number[], faint: boolean): PointSeries => ({
    kind: 'line',
    name,
    x,
    y: y.slice(skip),
    faint,
  });
  const valid = records
    .map(({ valid: averages }, i) => ({ x: epochEnds[i] ?? NaN, y: averages?.loss ?? NaN }))
    .filter((point) => point.x > skip && !Number.isNaN(point.y));
  const isSmooth = smoothing > 0;
  const loss: PointSeries[] = [
    ...(isSmooth ? [line('each batch', losses, true)] : []),
    line('train', isSmooth ? runningMean(losses, smoothing) : losses, false),
  ];
  if (valid.length > 0)
    loss.push({ kind: 'line', name: 'valid', x: valid.map((point) => point.x), y: valid.map((point) => point.y) });
  return [
    { title: 'loss', x: { label: 'training batch' }, y: { label: 'loss' }, series: loss },
    ...metricsOf(records).map((name) => metricPanel(name, records)),
  ];
}

/** The names of the metrics in records, without the loss. */
export function metricsOf(records: readonly EpochRecord[]): string[] {
  const names = records.flatMap(({ train, valid }) => Object.keys({ ...train, ...valid }));
  return [...new Set(names)].filter((name) => name !== 'loss');
}

function metricPanel(name: string, records: readonly EpochRecord[]): ChartPanel {
  const series = (['train', 'valid'] as const).flatMap((pass): PointSeries[] => {
    const known = records.filter((record) => record[pass]?.[name] !== undefined);
    if (known.length === 0) return [];
    const [x, y] = [known.map(({ epoch }) => epoch + 1), known.map((record) => record[pass]![name]!)];
    return [{ kind: 'line', name: pass, x, y }];
  });
  return { title: name, x: { label: 'epoch' }, y: { label: name }, series };
}

/** A panel for each hyper-parameter, a line for each parameter group. @param groups by hyper-parameter: one list of values a group */
export function hyperPanels(groups: Readonly<Record<string, readonly (readonly number[])[]>>): ChartPanel[] {
  const isByGroup = Object.values(groups).some((lists) => lists.length > 1);
  return Object.entries(groups).map(([name, lists]) => ({
    x: { label: 'training batch' },
    y: { label: name },
    series: lists.map((y, group) => ({
      kind: 'line',
      name: isByGroup ? `group ${group + 1}` : name,
      x: y.map((_, batch) => batch + 1),
      y,
    })),
  }));
}

/** Options of `ActivationStats.plotActivations`. */
export interface PlotActivationsOptions {
  /** The paths of the layers to show. Default: all of up to 12, else as many from the first to the last. */
  readonly layers?: readonly string[];
}

const mostLayers = 12;

/** Means, standard deviations and shares near zero, a line for each layer. */
export function plotActivations(
  watched: readonly WatchedLayer[],
  { every, options }: { readonly every: number; readonly options: PlotActivationsOptions },
): Chart {
  needOptions('plotActivations', options);
  const shown = chosenLayers(watched, options.layers);
  const x = { label: measurementLabel(every) };
  const panel = (title: string, of: (layer: WatchedLayer) => readonly number[]): ChartPanel => ({
    title,
    x,
    y: { label: title },
    series: shown.map((layer) => {
      const y = of(layer);
      return {
        kind: 'line',
        name: layerTitle(layer),
        x: y.map((_, i) => i + 1),
        y,
      };
    }),
  });
  const left = watched.length - shown.length;
  return new Chart({
    title: 'What layers put out',
    description: left > 0 ? `${shown.length} of ${watched.length} layers.` : '',
    columns: 3,
    panels: [
      panel('mean', ({ stats }) => stats.means),
      panel('standard deviation', ({ stats }) => stats.stds),
      panel('share near zero', ({ stats }) => stats.nearZeros),
    ],
  });
}

/** What an axis of measured batches says. */
export function measurementLabel(every: number): string {
  return every === 1 ? 'training batch' : `measurement, of one batch in ${every}`;
}

/** A layer by its path and class. */
export function layerTitle({ name, module }: WatchedLayer): string {
  return `${name || 'model'}: ${module.constructor.name}`;
}

/** The layers of these paths, or from the first to the last as many as there is room for. */
export function chosenLayers(
  watched: readonly WatchedLayer[],
  names: readonly string[] | undefined,
  most = mostLayers,
): readonly WatchedLayer[] {
  if (names === undefined) {
    if (watched.length <= most) return watched;
    const step = (watched.length - 1) / (most - 1);
    return Array.from({ length: most }, (_, i) => watched[Math.round(i * step)]!);
  }
  return needArray('layers', names, 'paths of layers').map((name) => {
    needText('layers', name);
    const found = watched.find((layer) => layer.name === name);
    if (found !== undefined) return found;
    throw invalid(
      'layers',
      `paths of watched layers: ${watched.map((layer) => layer.name).join(', ') || 'none yet'}`,
      name,
    );
  });
}

/** Options of `ConfusionMatrix.plot`. */
export interface PlotConfusionOptions {
  /** Shows each row as shares of its class instead of counts. Default false. */
  readonly normalize?: boolean;
  /** Default `Confusion matrix`. */
  readonly title?: string;
}

/** Actual classes from top to bottom, predicted ones from left to right. */
export function plotConfusion({ counts, vocab }: ConfusionMatrix, options: PlotConfusionOptions): Chart {
  needOptions('ConfusionMatrix.plot', options);
  const title = needText('title', options.title ?? 'Confusion matrix');
  const normalize = needFlag('normalize', options.normalize ?? false);
  const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const right = counts.reduce((sum, row, i) => sum + row[i]!, 0);
  const total = totals.reduce((sum, count) => sum + count, 0);
  const shares = counts.map((row, i) =>
    row.map((count) => (totals[i] === 0 ? NaN : Math.round((100 * count) / totals[i]!) / 100)),
  );
  const names = counts.map((_, i) => vocab?.[i] ?? String(i));
  return new Chart({
    title,
    description: total === 0 ? '' : `${right} of ${total} right (${((100 * right) / total).toFixed(1)} %).`,
    x: { label: 'predicted', ...(names.length > 0 && { names }) },
    y: { label: 'actual', ...(names.length > 0 && { names: names.toReversed() }) },
    series: [
      {
        kind: 'heatmap',
        name: normalize ? 'share of the class' : 'count',
        rows: (normalize ? shares : counts).toReversed(),
        numbered: true,
      },
    ],
  });
}
