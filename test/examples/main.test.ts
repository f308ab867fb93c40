/** The command line of the stations, and what they write. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sharp from 'sharp';
import t from 'tap';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

function example(args: readonly string[]) {
  const { TENCH_DATA: _, ...env } = process.env;
  return spawnSync(process.execPath, ['dist/examples/main.js', ...args], { cwd: repository, encoding: 'utf8', env });
}

t.test('list names every station, by its file', async (t) => {
  const files = readdirSync(`${repository}examples`).filter((name) => name.endsWith('.ts'));
  const expected = files.map((name) => name.slice(0, -'.ts'.length)).filter((name) => !/^(main|stations)$/.test(name));
  const { status, stdout, stderr } = example(['list']);
  const named = stdout.trimEnd().split('\n');
  t.same(named.map((line) => line.split(' ')[0]).sort(), expected.sort());
  for (const line of named) t.match(line, /^\S+ {2,}\S/, 'with what it shows');
  t.match({ status, stderr }, { status: 0, stderr: '' });
});

t.test('wrong usage is told, with exit code 2 and nothing on stdout', async (t) => {
  for (const args of [
    [],
    ['nothing'],
    ['resizing', 'more'],
    ['resizing', '--fast'],
    ['resizing', '--out'],
    ['momentum', '--seeds', '2'],
    ['optimizers', '--seeds', '0'],
    ['optimizers', '--precision', 'int8'],
  ]) {
    const { status, stdout, stderr } = example(args);
    t.match({ status, stdout }, { status: 2, stdout: '' }, args.join(' '));
    t.match(stderr, /^tench: .+\nUsage: npm run -s example/);
  }
  t.match(example(['--help']), { status: 0, stdout: /^Usage/ });
});

t.test('resizing draws the figure of the lesson: the original, and one image by four methods', async (t) => {
  const out = join(t.testdir(), 'made', 'here');
  const { status, stdout, stderr } = example(['resizing', '--out', out, '--json']);
  t.equal(status, 0, stderr);
  const lines = stdout.trimEnd().split('\n');
  t.equal(lines.length, 1, 'everything else goes to stderr');
  const {
    example: name,
    picture,
    textures,
  } = JSON.parse(lines[0]!) as {
    example: string;
    picture: string;
    textures: Record<string, number>;
  };
  t.equal(name, 'resizing');
  const { width, height, format } = await sharp(picture).metadata();
  t.equal(format, 'png');
  t.ok(width >= 528 && height >= 800, `${width} x ${height}`);
  const [lanczos, bicubic, nearest, both, ...compared] = Object.values(textures) as [number, number, number, number];
  const [plain, antialiased, pillow] = compared as number[];
  t.ok(plain! > 2 * pillow!, 'without antialias it aliases');
  t.ok(Math.abs(antialiased! - pillow!) < 0.1, "with it, it is Pillow's but for rounding");
  t.ok(nearest > both && both > lanczos && lanczos > bicubic, 'nearest keeps most of the texture, averages least');
});

t.test('resizing takes an image or a folder of them', async (t) => {
  const folder = t.testdir();
  const file = join(folder, 'flat.png');
  await sharp({ create: { width: 20, height: 10, channels: 3, background: '#406080' } })
    .png()
    .toFile(file);
  for (const data of [file, folder]) {
    const { status, stdout, stderr } = example(['resizing', '--out', join(folder, 'out'), '--data', data, '--json']);
    t.equal(status, 0, stderr);
    t.match(JSON.parse(stdout), { source: file, size: [20, 10], textures: { NEAREST: 0 } });
  }
});

t.test('what cannot be done is told in a sentence, with exit code 1', async (t) => {
  const folder = t.testdir({ file: '', empty: {} });
  const wrong: [RegExp, string[]][] = [
    [/there is no .*missing/, ['--data', join(folder, 'missing')]],
    [/there is no image in .*empty/, ['--data', join(folder, 'empty')]],
    [/folder for pictures cannot be made/, ['--out', join(folder, 'file', 'below')]],
    [/cannot read the image .*file/, ['--data', join(folder, 'file')]],
  ];
  for (const [message, args] of wrong) {
    const { status, stdout, stderr } = example(['resizing', '--out', join(folder, 'out'), ...args]);
    t.match({ status, stdout, stderr }, { status: 1, stdout: '', stderr: message });
    t.match(stderr, /^tench: [^\n]+\n$/, 'one line');
  }
});

t.test('cropping draws its figure too', async (t) => {
  const { status, stdout, stderr } = example(['cropping', '--out', t.testdir()]);
  t.equal(status, 0, stderr);
  t.equal((await sharp(stdout.trim()).metadata()).format, 'png');
});

t.test('momentum draws its four plots as SVG and PNG, and a page that shows them', async (t) => {
  const out = t.testdir();
  const { status, stdout, stderr } = example(['momentum', '--out', out, '--json']);
  t.equal(status, 0, stderr);
  const names = ['debiased', 'ewma', 'outlier', 'plain'];
  t.strictSame(
    readdirSync(out).sort(),
    [...names.flatMap((name) => [`${name}.png`, `${name}.svg`]), 'index.html'].sort(),
  );
  const page = readFileSync(join(out, 'index.html'), 'utf8');
  for (const name of names) {
    t.equal((await sharp(join(out, `${name}.png`)).metadata()).format, 'png');
    const svg = readFileSync(join(out, `${name}.svg`), 'utf8');
    for (const beta of ['0.5', '0.7', '0.9', '0.99']) t.match(svg, `>beta = ${beta}<`);
    t.ok(page.includes(svg.trim()), 'the page holds the picture itself');
    t.match(page, `href="${name}.png"`);
  }
  t.equal(page.match(/<figcaption>[^<]{40,}<\/figcaption>/g)?.length, 4, 'with a sentence each');
  const { first, last } = JSON.parse(stdout) as Record<'first' | 'last', Record<string, number[]>>;
  t.strictSame(
    first.debiased!.map((value) => Number(value.toFixed(12))),
    [0.5, 0.5, 0.5, 0.5],
    'debiased, the first average is the first value',
  );
  first.ewma!.forEach((value, i) => {
    const [beta] = [[0.5, 0.7, 0.9, 0.99][i]!];
    t.ok(Math.abs(value - (1 - beta) * first.plain![i]!) < 1e-12, 'an average starts at 0');
    t.ok(Math.abs(last.ewma![i]! - (1 - beta) * last.plain![i]!) < 1e-12, 'and is momentum times 1 - beta');
    const shown = last.outlier![i]! / (1 - beta ** 200);
    t.ok(Math.abs(last.debiased![i]! - shown) < 1e-12, 'what debiasing shows is not fed back');
  });
});

/** Two classes of flat pictures, 8 to train on and 4 that the lesson validates with. */
async function flatPictures(folder: string): Promise<string> {
  const images = join(folder, 'images');
  for (const [label, hue] of [
    ['n01440764', 40],
    ['n02102040', 200],
  ] as const) {
    mkdirSync(join(images, label), { recursive: true });
    for (let i = 0; i < 6; i += 1) {
      const name = `${i < 2 ? 'ILSVRC2012_val_' : 'train_'}${i}.png`;
      const background = { r: hue, g: 30 * i, b: 255 - hue };
      await sharp({ create: { width: 20, height: 20, channels: 3, background } }).toFile(join(images, label, name));
    }
  }
  return images;
}

