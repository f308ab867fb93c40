/** How everything in the charts room is called rightly, for the tests that call it wrongly. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as room from '../../lib/charts/index.js';
import type { Room } from '../provoke.js';

/** Where charts are saved; the test that uses it removes it. */
export const chartsFolder = mkdtempSync(join(tmpdir(), 'tench-charts-'));

const description = () => ({
  title: 'Loss',
  description: 'It falls.',
  columns: 2,
  panels: [
    {
      title: 'loss',
      x: { label: 'step', log: false, from: 0, to: 2 },
      y: { label: 'loss', log: true, from: 0.1, to: 9 },
      series: [
        { kind: 'line', name: 'train', x: [0, 1], y: [1, 2], faint: true },
        { kind: 'scatter', name: 'valid', y: [1, 2] },
      ],
    },
    {
      series: [
        { kind: 'heatmap', name: 'counts', rows: [[1, 2]], x: [0, 1], y: [0, 1] },
        { kind: 'histogram', name: 'weights', values: [1, 2], bins: 3 },
      ],
    },
    {
      x: { label: 'predicted', names: ['cat', 'dog'] },
      y: { label: 'actual', names: ['cat'] },
      series: [{ kind: 'heatmap', name: 'counts', rows: [[1, 2]], numbered: true }],
    },
  ],
});

const size = { width: 200, height: 200 };

export const chartsRoom: Room = {
  exports: room,
  valid: {
    'new Chart': () => [description()],
    'Chart#svg': () => [{ ...size, theme: 'dark' }],
    'Chart#png': () => [{ ...size, theme: 'dark', scale: 0.5 }],
    'Chart#html': () => [{ ...size, theme: 'light' }],
    'Chart#terminal': () => [{ width: 40, height: 5 }],
    'Chart#save': () => [join(chartsFolder, 'chart.svg'), { ...size, theme: 'auto' }],
  },
  uses: {
    'new Chart': async (chart: room.Chart) => [await chart.svg(size), chart.terminal({ width: 40, height: 4 })],
  },
};
