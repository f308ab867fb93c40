import t from 'tap';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { getFiles } from '../../lib/data/files.js';
import { TarShards, type TarSample, type TarShardsJSON, type TarShardsOptions } from '../../lib/data/tarShards.js';

// Written by Python's tarfile: samples 0 to 4, 5 to 8 (.tgz), and 9 to 14 (compressed, and named .tar all the same).
const folder = fileURLToPath(new URL('../../../test/goldens/data/', import.meta.url));
const paths = getFiles(folder, { extensions: ['.tar', '.tgz'] });
const whole = readFileSync(paths[0]!);

const numberOf = (sample: TarSample): number => (sample.json('meta.json') as { number: number }).number;

async function numbers(shards: TarShards, seed = 1, epoch = 0): Promise<number[]> {
  const seen: number[] = [];
  for await (const sample of shards.samples({ seed, epoch })) seen.push(numberOf(sample));
  return seen;
}

const range = (end: number, start = 0): number[] => Array.from({ length: end - start }, (_, i) => start + i);
const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

t.test('samples are the files that share a name, in their order', async (t) => {
  const shards = new TarShards(paths);
  const samples: TarSample[] = [];
  for await (const sample of shards) samples.push(sample);
  t.same(samples.map(numberOf), range(15));
  t.equal(await shards.count(), 15);
  t.equal(samples[1]!.key, 'set/0001');
  t.match(samples[2]!.key, /^set\/(long){30}-0002$/, 'a long name');
  t.equal(samples[5]!.name, `${paths[1]!}: set/0005`);
  for (const [number, sample] of samples.entries()) {
    t.same([...sample.parts.keys()], ['txt', 'cls', 'meta.json'], 'hidden files and folders are passed over');
    t.equal(sample.text('txt'), `text of ${number}, größer`);
    t.equal(sample.text('cls'), `${number % 3}`);
    t.same(sample.bytes('jpg', 'cls'), Buffer.from(`${number % 3}\n`));
  }
  t.equal(new Set(samples.map(({ index }) => index)).size, 15, 'numbers of their own');
  t.throws(() => samples[1]!.bytes('jpg', 'png'), {
    message: /set\/0001 has no part jpg or png; it has: txt, cls, met/,
  });
  t.throws(() => samples[1]!.json('txt'), { message: /set\/0001: its part txt is no JSON/ });
  t.match(inspect(samples[1]), /TarSample .*set\/0001 \(txt: 19 bytes, cls: 2 bytes, meta\.json: 13 bytes\)/);
  t.match(inspect(shards), /TarShards \(3 archives; shuffleShards: false, shuffleBuffer: 0\)/);
});

t.test('orders depend on seed and epoch alone, and no sample is lost', async (t) => {
  const make = (options: TarShardsOptions): TarShards => new TarShards(paths, options);
  for (const options of [{ shuffleShards: true }, { shuffleBuffer: 4 }, { shuffleShards: true, shuffleBuffer: 100 }]) {
    const shards = make(options);
    const orders = [];
    for (let epoch = 0; epoch < 6; epoch++) orders.push(await numbers(shards, 1, epoch));
    for (const order of orders) t.same(sorted(order), range(15));
    t.ok(new Set(orders.map(String)).size >= 3, 'epochs differ');
    t.same(await numbers(make(options), 1, 3), orders[3], 'and can be read again');
    const json = JSON.parse(JSON.stringify(shards)) as TarShardsJSON;
    t.same(await numbers(TarShards.fromJSON(json), 1, 3), orders[3], 'also after a way through JSON');
  }
  const near = await numbers(make({ shuffleBuffer: 3 }));
  t.ok(
    near.every((number, place) => number <= place + 3),
    'a buffer of 3 looks no further ahead than 3',
  );
  t.notSame(near, range(15));
  const indices = async (options: TarShardsOptions): Promise<Map<number, number>> => {
    const found = new Map<number, number>();
    for await (const sample of make(options).samples({ seed: 5, epoch: 2 })) found.set(numberOf(sample), sample.index);
    return found;
  };
  const plain = await indices({});
  for (const [number, index] of await indices({ shuffleShards: true, shuffleBuffer: 9 }))
    t.equal(index, plain.get(number), 'a sample keeps its number, and with it the draws of its transforms');
});

t.test('processes share out the archives', async (t) => {
  for (const epoch of [0, 1, 2]) {
    const shares = await Promise.all(
      [0, 1].map((rank) => numbers(new TarShards(paths, { shuffleShards: true, rank, worldSize: 2 }), 1, epoch)),
    );
    t.same(sorted(shares.flat()), range(15));
    t.ok(shares.every(({ length }) => length > 0));
  }
});

