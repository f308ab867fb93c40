/**
 * Asks an address for its bytes from a given offset on: one request to a web server, or one opened file.
 *
 * undici's `request` is used instead of Node's own fetch because fetch undoes a Content-Encoding, which some servers
 * set on .tgz files: the bytes would then match neither the published size nor the hash. It also honours HTTP_PROXY,
 * HTTPS_PROXY and NO_PROXY, which Node 20 does not. It is loaded when something is downloaded: loading it takes as long as starting Node.
 */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import type { Dispatcher } from 'undici';

import { TenchError } from './errors.js';
import { codeOf, messageOf } from './systemError.js';

/** Which version of a file some bytes belong to, in a form that a server can compare. */
export interface Version {
  etag?: string;
  lastModified?: string;
}

/** A running answer. `start` is the offset of its first byte: 0 where the server sends all again. */
export interface Source {
  start: number;
  /** The size of the whole file, where the server says it. */
  total?: number;
  version: Version;
  body: AsyncIterable<Uint8Array>;
}

/** A download that did not work out; `passing` when the same request may well succeed a moment later. */
export class SourceError extends TenchError {
  readonly passing: boolean;

  constructor(message: string, options: { code: string; passing: boolean; cause?: unknown }) {
    super(message, options);
    this.passing = options.passing;
  }
}

const maxRedirects = 10;
const passingStatus = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The connections of one download; `destroy()` them at its end. Timeouts are the caller's, through the signal. */
export async function openConnections(environment: NodeJS.ProcessEnv = process.env): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('undici');
  const proxied = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'].some((name) => environment[name]);
  const options = { headersTimeout: 0, bodyTimeout: 0, connectTimeout: 0 };
  return proxied ? new EnvHttpProxyAgent(options) : new Agent(options);
}

export interface SourceOptions {
  connections: Dispatcher;
  /** Ask only for the bytes from here on... */
  offset: number;
  /** ... provided that the file still is this version. */
  version: Version;
  signal: AbortSignal;
}

/** Opens `url`. With an `offset` the answer may still begin at 0; its `start` says so. */
export async function openSource(url: URL, options: SourceOptions): Promise<Source> {
  return url.protocol === 'file:' ? openFile(url) : openHttp(url, options);
}

/** Whether a server can be asked for the rest of this version (RFC 9110 allows no weak tags in If-Range). */
export function rangeCondition(version: Version): string | undefined {
  return version.etag && !version.etag.startsWith('W/') ? version.etag : version.lastModified;
}

async function openFile(url: URL): Promise<Source> {
  const path = fileURLToPath(url);
  const status = await stat(path).catch((error: unknown) => {
    throw new SourceError(codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error), {
      code: 'ERR_TENCH_NOT_FOUND',
      passing: false,
      cause: error,
    });
  });
  if (!status.isFile()) throw new SourceError('it is not a file', { code: 'ERR_TENCH_NOT_FOUND', passing: false });
  return { start: 0, total: status.size, version: {}, body: readLater(path) };
}

/** Opens the file only when somebody reads, so that an unread source holds nothing open. */
async function* readLater(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

async function openHttp(url: URL, options: SourceOptions): Promise<Source> {
  const condition = options.offset > 0 ? rangeCondition(options.version) : undefined;
  const headers: Record<string, string> = { 'user-agent': 'tench', accept: '*/*', 'accept-encoding': 'identity' };
  if (condition) Object.assign(headers, { range: `bytes=${options.offset}-`, 'if-range': condition });

  const answer = await follow(url, headers, options);
  const { statusCode } = answer;
  const size = Number(header(answer, 'content-length') ?? NaN);
  const version = { etag: header(answer, 'etag'), lastModified: header(answer, 'last-modified') };
  if (statusCode === 200) return { start: 0, total: Number.isNaN(size) ? undefined : size, version, body: answer.body };
  if (statusCode === 206 && condition) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header(answer, 'content-range') ?? '');
    if (range && Number(range[1]) === options.offset) {
      const total = range[2] === '*' ? options.offset + size : Number(range[2]);
      return { start: options.offset, total: Number.isNaN(total) ? undefined : total, version, body: answer.body };
    }
  }
  answer.body.destroy();
  // What we have does not fit what the server has: ask again for all of it.
  if (condition && (statusCode === 416 || statusCode === 206)) return openHttp(url, { ...options, offset: 0 });
  throw new SourceError(`the server answered ${statusCode}${meaningOf(statusCode)}`, {
    code: statusCode === 404 || statusCode === 410 ? 'ERR_TENCH_NOT_FOUND' : 'ERR_TENCH_DOWNLOAD',
    passing: passingStatus.has(statusCode),
  });
}

async function follow(
  url: URL,
  headers: Record<string, string>,
  options: SourceOptions,
): Promise<Dispatcher.ResponseData> {
  const { request } = await import('undici');
  let at = url;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    // A private mirror's name and password are for it alone, not for where it redirects to.
    const authorization = at.origin === url.origin ? basicAuthorization(url) : undefined;
    const answer = await request(withoutCredentials(at), {
      headers: authorization ? { ...headers, authorization } : headers,
      dispatcher: options.connections,
      signal: options.signal,
    });
    // Whoever reads the body sees its errors; one that is thrown away must not end the process with them.
    answer.body.on('error', () => undefined);
    const location = header(answer, 'location');
    if (![301, 302, 303, 307, 308].includes(answer.statusCode) || !location) return answer;
    answer.body.destroy();
    const next = new URL(location, at);
    if (!/^https?:$/.test(next.protocol) || (at.protocol === 'https:' && next.protocol === 'http:')) {
      throw new SourceError(`it redirects to ${withoutCredentials(next).href}, which is less safe`, {
        code: 'ERR_TENCH_DOWNLOAD',
        passing: false,
      });
    }
    at = next;
  }
  throw new SourceError(`it redirects more than ${maxRedirects} times`, { code: 'ERR_TENCH_DOWNLOAD', passing: false });
}

/** The address as it may be shown and written down. */
export function withoutCredentials(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}

function basicAuthorization({ username, password }: URL): string | undefined {
  if (!username && !password) return undefined;
  return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
}

function header(answer: Dispatcher.ResponseData, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function meaningOf(status: number): string {
  if (status === 404 || status === 410) return ': there is no such file';
  if (status === 401 || status === 403 || status === 407) return ': access is refused';
  if (status === 429) return ': too many requests';
  return status >= 500 ? ': it has a problem of its own' : '';
}
