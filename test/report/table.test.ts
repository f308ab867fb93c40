/** The table lines up, and says the same in words where it does not fit. */

import t from 'tap';

import { EpochTable, formatBytes, formatDuration } from '../../lib/report/index.js';
import { formatBar } from '../../lib/report/progress.js';

const record = {
  epoch: 0,
  train: { loss: 1.23456, accuracy: 0.5 },
  valid: { loss: 0.9, accuracy: 0.75 },
  seconds: 75.2,
  imagesPerSecond: 123.4,
};

t.test('rows stand under their titles', (t) => {
  const table = new EpochTable(['loss', 'accuracy'], 80);
  t.strictSame(
    [...table.header(), ...table.row(record), ...table.row({ ...record, epoch: 11, valid: null })],
    [
      '         train              valid',
      'epoch     loss  accuracy     loss  accuracy     time  images/s',
      '    1   1.2346    0.5000   0.9000    0.7500     1:15       123',
      '   12   1.2346    0.5000        -         -     1:15       123',
    ],
  );
  t.end();
});

t.test('a narrow terminal gets short lines', (t) => {
  const table = new EpochTable(['loss', 'accuracy'], 50);
  t.strictSame(table.header(), []);
  t.strictSame(table.row(record), [
    'epoch 1',
    '  train loss 1.2346 accuracy 0.5000',
    '  valid loss 0.9000 accuracy 0.7500',
    '  75.2 s',
    '  123 images/s',
  ]);
  t.end();
});

t.test('durations and sizes', (t) => {
  t.strictSame([0, 7.4, 59.6, 754, 3723].map(formatDuration), ['0:00', '0:07', '1:00', '12:34', '1:02:03']);
  t.strictSame([0, 999, 1500, 99_003_388, 2_900_347_689].map(formatBytes), [
    '0 B',
    '999 B',
    '1.5 kB',
    '99.0 MB',
    '2.9 GB',
  ]);
  t.end();
});

t.test('the bar never outgrows the terminal', (t) => {
  t.equal(
    formatBar('epoch 1/5 train', 30, 120, { seconds: 10, width: 100, loss: 1.23456 }),
    'epoch 1/5 train [========----------------------] 30/120  loss 1.235  0:30 left',
  );
  for (let width = 0; width < 120; width += 1) {
    const line = formatBar('epoch 1/5 train', 30, 120, { seconds: 10, width, loss: 1.23456 });
    t.ok(line.length <= width, `width ${width}: ${line}`);
  }
  t.notMatch(formatBar('epoch 1/5 train', 0, 0, { seconds: 0, width: 80 }), /NaN|Infinity/);
  t.end();
});
