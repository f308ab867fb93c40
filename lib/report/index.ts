/** What people look at while and after training. */

export { ProgressCallback } from './progress.js';
export type { ProgressStream } from './stream.js';
export { EpochTable, formatBytes, formatDuration } from './table.js';
export { showTransfer, type Transfer } from './transfer.js';
