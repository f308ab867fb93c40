/** Where progress is written. */

import { invalid } from '../tensor/errors.js';

/** What progress needs of `process.stderr`. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** @throws ArgumentError for what cannot be written to */
export function needStream(argument: string, stream: ProgressStream): ProgressStream {
  if (typeof (stream as Partial<ProgressStream> | null | undefined)?.write === 'function') return stream;
  throw invalid(argument, 'a stream such as process.stderr', stream);
}
