/** The warnings of the process while something is done. */
export async function warningsOf(work: () => unknown): Promise<(Error & { code?: string })[]> {
  const heard: Error[] = [];
  const hear = (warning: Error): void => void heard.push(warning);
  process.on('warning', hear);
  try {
    await work();
    // Warnings are told in a later turn of the event loop.
    await new Promise(setImmediate);
  } finally {
    process.off('warning', hear);
  }
  return heard;
}
