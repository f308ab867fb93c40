/** What the process that makes the calls and the one that watches it write to one another, in files that survive either. */

export interface Job {
  /** Name of a kind that makes calls. */
  kind: string;
  seed: number;
  /** Index of the first call, and of the one after the last. */
  from: number;
  to: number;
  /** A regular expression for the subjects. */
  only: string;
  journal: string;
  findings: string;
  reached: string;
}

/** The call that is being made, and how the ones before it ended. */
export interface Entry {
  index: number;
  returned: number;
  threw: number;
  source: string;
}

/** Its length stands in it, because a longer entry may have stood in its place. */
export function entryText(entry: Entry): Buffer {
  const source = Buffer.from(entry.source);
  return Buffer.concat([Buffer.from(`${entry.index} ${entry.returned} ${entry.threw} ${source.length} `), source]);
}

export function parseEntry(bytes: Buffer): Entry | null {
  const match = /^(\d+) (\d+) (\d+) (\d+) /.exec(bytes.subarray(0, 80).toString('latin1'));
  if (match === null) return null;
  const start = match[0].length;
  const source = bytes.subarray(start, start + Number(match[4])).toString();
  return { index: Number(match[1]), returned: Number(match[2]), threw: Number(match[3]), source };
}
