/** The environment in which a process runs with the addon that was built with sanitizers. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { packageFolder } from '../../lib/runtime/places.js';

/** AddressSanitizer must be loaded first, and is told to go on where an allocation is too large: LibTorch then throws. Tensors are fenced, too. */
export function sanitizedEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const library = execFileSync(env.CXX || 'g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();
  return {
    ...env,
    LD_PRELOAD: library,
    TENCH_ADDON: join(packageFolder, 'build', 'Sanitize'),
    TENCH_FENCE: '1',
    ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:handle_segv=1:abort_on_error=0',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  };
}
