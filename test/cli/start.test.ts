/** `tench start` as a user meets it: a process with options, output, exit code and files. */

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import t from 'tap';

import { Generator, getFiles } from '../../lib/data/index.js';
import { readSafetensors } from '../../lib/io/index.js';
import { loadLearner } from '../../lib/predict/index.js';

/** The command alone, without the set-up that comes before it. */
const command = new URL('../../lib/cli/start.js', import.meta.url).href;
const script = `import { start } from ${JSON.stringify(command)}; process.exitCode = await start(process.argv.slice(1));`;

/** Before the command: sends the process a signal once it has written the row of the second epoch. */
const signalled = (signal: 'SIGTERM' | 'SIGKILL'): string => `
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text, ...rest) => {
    const isWritten = write(text, ...rest);
    if (/^ {4}2 /m.test(text)) ${signal === 'SIGKILL' ? 'process.kill(process.pid, "SIGKILL")' : 'process.emit("SIGTERM", "SIGTERM")'};
    return isWritten;
  };
`;

interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts the command; `onText` sees stderr as it grows and may send signals. */
function start(
  args: string[],
  options: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    before?: string;
    onText?: (stderr: string, kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
): Promise<Finished> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', `${options.before ?? ''}${script}`, '--', ...args],
    {
      cwd: options.cwd,
      env: { ...process.env, OMP_NUM_THREADS: '1', ...options.env },
    },
  );
  const seen = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (seen.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => {
    seen.stderr += data.toString();
    options.onText?.(seen.stderr, (signal) => child.kill(signal));
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...seen }));
  });
}

/** Draws small pictures: class `n01440764` is reddish, class `blue` is bluish, one in three is grey; bright and dark ones among both. */
async function drawImages(folder: string, counts: Readonly<Record<string, number>>, seed: number): Promise<void> {
  const random = new Generator(seed);
  for (const [label, count] of Object.entries(counts)) {
    mkdirSync(join(folder, label), { recursive: true });
    for (let i = 0; i < count; i += 1) {
      const base = random.uniform(40, 160);
      const [r, b] = label === 'blue' ? [base, base + 80] : [base + 80, base];
      const picture = sharp({ create: { width: 24, height: 20, channels: 3, background: { r, g: base, b } } });
      // A grey file opens with one channel, which makeRgb repairs.
      const grey = i % 3 === 2 && label !== 'blue';
      const name = `${label}_${i}${i % 5 === 0 ? '_ILSVRC2012_val' : ''}.png`;
      await (grey ? picture.grayscale() : picture).png().toFile(join(folder, label, name));
    }
  }
}

const small = ['--size', '16', '--batch-size', '8', '--epochs', '2', '--threads', '1'];

t.test('usage: one line, exit code 2, no result', async (t) => {
  const cases: [string[], RegExp][] = [
    [['--bogus'], /Unknown option '--bogus'/],
    [['somewhere'], /Unexpected argument 'somewhere'/],
    [['--data'], /'--data <value>' argument missing/],
    [['--data', ''], /--data takes a text/],
    [['--epochs', '0'], /--epochs takes a whole number of at least 1, not "0"/],
    [['--epochs', '1e3'], /--epochs takes a whole number/],
    [['--batch-size', '-4'], /--batch-size/],
    [['--size', '99999'], /--size takes a whole number from 1 to 4096/],
    [['--split', 'half'], /--split takes folder or lesson or random, not "half"/],
    [['--split', 'random'], /MNIST is split as it was published/],
    [['--lr', '0'], /--lr takes a number above 0/],
    [['--seed', 'x'], /--seed takes a whole number of at least 0/],
    [['--device', 'tpu'], /--device takes cpu, cuda or cuda:N/],
    [['--threads', '0'], /--threads takes a whole number from 1/],
    [['--precision', 'fp8'], /--precision takes fp32 or bf16/],
    [['--resume', ''], /--resume takes a text/],
    [['--resume', 'somewhere', '--epochs', '3'], /--epochs cannot stand beside it/],
    [['--json', '--json=1'], /'--json' does not take an argument/],
  ];
  const cwd = t.testdir();
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await start(args, { cwd });
    t.equal(code, 2, args.join(' '));
    t.match(stderr, message);
    t.equal(stderr.trimEnd().split('\n').length, 1);
    t.equal(stdout, '');
  }
  t.strictSame(readdirSync(cwd), [], 'nothing was made');
});

t.test('--help', async (t) => {
  const { code, stdout, stderr } = await start(['--help']);
  t.equal(code, 0);
  t.equal(stderr, '');
  for (const name of [
    'data',
    'epochs',
    'batch-size',
    'size',
    'split',
    'lr',
    'seed',
    'device',
    'threads',
    'precision',
    'out',
    'dashboard',
    'dashboard-port',
    'resume',
    'json',
    'help',
  ])
    t.match(stdout, `--${name}`);
});

