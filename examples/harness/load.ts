/** Many requests to a service, so many at a time: what each was answered, and how long it took. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request as ask } from 'node:http';
import { fileURLToPath } from 'node:url';

/** An answer, or what became of a request without one. */
export interface Answer {
  /** 0: none has come. */
  readonly status: number;
  readonly body: { readonly label?: string; readonly error?: string };
  readonly milliseconds: number;
}

/** The service of `examples/predict/serve.ts` in a process of its own. */
export interface Service {
  readonly port: number;
  readonly process: ChildProcess;
  /** Asks it to end, and says with which code it did. */
  stop(): Promise<number | null>;
}

export async function startService(learner: string): Promise<Service> {
  const script = fileURLToPath(new URL('../predict/serve.js', import.meta.url));
  const child = spawn(process.execPath, [script, learner], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const text of child.stdout as AsyncIterable<Buffer>) {
    said += text.toString();
    const [, port] = /port: (\d+)/.exec(said) ?? [];
    if (port === undefined) continue;
    const stop = async (): Promise<number | null> => {
      child.kill('SIGTERM');
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    };
    return { port: Number(port), process: child, stop };
  }
  throw new Error(`the service has ended without a port: ${said}`);
}

/** Does the work of each place below `count`, `atOnce` at a time, and waits for all results, which come in the order of the places. */
export async function pooled<T>(count: number, atOnce: number, work: (place: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let place = next++; place < count; place = next++) results[place] = await work(place);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** POSTs each body, `atOnce` at a time, and waits for all answers, which come in the order of the bodies. */
export async function postAll(
  { port }: Service,
  bodies: readonly Uint8Array[],
  { atOnce }: { atOnce: number },
): Promise<Answer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const answers = await pooled(bodies.length, atOnce, (i) => post(port, agent, bodies[i]!));
  agent.destroy();
  return answers;
}

function post(port: number, agent: Agent, body: Uint8Array): Promise<Answer> {
  const began = performance.now();
  const answered = (status: number, text: string): Answer => ({
    status,
    body: JSON.parse(text || '{}') as Answer['body'],
    milliseconds: performance.now() - began,
  });
  return new Promise((resolve) => {
    const request = ask({ port, host: '127.0.0.1', method: 'POST', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(answered(response.statusCode ?? 0, text)));
      response.on('error', () => resolve(answered(0, '')));
    });
    request.on('error', () => resolve(answered(0, '')));
    request.end(body);
  });
}