t.test('what is damaged names the archive and the entry, after what was whole', async (t) => {
  const scratch = t.testdir();
  const read = async (bytes: Uint8Array, options?: TarShardsOptions): Promise<{ seen: number[]; error: unknown }> => {
    const path = join(scratch, 'shard.tar');
    writeFileSync(path, bytes);
    const seen: number[] = [];
    try {
      for await (const sample of new TarShards(path, options)) seen.push(numberOf(sample));
      return { seen, error: undefined };
    } catch (error) {
      return { seen, error };
    }
  };
  const fails = async (bytes: Uint8Array, message: RegExp, options?: TarShardsOptions): Promise<number[]> => {
    const { seen, error } = await read(bytes, options);
    t.match(error, { code: 'ERR_TENCH_ARCHIVE', message }, String(message));
    t.match((error as Error).message, /cannot read .*shard\.tar any further/);
    return seen;
  };
  const at = whole.indexOf('set/0003.cls');
  t.same(await fails(whole.subarray(0, at + 300), /any further after its entry "set\/0003\.txt"/), [0, 1, 2]);
  t.same(await fails(whole.subarray(0, at + 513), /in its entry "set\/0003\.cls": .*[Tt]runcated/), [0, 1, 2]);
  t.same(await fails(whole.subarray(0, whole.lastIndexOf('set/0003.Meta')), /without the end marker/), [0, 1, 2]);
  const flipped = Buffer.from(whole);
  flipped[at + 110]! ^= 1;
  t.same(await fails(flipped, /after its entry "set\/0003\.txt": .*checksum/), [0, 1, 2]);
  const zipped = gzipSync(whole);
  await fails(zipped.subarray(0, zipped.length - 30), /unexpected end of file/);
  const crc = Buffer.from(zipped);
  crc[crc.length - 6]! ^= 1;
  await fails(crc, /incorrect data check/);
  await fails(Buffer.from('not a tar archive at all'.repeat(100)), /before its first entry/);
  await fails(new Uint8Array(0), /before its first entry/);
  t.same(
    await fails(whole, /"set\/(long)+-0000\.txt": it has 19 bytes, above the limit of 10/, { maxPartBytes: 10 }),
    [],
  );
  const link = Buffer.from(whole);
  const entry = link.indexOf('set/0001.cls');
  link[entry + 156] = 0x32;
  link.write('/etc/passwd', entry + 157);
  let sum = 0;
  link.fill(0x20, entry + 148, entry + 156);
  for (const byte of link.subarray(entry, entry + 512)) sum += byte;
  link.write(`${sum.toString(8).padStart(6, '0')}\0 `, entry + 148);
  t.same(await fails(link, /in its entry "set\/0001\.cls": it is a link to "\/etc\/passwd"/), [0]);
  t.same((await read(whole)).seen, range(5), 'the archive itself is whole');
  t.same((await read(gunzipSync(readFileSync(paths[1]!)))).seen, range(9, 5));

  await t.rejects(numbers(new TarShards(join(scratch, 'gone.tar'))), { message: /gone\.tar .*ENOENT/ });
  await t.rejects(numbers(new TarShards(scratch)), { code: 'ERR_TENCH_ARCHIVE' });
});

t.test('parts that do not lie together, or come twice, are errors', async (t) => {
  const scratch = t.testdir();
  const doubled = (from: string, to: string): TarShards => {
    const bytes = Buffer.from(whole);
    const entry = bytes.indexOf(from);
    bytes.write(to.padEnd(100, '\0'), entry);
    bytes.fill(0x20, entry + 148, entry + 156);
    let sum = 0;
    for (const byte of bytes.subarray(entry, entry + 512)) sum += byte;
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, entry + 148);
    writeFileSync(join(scratch, 'shard.tar'), bytes);
    return new TarShards(join(scratch, 'shard.tar'));
  };
  await t.rejects(doubled('set/0003.cls', 'set/0001.cls').count(), {
    message: /parts of set\/0001 do not lie together/,
  });
  await t.rejects(doubled('set/0003.cls', 'set/0003.txt').count(), { message: /set\/0003 has two parts txt/ });
});

t.test('leaving the loop, or an abort, ends the reading', async (t) => {
  for await (const sample of new TarShards(paths)) if (numberOf(sample) === 2) break;
  const abort = new AbortController();
  const samples = new TarShards(paths).samples({ seed: 0, epoch: 0 }, { signal: abort.signal });
  await samples.next();
  abort.abort(new Error('enough'));
  await t.rejects(
    async () => {
      for (;;) if ((await samples.next()).done) return;
    },
    { message: 'enough' },
  );
});

t.test('bad settings are refused by name', (t) => {
  t.throws(() => new TarShards([]), { message: /`paths`/ });
  t.throws(() => new TarShards(3 as never), { message: /`paths`/ });
  t.throws(() => new TarShards([3] as never), { message: /`paths`/ });
  t.throws(() => new TarShards(paths, { shuffleBuffer: -1 }), { message: /`shuffleBuffer`/ });
  t.throws(() => new TarShards(paths, { rank: 1 }), { message: /`rank`/ });
  t.throws(() => new TarShards(paths, { worldSize: 4 }), { message: /at least 4 archives/ });
  t.end();
});
