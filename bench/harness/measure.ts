/** Carries out a benchmark: checks that the sides agree, then lets them take turns and times them. */

import { TenchError } from '../../lib/runtime/errors.js';
import { checkAgreement } from './agree.js';
import type { BenchContext, Benchmark, Comparison } from './benchmark.js';
import type { Side } from './side.js';
import { ratioOf, summarise, type Summary } from './statistics.js';

/** What one comparison gave with one number of threads: nanoseconds for doing the work once, or bytes. */
export interface Measurement {
  readonly title: string;
  readonly key: string | null;
  readonly peer: string;
  readonly threads: number | null;
  readonly ratio: Summary;
  readonly unit: 'ns' | 'bytes';
  readonly tenchCost: Summary;
  readonly peerCost: Summary;
}

export interface Effort {
  /** Rounds that are timed; in each, both sides do the work. */
  readonly rounds: number;
  /** Rounds before them that are not: code is compiled, caches and allocators fill. */
  readonly warmUp: number;
  /** Nanoseconds that each side works in such rounds at least: a compiler that watches the program needs a second to make up its mind. Default 0. */
  readonly warmUpTime?: number;
}

/** What a run is worth trusting: the second is for a look, and does the same work less often. */
export const efforts = {
  full: { rounds: 21, warmUp: 3, warmUpTime: 1e9 },
  quick: { rounds: 5, warmUp: 2, warmUpTime: 1e9 },
} as const;

/** Memory varies little, and a process for each takes long. */
const MEMORY_ROUNDS = 3;

export interface Result {
  readonly libtorch: string | null;
  readonly measurements: readonly Measurement[];
}

/**
 * Measures every comparison of a benchmark.
 *
 * @param onMeasurement hears each as it comes
 * @throws TenchError (`ERR_TENCH_BENCH`) when two sides compute different values, have different LibTorches where one is asked for, or end
 */
export async function measure(
  benchmark: Benchmark,
  effort: Effort,
  context: BenchContext,
  onMeasurement: (measurement: Measurement) => void = () => undefined,
): Promise<Result> {
  const sides = await benchmark.sides(context);
  const close = (): void => Object.values(sides).forEach((side) => side.close());
  process.once('exit', close);
  try {
    const libtorch = await libtorchOf(sides, benchmark);
    const measurements: Measurement[] = [];
    for (const comparison of benchmark.comparisons) {
      for (const threads of comparison.threads ?? [1, 2]) {
        const measurement = await compare(sides, comparison, threads, effort);
        measurements.push(measurement);
        onMeasurement(measurement);
      }
    }
    return { libtorch, measurements };
  } finally {
    process.off('exit', close);
    close();
  }
}

/** The LibTorch that tench's own side, the first, computes with. */
async function libtorchOf(sides: Readonly<Record<string, Side>>, benchmark: Benchmark): Promise<string | null> {
  let first: string | null = null;
  for (const [name, side] of Object.entries(sides)) {
    const version = await side.libtorch();
    first ??= version;
    if (benchmark.sameLibTorch !== false && version !== null && version !== first)
      throw failure(
        `${name} computes with LibTorch ${version}, and tench with ${first}: \`npm run bench:setup\` mends it`,
      );
  }
  return first;
}

async function compare(
  sides: Readonly<Record<string, Side>>,
  { title, key, sides: names = ['tench', 'pytorch'], work, peerWork = work, iterations, ...how }: Comparison,
  threads: number | null,
  { rounds, warmUp, warmUpTime = 0 }: Effort,
): Promise<Measurement> {
  const ofMemory = how.measures === 'memory';
  const pair = names.map((name, i) => {
    const side = sides[name];
    if (side === undefined) throw failure(`${title}: there is no side \`${name}\``);
    return { name, side, task: { work: i === 0 ? work : peerWork, threads } };
  });
  const [tench, peer] = pair as [(typeof pair)[0], (typeof pair)[0]];
  checkAgreement(
    title,
    { name: tench.name, values: await tench.side.values(tench.task) },
    { name: peer.name, values: await peer.side.values(peer.task) },
    how.tolerances,
  );

  const costs = new Map(pair.map((one) => [one, [] as number[]]));
  const takeTurns = async (round: number): Promise<number[]> => {
    // Who begins alternates, so that a machine that grows slower or quicker favours neither.
    const order = round % 2 === 0 ? [tench, peer] : [peer, tench];
    const taken = new Map<unknown, number>();
    for (const one of order) {
      const { side, task } = one;
      taken.set(one, ofMemory ? await side.peak(task, iterations) : (await side.time(task, iterations)) / iterations);
    }
    return pair.map((one) => taken.get(one) ?? 0);
  };
  // Whose memory is measured begins anew each time.
  for (let round = -warmUp, warm = 0; !ofMemory && (round < 0 || warm < warmUpTime); round += 1)
    warm += iterations * Math.min(...(await takeTurns(round)));
  for (let round = 0; round < (ofMemory ? MEMORY_ROUNDS : rounds); round += 1)
    (await takeTurns(round)).forEach((cost, i) => costs.get(pair[i]!)?.push(cost));
  const [tenchCosts, peerCosts] = [costs.get(tench) ?? [], costs.get(peer) ?? []];
  return {
    title,
    key: key ?? null,
    peer: peer.name,
    threads,
    ratio: ratioOf(tenchCosts, peerCosts),
    unit: ofMemory ? 'bytes' : 'ns',
    tenchCost: summarise(tenchCosts),
    peerCost: summarise(peerCosts),
  };
}

/** The ratios by key, the worst where several measurements decide one. */
export function ratiosOf(measurements: readonly Measurement[]): Record<string, number> {
  const ratios: Record<string, number> = {};
  for (const { key, ratio } of measurements)
    if (key !== null) ratios[key] = Math.min(ratios[key] ?? Infinity, ratio.median);
  return ratios;
}

function failure(message: string): TenchError {
  return new TenchError(message, { code: 'ERR_TENCH_BENCH' });
}
