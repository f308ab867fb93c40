/** A work, as a TypeScript side writes it. */

/** Something that can be done many times and computes something. */
export interface Work {
  /** Does it. A promise is awaited inside the time that is measured. */
  readonly run: (iterations: number) => void | Promise<void>;
  /** What it computes, from a fresh start; compared with the other side before anything is timed. */
  readonly values: () => readonly number[] | Promise<readonly number[]>;
}

/** What the module of a TypeScript side exports. */
export interface SideModule {
  /** Makes each work anew, with the number of threads already set. */
  readonly works: Readonly<Record<string, () => Work>>;
  /** The LibTorch that it computes with, or null. */
  readonly libtorch: () => string | null;
  readonly setThreads: (count: number) => void;
}