t.test('optimizers trains every recipe, and draws the table and the experiments', async (t) => {
  const folder = t.testdir();
  const images = await flatPictures(folder);
  const out = join(folder, 'out');
  const args = ['optimizers', '--data', images, '--out', out, '--seeds', '2', '--precision', 'fp32', '--json'];
  const { status, stdout, stderr } = example(args);
  t.equal(status, 0, stderr);
  const result = JSON.parse(stdout) as {
    images: object;
    table: { name: string; epochs: number; accuracy: number[]; bySeed: number[]; lesson: number[] }[];
    l2: Record<string, number>;
  };
  t.strictSame(result.images, { train: 8, valid: 4 });
  t.strictSame(
    result.table.map(({ epochs }) => epochs),
    [1, 1, 1, 1, 3, 3],
  );
  for (const { name, epochs, accuracy, bySeed, lesson } of result.table) {
    t.strictSame([accuracy.length, bySeed.length, lesson.length], [epochs, 2, epochs], name);
    t.equal(accuracy.at(-1), (bySeed[0]! + bySeed[1]!) / 2);
    t.match(stderr, name);
  }
  t.ok(result.l2['plain SGD']! < 1e-12, 'L2 and decay are one for plain SGD');
  t.ok(result.l2['momentum 0.9']! > 1e-3 && result.l2.Adam! > 1e-3, 'and two for others');
  const page = readFileSync(join(out, 'index.html'), 'utf8');
  for (const name of ['recipes', 'l2', 'eps', 'norms'])
    t.ok(page.includes(readFileSync(join(out, `${name}.svg`), 'utf8').trim()), name);
  t.match(example(['optimizers', '--out', out]), { status: 1, stderr: /name Imagenette with --data/ });
});

