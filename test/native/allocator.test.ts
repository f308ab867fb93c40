import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import t from 'tap';

import { findLibTorch } from '../../lib/runtime/libtorch/find.js';
import { packageFolder } from '../../lib/runtime/places.js';
import { readRecord } from '../../lib/runtime/record.js';

/** What test/native/allocator_stress.cc prints. */
interface Figures {
  rounds: number;
  blocks: number;
  /** The most that the test had alive at once, by its own count, and by the allocator's. */
  peakAliveBytes: number;
  peakLiveBytes: number;
  peakHeldBytes: number;
  peakResidentBytes: number;
  combHeldPerAlive: number;
  errorsUnderContention: number;
  message: string;
}

const libtorch = readRecord()?.libtorch ?? findLibTorch().chosen;

/** Builds the program (seconds; nothing when it is built) and runs it. */
function stress(seconds: number, options: { path: string }): Figures {
  const build = join(packageFolder, 'build', 'native');
  const run = (program: string, args: string[]): string =>
    execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  run('cmake', ['-S', join(packageFolder, 'test', 'native'), '-B', build, `-DLIBTORCH=${options.path}`]);
  run('cmake', ['--build', build, '--parallel', '2']);
  return JSON.parse(run(join(build, 'allocator_stress'), [String(seconds)])) as Figures;
}

// TENCH_STRESS_SECONDS=180 makes it minutes. What is off by a byte, overlaps or throws something else ends the program with a sentence.
t.test(
  'random sizes from 1 B to 256 MiB on four threads, freed on others',
  { skip: libtorch ? false : 'no LibTorch is here' },
  async (t) => {
    if (!libtorch) return;
    const figures = stress(Number(process.env.TENCH_STRESS_SECONDS ?? 3), libtorch);
    t.comment(JSON.stringify(figures));

    t.ok(figures.blocks >= 800, 'the threads came to work');
    t.ok(figures.peakLiveBytes > 256 * 2 ** 20, 'and had much alive');
    t.ok(figures.peakLiveBytes <= figures.peakAliveBytes, 'no more was counted than was alive');
    t.ok(figures.peakHeldBytes <= 1.25 * figures.peakLiveBytes, 'held is at most 1.25 times the peak alive');
    t.ok(figures.peakResidentBytes <= 1.3 * figures.peakLiveBytes, 'and the system agrees about what is held');
    t.ok(figures.combHeldPerAlive <= 1.25, 'holes that nothing fits in lose their pages');
    t.ok(figures.errorsUnderContention > 0, 'threads at the cap get errors, and go on');
    t.match(
      figures.message,
      /16777216 bytes .* were asked for, 201326592 bytes .* are in use in 12 blocks, .* are held, the cap is 201326592 bytes/,
    );
  },
);
