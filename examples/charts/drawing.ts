/** A chart from a description, in the forms in which it is looked at; docs/charts.md shows it. */

import * as tench from 'tench';

const chart = new tench.Chart({
  title: 'Accuracy by epoch',
  description: 'Validation stays behind from the second epoch on.',
  x: { label: 'epoch' },
  y: { label: 'accuracy', from: 0, to: 1 },
  series: [
    { kind: 'line', name: 'train', x: [1, 2, 3], y: [0.31, 0.62, 0.84] },
    { kind: 'line', name: 'valid', x: [1, 2, 3], y: [0.36, 0.58, 0.66] },
  ],
});

console.log(chart.terminal({ width: 72 }));
await chart.save('accuracy.svg'); // follows the viewer into the dark
await chart.save('accuracy.png', { width: 900, theme: 'dark' });

const rates = tench.plotSchedules(tench.oneCycle({ lr: [0.004, 0.1, 4e-7], mom: [0.95, 0.85, 0.95] }));
await rates.save('rates.svg');