t.test('what is wrong with the data: one line, exit code 1', async (t) => {
  const folder = t.testdir({ file: 'no archive', bare: {}, mixed: {}, unseen: {}, broken: {}, flat: {} });
  const at = (...parts: string[]): string => join(folder, ...parts);
  await drawImages(at('mixed', 'train'), { n01440764: 2, blue: 2 }, 0);
  await drawImages(at('mixed', 'val'), { n01440764: 1, blue: 1 }, 1);
  mkdirSync(at('mixed', 'train', 'empty'));
  await drawImages(at('unseen', 'train'), { blue: 2 }, 0);
  await drawImages(at('unseen', 'val'), { n01440764: 1, blue: 1 }, 1);
  await drawImages(at('broken', 'train'), { n01440764: 2, blue: 2 }, 0);
  await drawImages(at('broken', 'val'), { blue: 1 }, 1);
  writeFileSync(at('broken', 'train', 'blue', 'half.jpg'), Buffer.from('ffd8ffe000104a46', 'hex'));
  await drawImages(at('flat'), { n01440764: 2, blue: 4 }, 0);

  const cases: [string[], RegExp][] = [
    [['--data', at('nowhere')], /cannot find .*nowhere/],
    [['--data', at('file')], /file/],
    [['--data', at('bare')], /no image file in .*bare/],
    [['--data', at('mixed')], /the class folder .*mixed.train.empty holds no images/],
    [['--data', at('unseen')], /n01440764/],
    [['--data', at('broken')], /half\.jpg/],
    [['--data', at('flat'), '--split', 'folder'], /needs the folders train and val \(or valid\)/],
    [['--data', at('flat'), '--out', at('file')], /--out: cannot write to .*file/],
    [['--data', at('flat'), '--out', at('file', 'below')], /--out: cannot write to .*below/],
    [['--data', at('flat'), '--out', '/proc/tench'], /--out: cannot write to \/proc\/tench/],
    ...(existsSync('/dev/nvidia0')
      ? []
      : ([[['--data', at('flat'), '--device', 'cuda'], /no CUDA device here/]] as [string[], RegExp][])),
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await start([...small, '--json', ...args], { cwd: at('bare') });
    t.equal(code, 1, args.join(' '));
    const line = stderr.trimEnd().split('\n').at(-1) ?? '';
    t.match(line, /^tench: /);
    t.match(line, message);
    t.notMatch(stderr, /^\s+at /m, 'no stack trace');
    t.equal(stdout, '');
  }
  t.strictSame(
    readdirSync(at('bare')).flatMap((name) => readdirSync(at('bare', name))),
    [],
    'no half-made results',
  );

  const traced = await start(['--data', at('nowhere')], { env: { TENCH_DEBUG: '1' } });
  t.match(traced.stderr, /^\s+at /m, 'TENCH_DEBUG=1 shows where');
});

t.test('an image folder: result, table and files', async (t) => {
  const folder = t.testdir({ colours: {} });
  const data = join(folder, 'colours');
  const out = join(folder, 'new', 'out');
  await drawImages(join(data, 'train'), { n01440764: 21, blue: 16 }, 0);
  await drawImages(join(data, 'val'), { n01440764: 6, blue: 5 }, 1);
  const { code, stdout, stderr } = await start(['--data', data, ...small, '--seed', '3', '--out', out, '--json']);
  t.equal(code, 0, stderr);

  t.equal(stdout.trimEnd().split('\n').length, 1, 'stdout is the result alone');
  const result = JSON.parse(stdout) as Record<string, unknown> & { epochs: Record<string, number>[] };
  t.strictSame(Object.keys(result), [
    'dataset',
    'split',
    'device',
    'seed',
    'train',
    'valid',
    'classes',
    'epochs',
    'seconds',
    'peakRssBytes',
    'out',
  ]);
  t.match(result, {
    dataset: 'colours',
    split: 'folder',
    device: 'cpu',
    seed: 3,
    train: 37,
    valid: 11,
    classes: 2,
    out,
  });
  t.ok(Number(result.peakRssBytes) > 5e7 && Number(result.seconds) > 0);
  t.equal(result.epochs.length, 2);
  for (const epoch of result.epochs) {
    t.strictSame(Object.keys(epoch), [
      'trainLoss',
      'trainAccuracy',
      'validLoss',
      'validAccuracy',
      'seconds',
      'imagesPerSecond',
    ]);
    for (const value of Object.values(epoch)) t.type(value, 'number');
    // Accuracies are whole numbers of images: 37 and 11.
    for (const [name, count] of [
      ['trainAccuracy', 37],
      ['validAccuracy', 11],
    ] as const) {
      const right = (epoch[name] ?? NaN) * count;
      t.ok(Math.abs(right - Math.round(right)) < 1e-9, `${name} ${epoch[name]}`);
    }
  }

  t.match(stderr, 'n01440764 tench', 'the meaning of a folder code stands beside it');
  // eslint-disable-next-line no-control-regex -- a pipe gets no control codes
  t.notMatch(stderr, /[\u0000-\u0009\u000b-\u001f\u007f]/);
  t.match(stderr, /^ {4}2( +\d\.\d{4}){4} +\d:\d\d +\d+$/m);

  t.strictSame(readdirSync(out).sort(), ['history.json', 'model.safetensors']);
  const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')) as {
    batches: { loss: number[]; lr: number[] };
  };
  t.equal(history.batches.loss.length, 2 * 5);
  t.ok(Math.abs((history.batches.lr[0] ?? 0) - 0.1) < 1e-9, 'the cycle begins at a third of the rate');
  await using predictor = await loadLearner(join(out, 'model.safetensors'), { thread: false });
  t.strictSame(predictor.vocab, ['blue', 'n01440764']);
  const saved = predictor.description;
  t.match(saved.model, { name: 'getCnnModel', options: { cIn: 3, cOut: 2 } });
  t.strictSame(
    [...saved.transforms, ...saved.batches].map(({ name }) => name),
    ['makeRgb', 'ResizeFixed', 'toByteTensor', 'normalizer'],
  );
  const pictures = getFiles(join(data, 'val'), { recurse: true, extensions: ['.png'] });
  const made = await predictor.predict(pictures);
  const right = made.filter(({ label }, i) => label === basename(dirname(pictures[i]!))).length;
  t.equal(right / 11, (result.epochs as { validAccuracy: number }[])[1]?.validAccuracy, 'it predicts as it validated');
});

