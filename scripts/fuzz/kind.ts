/** What a kind of fuzzing is: either calls by turns, which the shared worker makes, or a run of its own. */

import type { Generator } from '../../lib/index.js';

/** What a process may take before it is ended, and the call that it was making is a finding. */
export interface Limits {
  /** Seconds of processor time that one call may take. */
  seconds: number;
  /** Bytes that the process may hold. */
  bytes: number;
  /** Bytes by which one call may raise the most that the process has ever held. */
  growth?: number;
}

/** Something that should not have happened. */
export interface Finding {
  /** The call: source text, see {@link CallKind.source}. */
  source: string;
  /** `signal SIGSEGV`, `hang`, `memory`, `sanitizer`, or the error that was not a typed one. */
  how: string;
  /** The end of what the process wrote, or the error's stack. */
  detail: string;
  /** Which call it was, or -1 where a run has no numbers. */
  index: number;
}

/** How a run stands. */
export interface Summary {
  calls: number;
  returned: number;
  threw: number;
  /** Subjects of which some call has returned. */
  reached: Set<string>;
  findings: Finding[];
}

/** What the expressions of a kind see beside the library, by name. */
export type Tools = Readonly<Record<string, unknown>>;

/** A kind that makes calls: each is a text, so that a finding can be pasted and run. */
export interface CallKind {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  /** The kind's share of a run that names no number. */
  readonly calls: number;
  /** Calls to one process: a process that is older has more behind it that might explain a finding. */
  readonly batch: number;
  readonly limits: Limits;
  /** What the calls are about, in turns. */
  subjects(): readonly string[];
  /**
   * One call about a subject: an expression in which `t` is the library, `thrown` has what callbacks may throw, and the {@link tools} go by
   * their names. One that is asynchronous begins with `await`.
   */
  source(random: Generator, subject: string): string;
  /** What else the expressions see; made once in each process, in a folder of its own. */
  tools?(): Promise<Tools>;
}

/** What a run of its own is told. */
export interface RunOptions {
  calls: number;
  onFinding: (finding: Finding) => void;
}

/** A kind that is no row of independent calls. */
export interface RunKind {
  readonly name: string;
  readonly about: string;
  readonly calls: number;
  run(options: RunOptions): Promise<Summary>;
}

export type Kind = CallKind | RunKind;

export function isCallKind(kind: Kind): kind is CallKind {
  return 'source' in kind;
}
