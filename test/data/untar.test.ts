import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

import t from 'tap';

import { URLs, archiveAddress, findDataset, publishedDatasets } from '../../lib/data/urls.js';
import { untarData, type UntarProgress } from '../../lib/data/untar.js';
import { file, noise, serve, type Answer } from '../runtime/serve.js';

const goldens = fileURLToPath(new URL('../../../test/goldens/archives/', import.meta.url));
const archive = readFileSync(join(goldens, 'good.tgz'));

/** An empty cache, for the calls of one test. */
function emptyCache(t: { testdir: () => string; teardown: (handler: () => void) => void }): string {
  const before = process.env.TENCH_CACHE;
  const cache = t.testdir();
  process.env.TENCH_CACHE = cache;
  t.teardown(() => {
    if (before === undefined) delete process.env.TENCH_CACHE;
    else process.env.TENCH_CACHE = before;
  });
  return cache;
}

t.test('the published data sets', async (t) => {
  t.same(
    publishedDatasets.map(({ name }) => name),
    ['imagenette', 'imagewoof', 'imagewang'].flatMap((set) => [set, `${set}-320`, `${set}-160`]),
  );
  for (const dataset of publishedDatasets) {
    t.equal(findDataset(dataset.name), dataset);
    t.equal(findDataset(dataset.url), dataset);
    t.equal(findDataset(dataset.folder), dataset);
    t.equal(URLs[dataset.name.toUpperCase().replace('-', '_') as keyof typeof URLs], dataset.url);
    t.equal(Object.keys(dataset.classes).length, dataset.name.startsWith('imagewang') ? 20 : 10);
    t.ok(dataset.splits.includes('train') && dataset.splits.includes('val'));
    t.equal(dataset.hash.hex.length, dataset.hash.algorithm === 'md5' ? 32 : 64);
  }
  t.equal(Object.keys(URLs).length, publishedDatasets.length);
  t.equal(URLs.IMAGENETTE_160, 'https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz');
  t.equal(findDataset('imagenet'), undefined);
  const [dataset] = publishedDatasets;
  if (!dataset) throw new Error('there is none');
  t.equal(archiveAddress(dataset, {}), dataset.url);
  t.equal(archiveAddress(dataset, { TENCH_ARCHIVES: 'http://mirror/x/' }), 'http://mirror/x/imagenette2.tgz');
});

t.test('a local archive is unpacked once, and anew when it has changed', async (t) => {
  emptyCache(t);
  const folder = t.testdir({ cache: {}, 'my set.tgz': archive });
  process.env.TENCH_CACHE = join(folder, 'cache');
  const path = join(folder, 'my set.tgz');
  const seen: UntarProgress[] = [];
  const first = await untarData(path, { onProgress: (at) => seen.push(at) });
  t.match(relative(folder, first), /^cache\/data\/my_set-[0-9a-f]{12}\/set$/, 'the one folder in the archive');
  t.equal(readFileSync(join(first, 'train/a/one.txt'), 'utf8'), 'one\n');
  t.same(seen.at(-1), { stage: 'unpack', received: archive.length, total: archive.length });

  seen.length = 0;
  t.equal(await untarData(path, { onProgress: (at) => seen.push(at) }), first);
  t.equal(await untarData(pathToFileURL(path)), first, 'by its address too');
  t.same(seen, [], 'nothing is done the second time');

  const later = new Date(Date.now() + 5000);
  utimesSync(path, later, later);
  const second = await untarData(path);
  t.not(second, first);
  t.ok(existsSync(join(second, 'train/a/one.txt')));
  t.equal(await untarData(second), second, 'a folder is returned as it is');
});

t.test('an archive with several things at the top gives the folder of them all', async (t) => {
  emptyCache(t);
  const path = join(goldens, 'bomb.zip');
  const folder = await untarData(path);
  t.equal(folder.endsWith('set'), true);
  t.same(readdirSync(folder).sort(), ['0', '1']);
});

t.test('what is nothing is an error that lists the names', async (t) => {
  const cache = emptyCache(t);
  await t.rejects(untarData('imagenette-161'), {
    code: 'ERR_TENCH_NOT_FOUND',
    message: /cannot find imagenette-161: .*imagenette-160/,
  });
  await t.rejects(untarData(join(goldens, 'dotdot.tgz')), { code: 'ERR_TENCH_ARCHIVE', message: /evil/ });
  await t.rejects(untarData(join(goldens, 'bomb.tgz'), { maxBytes: 1000 }), { message: /exceed 1000 bytes/ });
  t.same(readdirSync(join(cache, 'data')), [], 'nothing is left behind');
});

t.test('an address is downloaded, unpacked and not asked for again', async (t) => {
  const cache = emptyCache(t);
  const { base, requests, close } = await serve({ '/my.tgz': file(archive), '/page.tgz': file(Buffer.from('<html>')) });
  t.teardown(close);
  const seen: UntarProgress[] = [];
  const folder = await untarData(`${base}/my.tgz`, { onProgress: (at) => seen.push(at) });
  t.ok(existsSync(join(folder, 'train/a/one.txt')));
  t.same([...new Set(seen.map(({ stage }) => stage))], ['download', 'unpack']);
  t.equal(await untarData(`${base}/my.tgz`), folder);
  t.equal(requests.length, 1);
  t.same(readdirSync(join(cache, 'archives')), [], 'the archive itself is not kept');
  await t.rejects(untarData(`${base}/none.tgz`), { code: 'ERR_TENCH_NOT_FOUND', message: /404/ });
  await t.rejects(untarData(`${base}/page.tgz`), { code: 'ERR_TENCH_ARCHIVE', message: /a web page/ });
  t.same(readdirSync(join(cache, 'archives')), []);
  t.equal(readdirSync(join(cache, 'data')).length, 1);
});

