/**
 * Variables for a malloc that keeps what was freed, the best that PyTorch's users can get from glibc by setting some: no mapping of its own for
 * large blocks, and nothing given back to the system.
 */
export const tunedMalloc = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: String(2 ** 40),
  MALLOC_TOP_PAD_: String(2 ** 28),
};
