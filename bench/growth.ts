/** The survey of growth: what a training step costs over batch, image, threads and classes, and what a data set costs over its files. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runCommand } from '../lib/runtime/command.js';
import type { FilesReport } from './growth/files.js';
import { precisions, sweeps, trainingAt, workName, type Sweep, type Training } from './growth/trainings.js';
import { growTree } from './growth/tree.js';
import type { Survey } from './harness/benchmark.js';
import type { GrowthColumn, GrowthTable } from './harness/growthTable.js';
import type { Effort } from './harness/measure.js';
import { tenchSide } from './harness/servers.js';
import { summarise } from './harness/statistics.js';

/** Files of the trees that are walked. */
const fileCounts = [1000, 10_000, 100_000, 1_000_000];

/** Nanoseconds of one timing at least. */
const TIMED = 2e8;

const precisionNames = { fp32: 'float32', bf16: 'bfloat16' } as const;

/** Images a second, and the process's memory at the peak in MB: in a process that trains nothing else. */
async function trained(training: Training, { rounds }: Effort): Promise<{ rate: number; memory: number }> {
  const { threads, batchSize } = training;
  const task = { work: workName(training), threads };
  const side = tenchSide('growth');
  const close = (): void => side.close();
  process.once('exit', close);
  try {
    await side.time(task, 1);
    const iterations = Math.max(1, Math.round(TIMED / (await side.time(task, 1))));
    const times: number[] = [];
    // Comparisons take many rounds because the sides' noise adds up; here are many points, and a third of the rounds each.
    for (let round = 0; round < Math.ceil(rounds / 3); round += 1)
      times.push((await side.time(task, iterations)) / iterations);
    return { rate: (batchSize * 1e9) / summarise(times).median, memory: (await side.peakSoFar()) / 1e6 };
  } finally {
    process.off('exit', close);
    close();
  }
}

async function sweepTable(sweep: Sweep, effort: Effort): Promise<GrowthTable> {
  const columns: GrowthColumn[] = [];
  for (const precision of precisions) {
    const [rates, memories]: [number[], number[]] = [[], []];
    for (const value of sweep.values) {
      const { rate, memory } = await trained(trainingAt(sweep, value, precision), effort);
      rates.push(rate);
      memories.push(memory);
    }
    const series = precisionNames[precision];
    columns.push({ unit: 'images/s', series, values: rates }, { unit: 'MB at the peak', series, values: memories });
  }
  const { name, title, over, values } = sweep;
  const description = `Steps of the lesson's CNN over ${over}; all else is the lesson's: batches of 64 at 128 px, ten classes.`;
  return { name, title, description, over, values, columns };
}

type FilesMeasured = FilesReport & { readonly peak: number };

async function walked(folder: string, small: string): Promise<FilesMeasured> {
  let last = '';
  const program = fileURLToPath(new URL('./growth/filesProcess.js', import.meta.url));
  await runCommand(process.execPath, ['--expose-gc', program, folder, small], {
    onLine: (line) => {
      if (line.startsWith('{')) last = line;
    },
  });
  return JSON.parse(last) as FilesMeasured;
}

/** Walks trees of empty files, each a larger one of the last, each in a process of its own. */
async function filesTable(counts: readonly number[]): Promise<GrowthTable> {
  const root = mkdtempSync(join(tmpdir(), 'tench-growth-'));
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const [tree, small] = [join(root, 'tree'), join(root, 'small')];
    growTree(small, 0, 100);
    const reports: FilesMeasured[] = [];
    let grown = 0;
    for (const count of counts) {
      growTree(tree, grown, count);
      grown = count;
      reports.push(await walked(tree, small));
    }
    return tableOf(reports);
  } finally {
    process.off('exit', remove);
    remove();
  }
}

function tableOf(reports: readonly FilesMeasured[]): GrowthTable {
  const names = reports[0]!.stations.map(({ name }) => name);
  const of = (name: string, value: 'nanoseconds' | 'bytesPerPath'): number[] =>
    reports.map(({ stations }) => stations.find((station) => station.name === name)![value]);
  const seconds = names.map((name) => ({
    unit: 'seconds',
    series: name,
    values: of(name, 'nanoseconds').map((ns) => ns / 1e9),
  }));
  return {
    name: 'files',
    title: 'Files',
    description:
      'From a folder to the order of an epoch: the time of each station, and the bytes a path that are held behind it beyond its characters.',
    over: 'files',
    values: reports.map(({ paths }) => paths),
    columns: [
      ...seconds,
      ...['getFiles', 'shuffle'].map((name) => ({
        unit: 'bytes a path',
        series: `behind ${name}`,
        values: of(name, 'bytesPerPath'),
      })),
      { unit: 'MB at the peak', series: 'the process', values: reports.map(({ peak }) => peak / 1e6) },
    ],
    logUnits: ['seconds'],
  };
}

export const growth: Survey = {
  name: 'growth',
  summary: 'how time and memory grow over batch size, image size, threads, classes and files',
  environment: null,
  libtorch: async () => {
    const side = tenchSide('growth');
    try {
      return await side.libtorch();
    } finally {
      side.close();
    }
  },
  async *tables(effort) {
    for (const sweep of sweeps) yield await sweepTable(sweep, effort);
    yield await filesTable(fileCounts);
  },
};
