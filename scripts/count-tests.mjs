#!/usr/bin/env node
/**
 * The closing line of `.ci/run`: `N passed, N failed`, counted from the TAP that a run of tap has written.
 *
 *   node scripts/count-tests.mjs FILE EXITCODE
 *
 * Assertions are counted; skipped ones are neither, and are named before the line. A run that ended badly without a failed
 * assertion (it never came to its tests, or was cut off) counts as one failure. Exits with 1 when anything failed.
 */

import { readFileSync } from 'node:fs';

/** Counts in the events of one level; a subtest that fails without a failed assertion (no plan, out of time) counts as one. */
function count(events) {
  const total = { passed: 0, failed: 0, skipped: [] };
  let inside = { failed: 0 };
  for (const [type, event] of events) {
    if (type === 'child') {
      inside = count(event);
      total.passed += inside.passed;
      total.failed += inside.failed;
      total.skipped.push(...inside.skipped);
    } else if (type === 'assert') {
      if (event.skip !== false) total.skipped.push(`${event.fullname} (${event.skip})`);
      else if (event.closingTestPoint) total.failed += !event.ok && inside.failed === 0 ? 1 : 0;
      else if (event.ok || event.todo !== false) total.passed += 1;
      else total.failed += 1;
    }
  }
  return total;
}

/** The events in a file, none where the file or even the parser is missing since set-up has failed. */
async function read(path) {
  try {
    const { Parser } = await import('tap-parser');
    return Parser.parse(readFileSync(path, 'utf8'));
  } catch {
    return [];
  }
}

const [path, exitCode] = process.argv.slice(2);
const { passed, failed, skipped } = count(await read(path));
const others = failed === 0 && (exitCode !== '0' || passed === 0) ? 1 : 0;
for (const name of skipped) console.log(`skipped: ${name}`);
console.log(`${passed} passed, ${failed + others} failed`);
process.exitCode = failed + others === 0 ? 0 : 1;
