/** What people look at while and after training. */

export { CsvLogCallback } from './csvLog.js';
export { ProfilerCallback, type ProfileRow } from './profiler.js';
export { ProgressCallback } from './progress.js';
export type { ProgressStream } from './stream.js';
export { EpochTable } from './table.js';
export { formatBytes, formatDuration } from '../tensor/units.js';
export { showTransfer, type Transfer } from './transfer.js';
export { TensorBoardCallback } from './tensorBoard/callback.js';
