/** Charts from plain descriptions. A room before the others, so that schedules, recorders and hooks can all offer `plot()`. */

export { Chart, type PictureOptions } from './chart.js';
export type {
  Axis as ChartAxis,
  ChartOptions,
  HeatmapSeries,
  HistogramSeries,
  Numbers as ChartNumbers,
  Panel as ChartPanel,
  PointSeries,
  Series as ChartSeries,
} from './describe.js';