t.test('imagenette-record trains from each seed, and comes to the mean of their last accuracies', async (t) => {
  const folder = t.testdir();
  const args = ['--data', await flatPictures(folder), '--out', folder, '--seeds', '2', '--epochs', '3', '--json'];
  const { status, stdout, stderr } = example(['imagenette-record', ...args]);
  t.equal(status, 0, stderr);
  const { accuracy, bySeed } = JSON.parse(stdout) as { accuracy: number; bySeed: number[][] };
  t.strictSame(
    bySeed.map((one) => one.length),
    [3, 3],
  );
  for (const share of bySeed.flat()) t.ok(Number.isInteger(4 * share), 'a share of the four pictures of validation');
  t.equal(accuracy, (bySeed[0]![2]! + bySeed[1]![2]!) / 2);
  for (const seed of [0, 1])
    for (const epoch of [1, 2, 3])
      t.match(stderr, new RegExp(`^seed ${seed}  epoch ${epoch}  train loss .* valid loss`, 'm'));
  t.match(stderr, /^valid accuracy .*, mean over 2$/m);
});

t.test('lsuv trains digits from each start, and draws what the layers put out without and with it', async (t) => {
  const out = t.testdir();
  const args = ['lsuv', '--out', out, '--limit', '1500', '--seeds', '2', '--epochs', '1', '--json'];
  const { status, stdout, stderr } = example(args);
  t.equal(status, 0, stderr);
  const result = JSON.parse(stdout) as Record<'normal' | 'lsuv', number[]> & {
    bySeed: Record<'normal' | 'lsuv', number[][]>;
    layers: { mean: number; std: number }[];
  };
  for (const start of ['normal', 'lsuv'] as const) {
    const [mean] = result[start];
    const seeds = result.bySeed[start].map(([accuracy]) => accuracy!);
    t.strictSame([result[start].length, seeds.length], [1, 2]);
    t.ok(Math.abs(mean! - (seeds[0]! + seeds[1]!) / 2) < 1e-12, 'the mean of the seeds');
    // 300 digits validate.
    t.ok(seeds.every((share) => Math.abs(300 * share - Math.round(300 * share)) < 1e-9));
  }
  t.equal(result.layers.length, 5);
  for (const { mean, std } of result.layers) t.ok(Math.abs(mean) < 1e-3 && Math.abs(std - 1) < 1e-3);
  const page = readFileSync(join(out, 'index.html'), 'utf8');
  for (const name of ['histograms-normal', 'near-zeros-normal', 'histograms-lsuv', 'near-zeros-lsuv']) {
    t.equal((await sharp(join(out, `${name}.png`)).metadata()).format, 'png');
    t.ok(page.includes(readFileSync(join(out, `${name}.svg`), 'utf8').trim()), name);
  }
});

t.test('the questions of augmentation are measured on whatever images there are', async (t) => {
  const folder = t.testdir();
  for (const [split, count] of [
    ['train', 6],
    ['val', 2],
  ] as const)
    for (const [label, background] of [
      ['red', '#c03020'],
      ['blue', '#2030c0'],
    ] as const) {
      mkdirSync(join(folder, split, label), { recursive: true });
      for (let i = 0; i < count; i += 1)
        await sharp({ create: { width: 80 + i, height: 72, channels: 3, background } })
          .png()
          .toFile(join(folder, split, label, `${i}.png`));
    }
  const args = ['augmentation-questions', '--data', folder, '--out', join(folder, 'out'), '--epochs', '1', '--json'];
  const { status, stdout, stderr } = example(args);
  t.equal(status, 0, stderr);
  const made = JSON.parse(stdout) as {
    crops: { leastArea: number; centre: number; large: number; small: number }[];
    filters: { filter: string; difference: number }[];
    accuracies: { trained: string; filter: string; accuracy: number }[];
    unknown: { leastArea: number }[];
  };
  const [small, large] = made.crops;
  t.match(large, { leastArea: 0.35, centre: 0, large: 0 }, 'each side is more than half of the image');
  t.ok(small!.small > large!.small, 'smaller crops lose more');
  t.ok(made.filters.length === 6 && made.filters.every(({ difference }) => difference === 0), 'of one colour');
  t.equal(made.accuracies.length, 12, 'two networks on six filters');
  t.strictSame(made.unknown.map(({ leastArea }) => leastArea), [0.08, 0.35]); // prettier-ignore
  t.end();
});
