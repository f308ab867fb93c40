/**
 * Runs another program: its output goes line by line to whoever wants it, and its silence can be the end of it.
 */

import { spawn } from 'node:child_process';

import { TenchError } from './errors.js';

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Called with each line of its output and of its errors, as they come. */
  onLine?: (line: string) => void;
  /** Called every half second; returning a sentence ends the program with that as the reason. */
  watch?: () => string | undefined;
  /** File descriptors that it inherits from 3 on: a lock that must be held for as long as any process of its lives. */
  inherit?: number[];
}

/** A program ended with another status than 0, or was ended; `output` is the last 40 lines that it printed. */
export class CommandError extends TenchError {
  readonly output: string[];

  constructor(message: string, output: string[]) {
    super(message, { code: 'ERR_TENCH_COMMAND' });
    this.output = output;
  }
}

const tailLength = 40;

/** Runs `program` with `args` to its end. Throws a CommandError unless it ends with status 0. */
export async function runCommand(program: string, args: string[], options: CommandOptions = {}): Promise<void> {
  const tail: string[] = [];
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.inherit ?? [])],
  });
  const take = (line: string): void => {
    tail.push(line);
    if (tail.length > tailLength) tail.shift();
    options.onLine?.(line);
  };
  const ends = [child.stdout, child.stderr].map((stream) => (stream ? splitLines(stream, take) : undefined));

  let reason: string | undefined;
  const timer = setInterval(() => {
    reason ??= options.watch?.();
    if (reason !== undefined) child.kill('SIGKILL');
  }, 500);
  try {
    const outcome = await new Promise<string | undefined>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (status, signal) =>
        resolve(status === 0 ? undefined : signal ? `was ended by ${signal}` : `ended with status ${status}`),
      );
    });
    for (const end of ends) end?.();
    if (outcome !== undefined) throw new CommandError(reason ?? `${program} ${outcome}`, tail);
  } finally {
    clearInterval(timer);
  }
}

/** Calls `take` with each line; the function returned hands over a last line without an end. */
function splitLines(stream: NodeJS.ReadableStream, take: (line: string) => void): () => void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    // A carriage return ends a line too: that is how programs paint their progress.
    const lines = (rest + chunk).split(/\r\n|\r|\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  });
  return () => {
    if (rest) take(rest);
    rest = '';
  };
}
