/** What a benchmark prints: a table for people, and one line of JSON for programs. */

import { arch, cpus, loadavg, totalmem, type } from 'node:os';

import { ratiosOf, type Effort, type Measurement, type Result } from './measure.js';

const columns = [
  { title: 'work', width: 37, right: false },
  { title: 'against', width: 21, right: false },
  { title: 'threads', width: 7, right: true },
  { title: 'tench', width: 9, right: true },
  { title: 'peer', width: 9, right: true },
  { title: 'ratio', width: 7, right: true },
  { title: 'spread', width: 6, right: true },
  { title: 'decides', width: 14, right: false },
] as const;

/** The line above the rows. */
export function header(): string {
  return line(columns.map(({ title }) => title));
}

/** One measurement as a row. */
export function row({ title, peer, threads, unit, tenchCost, peerCost, ratio, key }: Measurement): string {
  const format = unit === 'bytes' ? formatMemory : formatTime;
  return line([
    title,
    peer,
    threads === null ? 'own' : String(threads),
    format(tenchCost.median),
    format(peerCost.median),
    ratio.median.toFixed(2),
    `${Math.round(ratio.spread * 100)} %`,
    key ?? '',
  ]);
}

function line(cells: readonly string[]): string {
  const padded = cells.map((cell, i) => {
    const { width, right } = columns[i]!;
    return right ? cell.padStart(width) : cell.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}

/** Nanoseconds as `12.3 ns`, `4.56 us`, `789 ms`. */
export function formatTime(ns: number): string {
  const units = ['ns', 'us', 'ms', 's'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(ns) / 3)));
  return `${(ns / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

/** Bytes as `789 MB`. */
export function formatMemory(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** Processor, cores, memory, system and Node: what a figure is worth nothing without. */
export function describeMachine(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim().replace(/\s+/g, ' ') || 'unknown processor';
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${cores.length} cores, ${gib} GiB, ${type()} ${arch()}, Node ${process.versions.node}`;
}

/** What the closing line says besides names and the machine. */
export interface Closing {
  readonly libtorch: string | null;
  readonly ratios: Readonly<Record<string, number>>;
  readonly effort: Effort;
  /** What was measured, for the detail. */
  readonly found: object;
}

/** The closing line, by the names that other programs rely on. */
export function closingLine(bench: string, { libtorch, ratios, effort, found }: Closing): string {
  return JSON.stringify({
    bench,
    machine: describeMachine(),
    libtorch,
    ratios,
    // Whoever shares the machine stands in the load; what they take falls out of ratios, but not out of times.
    detail: { rounds: effort.rounds, load: loadavg().map((load) => Number(load.toFixed(2))), ...found },
  });
}

/** The closing line of what was compared. */
export function toJson(bench: string, { libtorch, measurements }: Result, effort: Effort): string {
  const ratios = Object.fromEntries(
    Object.entries(ratiosOf(measurements)).map(([key, ratio]) => [key, Number(ratio.toFixed(3))]),
  );
  return closingLine(bench, { libtorch, ratios, effort, found: { measurements } });
}
