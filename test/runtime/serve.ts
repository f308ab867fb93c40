/**
 * A web server on the loopback that misbehaves on demand, for the tests of downloads.
 */

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Answers one request; `nth` counts the requests for this path from 0. */
export type Answer = (request: IncomingMessage, response: ServerResponse, nth: number) => void;

export interface Served {
  /** The address of the server, without a slash at the end. */
  base: string;
  /** Every request so far: the path, and the Range header if there was one. */
  requests: { path: string; range?: string }[];
  close: () => Promise<void>;
}

/** Serves `answers` by path; any other path is a 404. */
export async function serve(answers: Record<string, Answer>): Promise<Served> {
  const requests: Served['requests'] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const nth = requests.filter((earlier) => earlier.path === path).length;
    requests.push({ path, range: request.headers.range });
    const answer = answers[path];
    if (answer) answer(request, response, nth);
    else response.writeHead(404).end('not here');
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    base: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export interface FileOptions {
  /** Honour Range and send an ETag. Default true. */
  ranges?: boolean;
  /** Break the connection of the nth answer after so many of its bytes. */
  breakAfter?: (nth: number) => number | undefined;
  /** Instead of breaking it, say nothing more. */
  fallSilent?: boolean;
  etag?: (nth: number) => string;
  /** Called with every count of bytes sent. */
  onSent?: (bytes: number) => void;
}

/** An answer that sends `content`, as a file server would. */
export function file(content: Uint8Array, options: FileOptions = {}): Answer {
  const { ranges = true, breakAfter, fallSilent = false, onSent = () => undefined } = options;
  return (request, response, nth) => {
    const etag = options.etag?.(nth) ?? `"${sha256(content).slice(0, 16)}"`;
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const partial = ranges && range && request.headers['if-range'] === etag;
    const start = partial ? Number(range[1]) : 0;
    const body = content.subarray(start);
    response.setHeader('content-length', body.length);
    if (ranges) response.setHeader('etag', etag);
    if (partial) response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
    response.writeHead(partial ? 206 : 200);
    const stop = breakAfter?.(nth);
    if (stop === undefined) {
      onSent(body.length);
      response.end(body);
      return;
    }
    onSent(Math.min(stop, body.length));
    response.write(body.subarray(0, stop), () => {
      if (!fallSilent) response.socket?.end();
    });
  };
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Bytes that no compression shortens and that differ at every place. */
export function noise(length: number): Buffer {
  const pieces: Buffer[] = [];
  for (let n = 0; n * 32 < length; n++) pieces.push(createHash('sha256').update(String(n)).digest());
  return Buffer.concat(pieces).subarray(0, length);
}
