/** Serves one page on this machine alone, to whoever knows its token, and tells it of every change. */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { TenchError } from '../../tensor/errors.js';

const host = '127.0.0.1';

/** What a page is asked by, also through a tunnel, where the port is another: a name of this machine, so that no other site's name leads here. */
const ownNames = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** More watchers than these are none, and one that reads nothing is let go when so much waits for it. */
const mostWatchers = 32;
const mostWaiting = 32e6;

/** The page, and by which hash its one script may run. */
export interface ServedPage {
  readonly html: string;
  /** In the words of Content-Security-Policy. */
  readonly policy: string;
}

/** A message to the page, in the words of Server-Sent Events. */
export interface PageEvent {
  readonly event: string;
  readonly data: unknown;
}

/** What the server asks for when somebody comes. */
export interface PageSource {
  page(): ServedPage;
  /** What a page that has just been opened does not hold yet. */
  events(): readonly PageEvent[];
}

/**
 * Listens on 127.0.0.1. Answers `GET /TOKEN/` with the page and `GET /TOKEN/events` with its events, and nothing else; what does not come from the
 * page itself is refused. It keeps no process alive.
 */
export class PageServer {
  private readonly watchers = new Set<ServerResponse>();
  /** Pages on their way. */
  private readonly handing = new Set<ServerResponse>();

  private constructor(
    private readonly server: Server,
    /** Where the page is, with the token. */
    readonly url: string,
    private readonly token: string,
    private readonly source: PageSource,
  ) {}

  /** @param port 0: any that is free @throws TenchError where the port cannot be had */
  static async open(source: PageSource, port: number): Promise<PageServer> {
    const server = createServer({ requestTimeout: 10_000 });
    server.unref();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, resolve);
      });
    } catch (error) {
      throw unavailable(port, error as NodeJS.ErrnoException);
    }
    const token = randomBytes(24).toString('base64url');
    const url = `http://${host}:${(server.address() as AddressInfo).port}/${token}/`;
    const opened = new PageServer(server, url, token, source);
    server.on('connection', (socket) => socket.unref());
    server.on('request', (request, response) => opened.answer(request, response));
    return opened;
  }

  /** Whether somebody is looking. */
  get isWatched(): boolean {
    return this.watchers.size > 0;
  }

  send(message: PageEvent): void {
    for (const watcher of this.watchers) {
      if (watcher.writableLength > mostWaiting) watcher.destroy();
      else watcher.write(written(message));
    }
  }

  /**
   * Lets what is asked be answered, and what is being sent go on, for at most so many milliseconds: a long page takes several turns of the event
   * loop, and training takes one a batch.
   */
  async serve(most: number): Promise<void> {
    const until = performance.now() + most;
    const isBusy = (): boolean =>
      this.handing.size > 0 || [...this.watchers].some(({ writableLength }) => writableLength > 0);
    // To take a connection, to read what it asks, and to answer.
    for (let turns = 0; turns < 3 || (isBusy() && performance.now() < until); turns += 1) await turn();
  }

  async close(): Promise<void> {
    for (const watcher of this.watchers) watcher.end();
    this.watchers.clear();
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    await closed;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(everyAnswer)) response.setHeader(name, value);
    const refusal = this.refusal(request);
    if (refusal !== null) {
      response.writeHead(refusal, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
      response.end(
        `${refusal === 405 ? 'Only GET is answered.' : 'This page is only for whoever was given its address.'}\n`,
      );
      return;
    }
    if (request.url === `/${this.token}/events`) this.watch(response);
    else this.hand(response, request.method === 'HEAD');
  }

  /** The status of a request that is refused, and null for one that is not. */
  private refusal({ method, url, headers }: IncomingMessage): 403 | 405 | null {
    const { host: asked = '', origin, 'sec-fetch-site': site } = headers;
    if (!ownNames.has(asked.replace(/:\d+$/, ''))) return 403;
    if (origin !== undefined && origin !== `http://${asked}`) return 403;
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return 403;
    const [, token = '', rest] = /^\/([^/?]*)\/(|events)$/.exec(url ?? '') ?? [];
    if (rest === undefined || !isSame(token, this.token)) return 403;
    return method === 'GET' || (method === 'HEAD' && rest === '') ? null : 405;
  }

  private hand(response: ServerResponse, isHead: boolean): void {
    const { html, policy } = this.source.page();
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy });
    this.handing.add(response);
    response.on('close', () => this.handing.delete(response));
    response.end(isHead ? undefined : html);
  }

  private watch(response: ServerResponse): void {
    if (this.watchers.size >= mostWatchers) {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.write('retry: 2000\n\n');
    for (const message of this.source.events()) response.write(written(message));
    this.watchers.add(response);
    response.on('close', () => this.watchers.delete(response));
  }
}

const everyAnswer = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** JSON has no bare ends of lines, so that it is one line of data. */
const written = ({ event, data }: PageEvent): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** In equal time for any two texts. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

function unavailable(port: number, cause: NodeJS.ErrnoException): TenchError {
  const why =
    cause.code === 'EADDRINUSE'
      ? 'something else listens there'
      : cause.code === 'EACCES'
        ? 'this user may not listen there'
        : cause.message;
  return new TenchError(
    `the dashboard cannot have port ${port} of ${host}: ${why}; choose another, or 0 for any that is free`,
    { code: 'ERR_TENCH_PORT', cause },
  );
}