t.test('the same seed trains the same, with one thread and two; another seed does not', async (t) => {
  const folder = t.testdir();
  await drawImages(folder, { n01440764: 30, blue: 30 }, 0);
  // A rate of next to nothing: each loss then tells which images its batch had, and rounding, which differs with the number of threads, cannot grow.
  const run = async (...args: string[]): Promise<{ split: string; losses: number[] }> => {
    const out = join(folder, `.out-${args.join('')}`);
    const { code, stdout, stderr } = await start([
      '--data',
      folder,
      '--size',
      '16',
      '--batch-size',
      '8',
      '--epochs',
      '1',
      '--lr',
      '0.000001',
      '--json',
      '--out',
      out,
      ...args,
    ]);
    t.equal(code, 0, stderr);
    const history = JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')) as { batches: { loss: number[] } };
    return { split: (JSON.parse(stdout) as { split: string }).split, losses: history.batches.loss };
  };
  const one = await run('--seed', '5', '--threads', '1');
  const again = await run('--threads', '1', '--seed', '5');
  const two = await run('--seed', '5', '--threads', '2');
  const other = await run('--seed', '6', '--threads', '1');
  t.equal(one.split, 'random', 'no folders train and val');
  t.equal(one.losses.length, 6, '48 of 60 are for training');
  t.strictSame(again.losses, one.losses, 'bit for bit');
  t.ok(
    two.losses.every((loss, i) => Math.abs(loss - (one.losses[i] ?? NaN)) < 1e-3),
    `${two.losses.join()} against ${one.losses.join()}`,
  );
  t.ok(Math.abs((other.losses[0] ?? 0) - (one.losses[0] ?? 0)) > 1e-3);
});

t.test('a last batch of one image, which cannot be normalised, is left out', async (t) => {
  const data = t.testdir();
  await drawImages(join(data, 'train'), { n01440764: 9, blue: 8 }, 0);
  await drawImages(join(data, 'val'), { n01440764: 1, blue: 1 }, 1);
  const { code, stdout, stderr } = await start(['--data', data, ...small, '--json', '--out', join(data, '.out')]);
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), { train: 17, valid: 2 });
});

t.test('an archive, named after its file', async (t) => {
  const folder = t.testdir({ pictures: {} });
  await drawImages(join(folder, 'pictures'), { n01440764: 10, blue: 10 }, 0);
  execFileSync('tar', ['-czf', join(folder, 'colours.tar.gz'), '-C', folder, 'pictures']);
  const args = [
    '--data',
    join(folder, 'colours.tar.gz'),
    ...small,
    '--epochs',
    '1',
    '--json',
    '--out',
    join(folder, 'out'),
  ];
  const { code, stdout, stderr } = await start(args, { env: { TENCH_CACHE: join(folder, 'cache') } });
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), { dataset: 'colours', split: 'random', train: 16, valid: 4 });
  const lost = await start(['--data', 'imagenette-160'], {
    cwd: folder,
    env: { TENCH_CACHE: join(folder, 'cache'), TENCH_ARCHIVES: 'http://127.0.0.1:9' },
  });
  t.equal(lost.code, 1);
  t.match(lost.stderr, /^tench: cannot download http:\/\/127\.0\.0\.1:9\/imagenette2-160\.tgz: [^\n]*\n$/);
});