t.test('a published name comes from TENCH_ARCHIVES, with its size and hash checked', async (t) => {
  const cache = emptyCache(t);
  // Of the published size, but the connection breaks, and later nobody is let in any more.
  const size = findDataset('imagewoof-160')?.size ?? 0;
  const cut: Answer = (_, response, nth) => {
    response.writeHead(nth === 0 ? 200 : 403, { 'content-length': String(nth === 0 ? size : 0) });
    response.write(noise(1000), () => response.destroy());
  };
  const { base, requests, close } = await serve({ '/imagenette2-160.tgz': file(archive), '/imagewoof2-160.tgz': cut });
  t.teardown(close);
  process.env.TENCH_ARCHIVES = `${base}/`;
  t.teardown(() => delete process.env.TENCH_ARCHIVES);
  await t.rejects(untarData('imagenette-160'), {
    code: 'ERR_TENCH_MISMATCH',
    message: `cannot download ${base}/imagenette2-160.tgz: expected 99003388 bytes but the server offers ${archive.length}`,
  });
  await t.rejects(untarData(URLs.IMAGENETTE_160), { code: 'ERR_TENCH_MISMATCH' });
  await t.rejects(untarData('imagewang'), { code: 'ERR_TENCH_NOT_FOUND', message: /imagewang\.tgz.*404/ });
  t.same(
    requests.map(({ path }) => path),
    ['/imagenette2-160.tgz', '/imagenette2-160.tgz', '/imagewang.tgz'],
  );
  await t.rejects(untarData('imagewoof-160'), { code: 'ERR_TENCH_DOWNLOAD', message: /403/ });
  t.same(readdirSync(join(cache, 'data')), []);
  t.same(
    readdirSync(join(cache, 'archives')).filter((name) => !name.startsWith('imagewoof2-160-')),
    [],
    'only what can be resumed is kept',
  );
});

t.test('a process killed while it unpacks leaves nothing that looks finished', async (t) => {
  const cache = emptyCache(t);
  const big = join(t.testdirName, 'many.tar.gz');
  const files = Array.from({ length: 1500 }, (_, n) => tarFile(`many/train/a/${n}.bin`, noise(2000)));
  writeFileSync(big, gzipSync(Buffer.concat([...files, Buffer.alloc(1024)]), { level: 1 }));
  const library = new URL('../../lib/data/untar.js', import.meta.url).href;
  const start = (first = '') => {
    const script = `const { untarData } = await import(${JSON.stringify(library)}); ${first}
      console.log(await untarData(${JSON.stringify(big)}));`;
    return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  };

  // It looks by itself at every turn of its event loop: by the time that a signal from here arrives it might have come to its end.
  const killed = start(`
    const { existsSync, readdirSync } = await import('node:fs');
    const data = ${JSON.stringify(join(cache, 'data'))};
    const look = () => {
      if (existsSync(data) && readdirSync(data, { recursive: true }).length > 300) process.kill(process.pid, 'SIGKILL');
      setImmediate(look);
    };
    look();`);
  t.same(await new Promise((ended) => killed.on('exit', (...how) => ended(how))), [null, 'SIGKILL']);
  const left = readdirSync(join(cache, 'data'));
  t.ok(left.length > 0 && left.every((name) => name.endsWith('.lock') || name.includes('.partial-')), String(left));

  // Two at once afterwards: one clears up and works, the other waits, and both get the same folder.
  const outputs = await Promise.all(
    [start(), start()].map(async (child) => {
      let output = '';
      for await (const piece of child.stdout) output += String(piece);
      return output.trim();
    }),
  );
  t.equal(outputs[0], outputs[1]);
  t.equal(readdirSync(join(outputs[0] ?? '', 'train/a')).length, 1500);
  t.equal(readdirSync(join(cache, 'data')).length, 1);
});

t.test(
  'the real archive',
  { skip: !process.env.TENCH_DATA && 'set TENCH_DATA to a folder with imagenette2-224.tgz to run it' },
  async (t) => {
    emptyCache(t);
    const folder = await untarData(join(process.env.TENCH_DATA ?? '', 'imagenette2-224.tgz'));
    t.equal(folder.split('/').at(-1), 'imagenette2-224');
    const codes = readdirSync(join(folder, 'train')).sort();
    t.same(codes, Object.keys(findDataset('imagenette')?.classes ?? {}));
    t.equal(readdirSync(folder, { recursive: true }).filter((path) => String(path).endsWith('.JPEG')).length, 13394);
    t.equal(statSync(join(folder, 'val', 'n01440764')).isDirectory(), true);
  },
);

/** A file as one ustar entry (POSIX.1-1988): header of 512 bytes, content, padding. */
function tarFile(path: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write('0000644\0', 100);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('        0', 148);
  header.write('ustar\0' + '00', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc(-content.length & 511)]);
}
