/** The survey of growth: trees of files, what paths hold, and the tables and pictures that are made of numbers. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import t from 'tap';

import { measureFiles } from '../../bench/growth/files.js';
import { precisions, sweeps, trainingAt, workName } from '../../bench/growth/trainings.js';
import { growTree } from '../../bench/growth/tree.js';
import { formatNumber, toMarkdown, writeTables, type GrowthTable } from '../../bench/harness/growthTable.js';
import { closingLine } from '../../bench/harness/report.js';
import { works } from '../../bench/sides/growth.js';
import { getFiles } from '../../lib/data/index.js';
import { collectGarbage } from '../collect.js';

t.test('a tree grows, and its files come out split, labelled and shuffled', async (t) => {
  const root = join(t.testdir({}), 'tree');
  const list = (): string[] => getFiles(root, { recurse: true });
  growTree(root, 0, 1000);
  t.match(measureFiles(list, collectGarbage), { paths: 1000, train: 800, valid: 200, classes: 1, order: 800 });
  growTree(root, 1000, 4000);
  const report = measureFiles(list, collectGarbage);
  t.match(report, { paths: 4000, train: 3200, valid: 800, classes: 4, order: 3200 });
  t.same(
    report.stations.map(({ name }) => name),
    ['getFiles', 'split', 'label', 'shuffle'],
  );
  t.equal(readdirSync(join(root, 'val', 'n00000003')).length, 200);
});

t.test('a path holds less than 200 bytes beyond its characters, however many there are', async (t) => {
  const held = (count: number): number[] => {
    const paths = (): string[] =>
      Array.from({ length: count }, (_, i) => `train/n${String(i % 100).padStart(8, '0')}/ILSVRC2012_${i}.JPEG`);
    return measureFiles(paths, collectGarbage).stations.map(({ bytesPerPath }) => bytesPerPath);
  };
  held(1000);
  for (const count of [20_000, 80_000]) {
    const bytes = held(count);
    t.ok(Math.max(...bytes) < 200, `${count} paths: ${bytes.join(', ')}`);
    t.ok(bytes.at(-1)! > 16, 'the lists themselves are counted');
  }
});

t.test('each point of a sweep is a work of the side', async (t) => {
  for (const sweep of sweeps)
    for (const value of sweep.values)
      for (const precision of precisions) t.type(works[workName(trainingAt(sweep, value, precision))], 'function');
  t.same(sweeps.find(({ name }) => name === 'threads')?.values[0], 1);
});

const table: GrowthTable = {
  name: 'batch',
  title: 'Batch size',
  description: 'Larger ones cost more.',
  over: 'batch size',
  values: [8, 1024],
  columns: [
    { unit: 'images/s', series: 'float32', values: [98.7654, 1234.5] },
    { unit: 'MB', series: 'float32', values: [300, 4000.4] },
  ],
  logUnits: ['MB'],
};

t.test('tables are Markdown as prettier leaves it', async (t) => {
  t.same(toMarkdown(table), [
    '| batch size | images/s, float32 | MB, float32 |',
    '| ---------: | ----------------: | ----------: |',
    '|          8 |              98.8 |         300 |',
    '|      1,024 |             1,230 |       4,000 |',
  ]);
  t.same([0, 0.0012345, 12.345, 1234567].map(formatNumber), ['0', '0.00123', '12.3', '1,230,000']);
});

t.test('tables and pictures go into a folder, numbers into the closing line', async (t) => {
  const folder = t.testdir({});
  const paths = await writeTables(folder, [table]);
  t.same(paths, [join(folder, 'growth.md'), join(folder, 'growth-batch.svg')]);
  const text = readFileSync(paths[0]!, 'utf8');
  t.match(text, '### Batch size\n\nLarger ones cost more.\n\n| batch size |');
  t.match(text, '|\n\n![Batch size](growth-batch.svg)\n');
  t.match(readFileSync(paths[1]!, 'utf8'), /^<svg[^]*images\/s[^]*MB/);
  const line = closingLine('growth', {
    libtorch: null,
    ratios: {},
    effort: { rounds: 3, warmUp: 0 },
    found: { tables: [table] },
  });
  const json = JSON.parse(line) as Record<string, unknown>;
  t.same(Object.keys(json), ['bench', 'machine', 'libtorch', 'ratios', 'detail']);
  t.match(json, { bench: 'growth', ratios: {}, detail: { rounds: 3, tables: [{ name: 'batch', values: [8, 1024] }] } });
});
