/**
 * One set-up at a time: a lock that the kernel holds, and that ends with the last process of whoever took it.
 *
 * The lock lies on the clone's own folder (flock). Programs that a set-up starts inherit the descriptor, so that a compiler or an npm
 * that outlives a killed set-up still keeps the next one waiting; and nothing is left behind on the disk.
 */

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/**
 * Runs `work(descriptor)` while this process alone holds the lock on `folder`, and returns what it returns.
 *
 * @param {string} folder
 * @param {(descriptor: number) => Promise<T> | T} work
 * @param {{ onWait?: () => void }} [options] `onWait` is called once if another process holds the lock
 * @returns {Promise<T>}
 * @template T
 */
export async function withLock(folder, work, { onWait } = {}) {
  const descriptor = openSync(folder, 'r');
  try {
    // The lock belongs to the open file, which is still open here when the command has ended.
    const atOnce = spawnSync('flock', ['--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
    // Without the command (a part of util-linux) set-up still works, only not twice at once.
    if (atOnce.error === undefined && atOnce.status !== 0) {
      onWait?.();
      await new Promise((resolve) => {
        spawn('flock', ['3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] }).once('close', resolve);
      });
    }
    return await work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