t.test('lesson split and bf16', async (t) => {
  const data = t.testdir();
  await drawImages(join(data, 'train'), { n01440764: 10, blue: 10 }, 0);
  await drawImages(join(data, 'val'), { n01440764: 10, blue: 5 }, 1);
  const { code, stdout, stderr } = await start([
    '--data',
    data,
    ...small,
    '--split',
    'lesson',
    '--precision',
    'bf16',
    '--json',
    '--out',
    join(data, '.out'),
  ]);
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), { split: 'lesson', train: 28, valid: 7 });
});

t.test('without --json the table is on stdout, and the default folder is made below runs', async (t) => {
  const cwd = t.testdir({ pictures: {} });
  await drawImages(join(cwd, 'pictures'), { n01440764: 10, blue: 10 }, 0);
  const { code, stdout, stderr } = await start(['--data', 'pictures', ...small, '--epochs', '1'], { cwd });
  t.equal(code, 0, stderr);
  t.equal(stderr, '');
  t.match(stdout, /^epoch +loss/m);
  t.match(stdout, /saved in .*runs.pictures-\d{8}-\d{6} after/);
  t.match(readdirSync(join(cwd, 'runs')), [/^pictures-/]);
});

t.test('Ctrl-C stops after the batch and keeps what was trained', async (t) => {
  const data = t.testdir();
  const out = join(data, '.out');
  await drawImages(data, { n01440764: 40, blue: 40 }, 0);
  let pressed = false;
  const { code, stdout, stderr } = await start(
    ['--data', data, '--size', '16', '--batch-size', '8', '--epochs', '5000', '--threads', '1', '--json', '--out', out],
    {
      onText: (text, kill) => {
        // The first row means that training is well under way.
        if (pressed || !/^ {4}1 .*\n/m.test(text)) return;
        pressed = true;
        kill('SIGINT');
      },
    },
  );
  t.equal(code, 130);
  t.match(stderr, 'stopping after this batch');
  const result = JSON.parse(stdout) as { epochs: unknown[] };
  t.ok(result.epochs.length >= 1 && result.epochs.length < 5000);
  t.ok((await readSafetensors(join(out, 'model.safetensors'))).tensors.size > 0);
});

t.test('--resume goes on with a run that was stopped or killed, to the same weights', async (t) => {
  const cwd = t.testdir({ pictures: {} });
  await drawImages(join(cwd, 'pictures'), { n01440764: 14, blue: 14 }, 0);
  const args = ['--data', 'pictures', '--size', '16', '--batch-size', '8', '--epochs', '4', '--threads', '1', '--json'];
  const weightsIn = (out: string): Buffer => readFileSync(join(out, 'model.safetensors'));
  const lossesIn = (out: string): number[] =>
    (JSON.parse(readFileSync(join(out, 'history.json'), 'utf8')) as { batches: { loss: number[] } }).batches.loss;
  const whole = join(cwd, 'whole');
  t.equal((await start([...args, '--out', whole], { cwd })).code, 0);

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const out = join(cwd, signal);
    const stopped = await start([...args, '--out', out], { cwd, before: signalled(signal) });
    t.equal(stopped.code, signal === 'SIGTERM' ? 143 : null, stopped.stderr);
    if (signal === 'SIGTERM') {
      t.match(stopped.stderr, `to go on: npm start -- --resume ${out}`);
      t.equal((JSON.parse(stopped.stdout) as { epochs: unknown[] }).epochs.length, 2, 'what was trained is kept');
    }
    // From another folder: the path of the data was relative to the first.
    const { code, stdout, stderr } = await start(['--resume', out, '--json'], { cwd: out });
    t.equal(code, 0, stderr);
    t.equal((JSON.parse(stdout) as { epochs: unknown[] }).epochs.length, 4, 'the result is of the whole run');
    t.ok(weightsIn(out).equals(weightsIn(whole)), 'bit for bit');
    t.strictSame(lossesIn(out), lossesIn(whole));
    t.strictSame(readdirSync(out).sort(), ['history.json', 'model.safetensors'], 'no checkpoint stays');
    const again = await start(['--resume', out]);
    t.match(again, { code: 1, stderr: /nothing to go on with in .*: no run has begun there, or it is finished/ });
  }
  mkdirSync(join(cwd, 'odd', 'checkpoints'), { recursive: true });
  writeFileSync(join(cwd, 'odd', 'checkpoints', 'command.json'), '{"argv": 7}');
  t.match(await start(['--resume', join(cwd, 'odd')]), { code: 1, stderr: /command\.json is damaged/ });
});
