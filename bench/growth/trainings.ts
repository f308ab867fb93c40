/** The trainings whose cost is measured: the lesson's, with one quantity at a time made smaller and larger. */

import { availableParallelism } from 'node:os';

/** What a training is made of. */
export interface Training {
  readonly precision: 'fp32' | 'bf16';
  readonly batchSize: number;
  /** Pixels a side. */
  readonly size: number;
  readonly classes: number;
  /** null: tench's own choice. */
  readonly threads: number | null;
}

/** One quantity that is varied. */
export interface Sweep {
  readonly name: string;
  readonly title: string;
  readonly over: string;
  readonly vary: 'batchSize' | 'size' | 'threads' | 'classes';
  readonly values: readonly number[];
}

const lesson = { batchSize: 64, size: 128, classes: 10, threads: null } as const;

export const precisions = ['fp32', 'bf16'] as const;

export const sweeps: readonly Sweep[] = [
  { name: 'batch', title: 'Batch size', over: 'batch size', vary: 'batchSize', values: [8, 16, 32, 64, 128, 256] },
  { name: 'size', title: 'Image size', over: 'pixels a side', vary: 'size', values: [64, 96, 128, 160, 192, 224] },
  { name: 'threads', title: 'Threads', over: 'threads', vary: 'threads', values: upTo(availableParallelism()) },
  { name: 'classes', title: 'Classes', over: 'classes', vary: 'classes', values: [10, 100, 1000] },
];

/** The training of a sweep at one of its values. */
export function trainingAt({ vary }: Sweep, value: number, precision: Training['precision']): Training {
  return { ...lesson, precision, [vary]: value };
}

/** By what name the side knows it: threads are set from outside. */
export function workName({ precision, batchSize, size, classes }: Training): string {
  return [precision, batchSize, size, classes].join(' ');
}

/** 1, 2, 4 and so on, and the last itself. */
function upTo(last: number): number[] {
  const powers = Array.from({ length: Math.floor(Math.log2(last)) + 1 }, (_, power) => 2 ** power);
  return [...new Set([...powers, last])];
}
