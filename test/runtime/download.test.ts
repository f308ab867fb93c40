import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { existsSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import t from 'tap';

import { downloadFile, type Progress } from '../../lib/runtime/download.js';
import { hashFile } from '../../lib/runtime/hash.js';
import { file, noise, serve, sha256, type Answer, type Served } from './serve.js';

const content = noise(1_000_000);

/** A server that ends with the test. */
async function serving(
  test: { teardown: (handler: () => Promise<void>) => void },
  answers: Record<string, Answer>,
): Promise<Served> {
  const server = await serve(answers);
  test.teardown(() => server.close());
  return server;
}

/** Where each request for the rest began. A client may lose the last bytes before a break, so no test foretells them. */
function starts({ requests }: Served): number[] {
  return requests.flatMap(({ range }) => (range === undefined ? [] : [Number(/^bytes=(\d+)-$/.exec(range)?.[1])]));
}

t.test('a file arrives whole, with progress, and nothing is left beside it', async (t) => {
  const { base } = await serving(t, { '/a.bin': file(content) });
  const target = join(t.testdir(), 'deep', 'a.bin');
  const seen: Progress[] = [];
  const options = { size: content.length, sha256: sha256(content), onProgress: (at: Progress) => seen.push(at) };
  t.equal(await downloadFile(`${base}/a.bin`, target, options), target);
  t.ok(readFileSync(target).equals(content));
  t.same(readdirSync(join(target, '..')), ['a.bin']);
  t.same(seen.at(-1), { received: content.length, total: content.length });
  t.ok(seen.length > 1);
  t.ok(seen.every(({ received }, n) => n === 0 || received > (seen[n - 1]?.received ?? 0)));
});

t.test('a file that is there and has the hash is not asked for', async (t) => {
  const { base, requests } = await serving(t, { '/a.bin': file(content) });
  const target = join(t.testdir({ 'a.bin': content }), 'a.bin');
  await downloadFile(`${base}/a.bin`, target, { sha256: sha256(content) });
  t.equal(requests.length, 0);
  writeFileSync(target, 'old');
  await downloadFile(`${base}/a.bin`, target, { sha256: sha256(content) });
  t.ok(readFileSync(target).equals(content), 'one with another hash is replaced');
});

t.test('a break is resumed within the call, and only the rest is sent again', async (t) => {
  const sent: number[] = [];
  const breakAfter = (nth: number) => (nth < 2 ? 300_000 : undefined);
  const server = await serving(t, { '/a.bin': file(content, { breakAfter, onSent: (n) => sent.push(n) }) });
  const target = join(t.testdir(), 'a.bin');
  await downloadFile(`${server.base}/a.bin`, target, { sha256: sha256(content) });
  t.ok(readFileSync(target).equals(content));
  const [first = 0, second = 0, ...more] = starts(server);
  t.same(more, []);
  t.ok(0 < first && first <= 300_000 && first < second && second <= 600_000, `resumed at ${first} and ${second}`);
  t.same(sent, [300_000, 300_000, content.length - second]);
});

t.test('a break is resumed by a later call', async (t) => {
  const sent: number[] = [];
  const breakAfter = (nth: number) => (nth === 0 ? 400_000 : undefined);
  const answer = file(content, { breakAfter, onSent: (n) => sent.push(n) });
  const server = await serving(t, {
    '/a.bin': (request, response, nth) => {
      if (nth === 1) response.writeHead(403).end();
      else answer(request, response, nth);
    },
  });
  const target = join(t.testdir(), 'a.bin');
  await t.rejects(downloadFile(`${server.base}/a.bin`, target), {
    code: 'ERR_TENCH_DOWNLOAD',
    message: /the server answered 403: access is refused; the \d+ bytes that came are kept/,
  });
  t.notOk(existsSync(target));
  const { size } = statSync(`${target}.part`);
  await downloadFile(`${server.base}/a.bin`, target);
  t.ok(readFileSync(target).equals(content));
  t.ok(size > 0);
  t.equal(starts(server).at(-1), size);
  t.same(sent, [400_000, content.length - size]);
});

t.test('a download that was killed goes on where it was', async (t) => {
  const options = { breakAfter: (nth: number) => (nth === 0 ? 500_000 : undefined), fallSilent: true };
  const { base, requests } = await serving(t, { '/a.bin': file(content, options) });
  const target = join(t.testdir(), 'a.bin');
  const script = `
    const { downloadFile } = await import(${JSON.stringify(new URL('../../lib/runtime/download.js', import.meta.url).href)});
    await downloadFile(${JSON.stringify(`${base}/a.bin`)}, ${JSON.stringify(target)}, { silenceMs: 60_000 });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
  while (!existsSync(`${target}.part`) || statSync(`${target}.part`).size < 500_000) await sleep(20);
  child.kill('SIGKILL');
  await new Promise((ended) => child.on('exit', ended));
  t.notOk(existsSync(target), 'nothing looks finished');
  t.ok(existsSync(`${target}.lock`), 'the dead process has left its lock');
  await downloadFile(`${base}/a.bin`, target, { sha256: sha256(content) });
  t.same(
    requests.map(({ range }) => range),
    [undefined, 'bytes=500000-'],
  );
  t.same(readdirSync(join(target, '..')), ['a.bin']);
});

t.test('a server without ranges sends all again, and one that always breaks ends in an error', async (t) => {
  const { base, requests } = await serving(t, {
    '/once.bin': file(content, { ranges: false, breakAfter: (nth) => (nth === 0 ? 400_000 : undefined) }),
    '/always.bin': file(content, { ranges: false, breakAfter: () => 400_000 }),
  });
  const target = join(t.testdir(), 'a.bin');
  await downloadFile(`${base}/once.bin`, target, { sha256: sha256(content) });
  t.same(
    requests.map(({ range }) => range),
    [undefined, undefined],
  );
  await t.rejects(downloadFile(`${base}/always.bin`, target, { retries: 1 }), {
    code: 'ERR_TENCH_DOWNLOAD',
    message: new RegExp(`^cannot download ${base}/always.bin: `),
  });
  t.ok(readFileSync(target).equals(content), 'the file that was there stays');
});

t.test('a file that changed during the break is fetched anew, not patched together', async (t) => {
  const changed = Buffer.from(content).reverse();
  const before = file(content, { breakAfter: () => 400_000 });
  const after = file(changed);
  const { base } = await serving(t, {
    '/a.bin': (request, response, nth) => (nth === 0 ? before : after)(request, response, nth),
  });
  const target = join(t.testdir(), 'a.bin');
  await downloadFile(`${base}/a.bin`, target);
  t.ok(readFileSync(target).equals(changed));
});

t.test('a part beyond the end of the file is fetched anew', async (t) => {
  const target = join(t.testdir(), 'a.bin');
  const { base } = await serving(t, {
    '/a.bin': (request, response, nth) => {
      if (request.headers.range) response.writeHead(416, { 'content-range': 'bytes */10' }).end();
      else file(content)(request, response, nth);
    },
  });
  writeFileSync(`${target}.part`, noise(2_000_000));
  writeFileSync(`${target}.part.json`, JSON.stringify({ url: `${base}/a.bin`, etag: '"x"' }));
  await downloadFile(`${base}/a.bin`, target);
  t.ok(readFileSync(target).equals(content));
});

t.test('a wrong hash deletes what came and shows both', async (t) => {
  const { base } = await serving(t, { '/a.bin': file(content) });
  const folder = t.testdir();
  const hash = { algorithm: 'md5', hex: '0'.repeat(32) };
  await t.rejects(downloadFile(`${base}/a.bin`, join(folder, 'a.bin'), { hash }), {
    code: 'ERR_TENCH_MISMATCH',
    message: /a\.bin: expected the md5 0{32} but received [0-9a-f]{32}$/,
  });
  t.same(readdirSync(folder), []);
});

t.test('a wrong size is seen before anything is fetched', async (t) => {
  let sent = 0;
  const { base } = await serving(t, {
    '/a.bin': file(content, { onSent: (n) => (sent += n) }),
    '/chunked.bin': (_, response) => void response.writeHead(200).end(content),
    '/huge.bin': (_, response) => void response.writeHead(200, { 'content-length': String(2 ** 60) }).write('x'),
  });
  const folder = t.testdir();
  const target = join(folder, 'a.bin');
  await t.rejects(downloadFile(`${base}/a.bin`, target, { size: 5 }), {
    code: 'ERR_TENCH_MISMATCH',
    message: /expected 5 bytes but the server offers 1000000/,
  });
  await t.rejects(downloadFile(`${base}/chunked.bin`, target, { size: 5 }), { code: 'ERR_TENCH_MISMATCH' });
  await t.rejects(downloadFile(`${base}/chunked.bin`, target, { size: 1_000_001, retries: 0 }), {
    message: /ended after 1000000 of 1000001 bytes/,
  });
  await t.rejects(downloadFile(`${base}/huge.bin`, join(t.testdir(), 'huge')), {
    code: 'ERR_TENCH_NO_SPACE',
    message: /huge\.bin: no space left in .*: \d+ more bytes are needed/,
  });
});

t.test('a full disk is named', { skip: !existsSync('/dev/full') && 'there is no /dev/full here' }, async (t) => {
  const { base } = await serving(t, { '/a.bin': file(content) });
  const target = join(t.testdir(), 'a.bin');
  symlinkSync('/dev/full', `${target}.part`);
  await t.rejects(downloadFile(`${base}/a.bin`, target), {
    code: 'ERR_TENCH_NO_SPACE',
    message: /no space left in .*: the disk is full/,
  });
});

t.test('a missing file is an error at once; an overloaded server is asked again', async (t) => {
  const { base, requests } = await serving(t, {
    '/busy.bin': (request, response, nth) => {
      if (nth === 0) response.writeHead(503).end();
      else file(content)(request, response, nth);
    },
  });
  const target = join(t.testdir(), 'a.bin');
  await t.rejects(downloadFile(`${base}/none.bin`, target), {
    code: 'ERR_TENCH_NOT_FOUND',
    message: `cannot download ${base}/none.bin: the server answered 404: there is no such file`,
  });
  t.equal(requests.length, 1);
  await downloadFile(`${base}/busy.bin`, target);
  t.ok(readFileSync(target).equals(content));
});

t.test('a server that never answers is passed over after the silence, once', async (t) => {
  const { base, requests } = await serving(t, { '/a.bin': () => undefined });
  const target = join(t.testdir(), 'a.bin');
  await t.rejects(downloadFile(`${base}/a.bin`, target, { silenceMs: 1000 }), {
    code: 'ERR_TENCH_SILENT',
    message: /sent nothing for 1 s/,
  });
  t.equal(requests.length, 1);
});

t.test('a server that falls silent half-way is asked for the rest', async (t) => {
  const options = { breakAfter: (nth: number) => (nth === 0 ? 500_000 : undefined), fallSilent: true };
  const server = await serving(t, { '/a.bin': file(content, options) });
  const target = join(t.testdir(), 'a.bin');
  await downloadFile(`${server.base}/a.bin`, target, { silenceMs: 1000 });
  t.ok(readFileSync(target).equals(content));
  const [first = 0, ...more] = starts(server);
  t.ok(0 < first && first <= 500_000 && more.length === 0, `resumed at ${first}`);
});

t.test('nobody listening is an error that names the address', async (t) => {
  // The port of the near end of a connection: nobody else can have it now, and nobody listens there.
  const { base } = await serving(t, {});
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  await once(socket, 'connect');
  t.teardown(() => socket.destroy());
  const address = `http://127.0.0.1:${socket.localPort}/a.bin`;
  await t.rejects(downloadFile(address, join(t.testdir(), 'a.bin'), { retries: 1 }), {
    code: 'ERR_TENCH_DOWNLOAD',
    message: /ECONNREFUSED/,
  });
});

t.test('redirects are followed, but not in a circle and not to a file', async (t) => {
  const to =
    (location: string): Answer =>
    (_, response) =>
      void response.writeHead(302, { location }).end();
  const { base } = await serving(t, {
    '/from': to('/a.bin'),
    '/a.bin': file(content),
    '/circle': to('/circle'),
    '/passwd': to('file:///etc/passwd'),
  });
  const target = join(t.testdir(), 'a.bin');
  await downloadFile(`${base}/from`, target);
  t.ok(readFileSync(target).equals(content));
  await t.rejects(downloadFile(`${base}/circle`, target), { message: /redirects more than 10 times/ });
  await t.rejects(downloadFile(`${base}/passwd`, target), { message: /redirects to file:/ });
});

t.test('a password goes to its own server only, and into no message or file', async (t) => {
  const given: (string | undefined)[] = [];
  const elsewhere = await serving(t, {
    '/a.bin': (request, response, nth) => {
      given.push(request.headers.authorization);
      if (nth === 0) file(content, { breakAfter: () => 400_000 })(request, response, nth);
      else response.writeHead(403).end();
    },
  });
  const { base } = await serving(t, {
    '/from': (request, response) => {
      given.push(request.headers.authorization);
      response.writeHead(302, { location: `${elsewhere.base}/a.bin` }).end();
    },
  });
  const target = join(t.testdir(), 'a.bin');
  const address = `${base}/from`.replace('http://', 'http://me:s%20cret@');
  const stopped = downloadFile(address, target);
  await t.rejects(stopped, { message: new RegExp(`^cannot download ${base}/from: `) });
  t.same(given.slice(0, 2), [`Basic ${Buffer.from('me:s cret').toString('base64')}`, undefined]);
  t.notMatch(readFileSync(`${target}.part.json`, 'utf8'), 'cret');
});

t.test('bytes stay as they are, whatever Content-Encoding says', async (t) => {
  const { base } = await serving(t, {
    '/a.tgz': (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(content),
  });
  const target = join(t.testdir(), 'a.tgz');
  await downloadFile(`${base}/a.tgz`, target);
  t.ok(readFileSync(target).equals(content));
});

t.test('the proxy of the environment is used', async (t) => {
  const { base } = await serving(t, { '/a.bin': file(content) });
  let tunnels = 0;
  const proxy = createServer().on('connect', (_, socket) => {
    tunnels++;
    const { hostname, port } = new URL(base);
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready));
  t.teardown(() => proxy.close());
  process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  t.teardown(() => delete process.env.HTTP_PROXY);
  const target = join(t.testdir(), 'a.bin');
  // No such host exists: only the proxy can have reached the server.
  await downloadFile('http://tench.invalid/a.bin', target);
  t.equal(tunnels, 1);
  t.ok(readFileSync(target).equals(content));
});

t.test('a signal stops it with its reason and keeps the part', async (t) => {
  const { base } = await serving(t, { '/a.bin': file(content, { breakAfter: () => 500_000, fallSilent: true }) });
  const target = join(t.testdir(), 'a.bin');
  const controller = new AbortController();
  const reason = new Error('enough');
  const onProgress = ({ received }: Progress) => {
    if (received >= 500_000) controller.abort(reason);
  };
  await t.rejects(downloadFile(`${base}/a.bin`, target, { signal: controller.signal, onProgress }), reason);
  t.equal(statSync(`${target}.part`).size, 500_000);
  t.notOk(existsSync(`${target}.lock`));
});

t.test('two calls at once fetch once', async (t) => {
  const { base, requests } = await serving(t, { '/a.bin': file(content) });
  for (const options of [{}, { sha256: sha256(content) }]) {
    requests.length = 0;
    const target = join(t.testdir(), 'a.bin');
    await Promise.all([1, 2, 3].map(() => downloadFile(`${base}/a.bin`, target, options)));
    t.ok(readFileSync(target).equals(content));
    t.equal(requests.length, 1);
  }
});

t.test('file addresses are copied and checked alike', async (t) => {
  const folder = t.testdir({ 'source.bin': content });
  const source = pathToFileURL(join(folder, 'source.bin'));
  const target = join(folder, 'target.bin');
  await downloadFile(source, target, { size: content.length, sha256: sha256(content) });
  t.ok(readFileSync(target).equals(content));
  await t.rejects(downloadFile(pathToFileURL(join(folder, 'none')), target), { code: 'ERR_TENCH_NOT_FOUND' });
  await t.rejects(downloadFile(pathToFileURL(folder), target), { message: /not a file/ });
  await t.rejects(downloadFile(source, target, { sha256: '1'.repeat(64) }), { code: 'ERR_TENCH_MISMATCH' });
});

t.test('bad arguments are named', async (t) => {
  const target = join(t.testdir(), 'a');
  await t.rejects(downloadFile('ftp://example.org/a', target), { message: /an http, https or file address for `url`/ });
  await t.rejects(downloadFile('no address', target), { message: /`url`/ });
  await t.rejects(downloadFile('http://127.0.0.1/a', target, { sha256: 'abc' }), { message: /64 hexadecimal digits/ });
  await t.rejects(downloadFile('http://127.0.0.1/a', target, { hash: { algorithm: 'md7', hex: 'ab' } }), {
    message: /`hash.algorithm`/,
  });
});

t.test('hashFile gives the published digests of RFC 1321 and FIPS 180', async (t) => {
  const path = join(t.testdir({ abc: 'abc' }), 'abc');
  t.equal(await hashFile(path, 'md5'), '900150983cd24fb0d6963f7d28e17f72');
  t.equal(await hashFile(path), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
