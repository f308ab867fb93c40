/** A side is who does the work of a benchmark: tench or a peer, each in a process of its own that is started once and asked many times. */

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

import { TenchError } from '../../lib/runtime/errors.js';

/** A work by name, and with how many threads; null leaves the side's own choice. */
export interface Task {
  readonly work: string;
  readonly threads: number | null;
}

export interface Side {
  /** The LibTorch that it computes with, e.g. `2.13.0`; null where it has none. */
  libtorch(): Promise<string | null>;
  /** What the work computes, to be compared with the other side's. */
  values(task: Task): Promise<readonly number[]>;
  /** Nanoseconds that doing the work `iterations` times takes. */
  time(task: Task, iterations: number): Promise<number>;
  /** Bytes of memory at the peak of a process that does nothing but the work, `iterations` times. */
  peak(task: Task, iterations: number): Promise<number>;
  /** Ends its process. */
  close(): void;
}

/** A program and how it is called. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Folder that it runs in. Default: this process's. */
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** What a serving process says: the answer, or why there is none. */
type Reply = { value: unknown } | { error: string };

/**
 * A side that serves: a request is a line of JSON on its stdin, the answer a line of JSON on its stdout, and its stderr is ours. `serve.ts` and
 * `serve.py` are such programs.
 */
export class ServerSide implements Side {
  #child: ChildProcess | undefined;
  /** The process whose memory is measured. */
  #alone: ServerSide | undefined;
  /** Why it does not answer any more. */
  #ended: TenchError | undefined;
  #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void } | undefined;

  /** @param name for messages */
  constructor(
    readonly name: string,
    private readonly command: Command,
  ) {}

  async libtorch(): Promise<string | null> {
    return (await this.ask({ ask: 'libtorch' })) as string | null;
  }

  async values(task: Task): Promise<readonly number[]> {
    return (await this.ask({ ask: 'values', ...task })) as number[];
  }

  async time(task: Task, iterations: number): Promise<number> {
    return (await this.ask({ ask: 'time', ...task, iterations })) as number;
  }

  /** Bytes of memory at the peak of its process so far. */
  async peakSoFar(): Promise<number> {
    return (await this.ask({ ask: 'peak' })) as number;
  }

  async peak(task: Task, iterations: number): Promise<number> {
    const alone = new ServerSide(this.name, this.command);
    this.#alone = alone;
    try {
      await alone.time(task, iterations);
      return await alone.peakSoFar();
    } finally {
      alone.close();
    }
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#alone?.close();
  }

  private async ask(request: object): Promise<unknown> {
    const child = (this.#child ??= this.start());
    if (this.#ended !== undefined) throw this.#ended;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }

  private start(): ChildProcess {
    const { program, args, cwd, env } = this.command;
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    const fail = (what: string): void => {
      this.#ended ??= this.error(what);
      this.#waiting?.reject(this.#ended);
    };
    child.once('error', ({ message }) => fail(`cannot be started: ${message}`));
    child.once('close', (status, signal) => fail(`ended (${signal ?? `status ${status}`}) instead of answering`));
    // A process that has ended is told by `close`; writing to it must not throw as well.
    child.stdin.on('error', () => undefined);
    createInterface({ input: child.stdout }).on('line', (line) => this.take(line));
    return child;
  }

  private take(line: string): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    try {
      const reply = JSON.parse(line) as Reply;
      if ('error' in reply) waiting?.reject(this.error(reply.error));
      else waiting?.resolve(reply.value);
    } catch {
      waiting?.reject(this.error(`printed what is no answer: ${line.slice(0, 200)}`));
    }
  }

  private error(what: string): TenchError {
    return new TenchError(`${this.name}: ${what}`, { code: 'ERR_TENCH_BENCH' });
  }
}

/** A side whose work is a whole process, from its start to its exit; what it prints are the values, one a line. */
export class ProcessSide implements Side {
  #running: ChildProcess | undefined;

  /** @param commands by work */
  constructor(
    readonly name: string,
    private readonly commands: Readonly<Record<string, Command>>,
  ) {}

  async libtorch(): Promise<null> {
    return null;
  }

  async values({ work }: Task): Promise<readonly number[]> {
    return (await this.run(work)).trim().split('\n').map(Number);
  }

  async time({ work }: Task, iterations: number): Promise<number> {
    const start = process.hrtime.bigint();
    for (let i = 0; i < iterations; i += 1) await this.run(work);
    return Number(process.hrtime.bigint() - start);
  }

  /** Nobody has asked for it yet: the system does not tell it of a process that has ended. */
  async peak({ work }: Task): Promise<number> {
    throw new TenchError(`${this.name}: the memory of the whole process \`${work}\` cannot be measured`, {
      code: 'ERR_TENCH_BENCH',
    });
  }

  close(): void {
    this.#running?.kill('SIGKILL');
  }

  private run(work: string): Promise<string> {
    const command = this.commands[work];
    if (command === undefined)
      throw new TenchError(`${this.name} has no work \`${work}\``, { code: 'ERR_TENCH_BENCH' });
    const { program, args, cwd, env } = command;
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        cwd,
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      this.#running = child;
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
      const fail = (what: string): void =>
        reject(new TenchError(`${this.name}: ${program} ${what}`, { code: 'ERR_TENCH_BENCH' }));
      child.once('error', ({ message }) => fail(`cannot be started: ${message}`));
      child.once('close', (status, signal) => {
        if (status === 0) resolve(output);
        else fail(`ended (${signal ?? `status ${status}`})`);
      });
    });
  }
}
