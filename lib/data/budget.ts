/** A budget of bytes for work in flight: what does not fit in waits its turn. */

export class Budget {
  readonly bytes: number;
  #taken = 0;
  readonly #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];

  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Bytes that are in use now. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Runs `work` when `bytes` are free, first come, first served, and frees them when it has ended, well or not.
   * What is larger than the whole budget runs alone.
   */
  async run<T>(bytes: number, work: () => T | Promise<T>): Promise<T> {
    const needed = Math.min(bytes, this.bytes);
    if (this.#waiting.length > 0 || this.#taken + needed > this.bytes) {
      await new Promise<void>((begin) => this.#waiting.push({ bytes: needed, begin }));
    } else {
      this.#taken += needed;
    }
    try {
      return await work();
    } finally {
      this.#taken -= needed;
      this.#admit();
    }
  }

  /** Bytes are taken here and not when the work begins, which is only in a later microtask. */
  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#taken + next.bytes > this.bytes) return;
      this.#waiting.shift();
      this.#taken += next.bytes;
      next.begin();
    }
  }
}
