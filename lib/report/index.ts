/** What people look at while and after training. */

export { ProgressCallback, type ProgressStream } from './progress.js';
export { EpochTable, formatBytes, formatDuration } from './table.js';
export { showTransfer, type Transfer } from './transfer.js';
