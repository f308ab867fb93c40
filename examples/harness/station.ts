/** A station of the lesson that can be run: what it is called, and what it shows. */

/** What a station knows when it runs. */
export interface StationContext {
  /** What the user has named with `--data`, or TENCH_DATA; null: nothing. */
  readonly data: string | null;
  /** The folder for its pictures; it exists. */
  readonly out: string;
  /** Says something to people. */
  readonly print: (line: string) => void;
}

export interface Station {
  readonly name: string;
  /** One line for `list`. */
  readonly summary: string;
  /** Does it. Returns what `--json` prints besides the name: plain data. */
  run(context: StationContext): Promise<Readonly<Record<string, unknown>>>;
}
