/** Pictures of what layers put out over training, a panel for each layer. */

import { Chart, type ChartPanel } from '../charts/index.js';
import { needOptions, needText } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import type { WatchedLayer } from './activationStats.js';
import { chosenLayers, layerTitle, measurementLabel, type PlotActivationsOptions } from './plotting.js';

/** Options of `ActivationStats.plotHistograms` and `plotNearZeros`. */
export interface ActivationPlotOptions extends PlotActivationsOptions {
  /** Default: what is shown. */
  readonly title?: string;
  /** What there is to see. */
  readonly description?: string;
}

/** What was measured: the layers, and that it was one training batch in `every`. */
export interface Watched {
  readonly layers: readonly WatchedLayer[];
  readonly every: number;
}

/** How often each value came, by batch. Few values are rare in all batches, so the logarithm of the counts is shown. */
export function plotHistograms(watched: Watched, options: ActivationPlotOptions): Chart {
  return plot(watched, { where: 'plotHistograms', usual: 'Outputs by layer', options }, histogramsOf);
}

/** The histograms of a layer's outputs side by side. */
export function histogramsOf({ stats: { histograms, bins, min, max } }: WatchedLayer): ChartPanel {
  const rows = Array.from({ length: bins }, (_, bin) => histograms.map((counts) => Math.log1p(counts[bin]!)));
  return { y: { label: 'output' }, series: [{ kind: 'heatmap', name: 'log(1 + count)', rows, y: [min, max] }] };
}

/** The share near zero, by batch. */
export function plotNearZeros(watched: Watched, options: ActivationPlotOptions): Chart {
  return plot(watched, { where: 'plotNearZeros', usual: 'Share near zero by layer', options }, ({ stats }) => ({
    y: { label: `share within ${stats.nearZero} of 0`, from: 0, to: 1 },
    series: [{ kind: 'line', name: 'share near zero', y: stats.nearZeros }],
  }));
}

function plot(
  { layers, every }: Watched,
  { where, usual, options }: { where: string; usual: string; options: ActivationPlotOptions },
  inside: (layer: WatchedLayer) => ChartPanel,
): Chart {
  needOptions(where, options);
  const title = needText(`${where}: title`, options.title ?? usual);
  const description = needText(`${where}: description`, options.description ?? '');
  if (layers.length === 0) throw new TenchError(`${where}: nothing has been measured yet; fit first`);
  const panels = chosenLayers(layers, options.layers).map((layer): ChartPanel => ({
    title: layerTitle(layer),
    x: { label: measurementLabel(every) },
    ...inside(layer),
  }));
  return new Chart({ title, description, panels, columns: 3 });
}
