/** Progress in a terminal, in a pipe and in CI, on a real fit. */

import { Writable } from 'node:stream';
import t from 'tap';

import { AvgStatsCallback, Callback, Learner, accuracy } from '../../lib/learner/index.js';
import { ProgressCallback, showTransfer } from '../../lib/report/index.js';
import { drawData, drawModel } from '../learner/drawn.js';

/** Collects what is written, and is a terminal when told so. */
class Screen extends Writable {
  text = '';

  constructor(
    readonly isTTY: boolean,
    readonly columns = 100,
  ) {
    super();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function fit(options: { table: Screen; bar: Screen }, cbs: Callback[] = []): Promise<Learner> {
  const learn = new Learner(drawModel(), drawData(), {
    cbs: [new AvgStatsCallback([accuracy]), new ProgressCallback(options), ...cbs],
  });
  await learn.fit(2);
  return learn;
}

function setEnvironment(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}

function withEnvironment(t: { teardown(fn: () => void): unknown }, values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    setEnvironment(name, value);
    t.teardown(() => setEnvironment(name, before));
  }
}

t.test('a pipe gets a header and a line an epoch, without control codes', async (t) => {
  const pipe = new Screen(false);
  await fit({ table: pipe, bar: pipe });
  const lines = pipe.text.trimEnd().split('\n');
  t.equal(lines.length, 4);
  t.match(lines[1], /^epoch +loss +accuracy +loss +accuracy +time +images\/s$/);
  t.match(lines[2], /^ {4}1( +\d\.\d{4}){4} +\d:\d\d +\d+$/);
  // eslint-disable-next-line no-control-regex -- control codes are what must not be there
  t.notMatch(pipe.text, /[\u0000-\u0009\u000b-\u001f\u007f]/);
});

t.test('a terminal gets a bar, which is gone when the row is there', async (t) => {
  withEnvironment(t, { CI: undefined, TERM: 'xterm' });
  const screen = new Screen(true);
  await fit({ table: screen, bar: screen });
  t.match(screen.text, /epoch 1\/2 train \[-+\] 0\/3/);
  t.match(screen.text, /epoch 2\/2 valid/);
  const rows = screen.text
    .split('\n')
    .filter((line) => /^ {4}\d( +\d\.\d{4}){4} +\d:\d\d +\d+$/.test(line.split('\u001b[2K').at(-1) ?? ''));
  t.equal(rows.length, 2, 'a row an epoch, on lines of their own');
});

t.test('no bar in CI and on a dumb terminal', async (t) => {
  for (const environment of [
    { CI: 'true', TERM: 'xterm' },
    { CI: undefined, TERM: 'dumb' },
  ]) {
    await t.test(JSON.stringify(environment), async (t) => {
      withEnvironment(t, environment);
      const screen = new Screen(true);
      await fit({ table: screen, bar: screen });
      t.notMatch(screen.text, '\u001b');
      t.equal(screen.text.trimEnd().split('\n').length, 4);
    });
  }
});

t.test('a narrow terminal is never overrun', async (t) => {
  withEnvironment(t, { CI: undefined, TERM: 'xterm' });
  const screen = new Screen(true, 24);
  await fit({ table: screen, bar: screen });
  // eslint-disable-next-line no-control-regex -- what remains without them is what is seen
  for (const line of screen.text.replace(/\u001b[78]|\u001b\[\d*[A-Za-z]/g, '\n').split('\n'))
    if (!line.startsWith('  ')) t.ok(line.length <= 24, line);
});

t.test('an error in the fit stops the bar and gives the logger back', async (t) => {
  withEnvironment(t, { CI: undefined, TERM: 'xterm' });
  class Fail extends Callback {
    override afterLoss(): void {
      throw new Error('mine');
    }
  }
  const screen = new Screen(true);
  const learn = new Learner(drawModel(), drawData(), {
    cbs: [new AvgStatsCallback(), new ProgressCallback({ table: screen, bar: screen }), new Fail()],
  });
  const { logger } = learn;
  await t.rejects(learn.fit(1), /mine/);
  t.equal(learn.logger, logger);
});

t.test('transfers: lines in a pipe, one line in a terminal', (t) => {
  withEnvironment(t, { CI: undefined, TERM: 'xterm' });
  const pipe = new Screen(false);
  const piped = showTransfer(pipe);
  for (let received = 0; received <= 1000; received += 100) piped.show({ stage: 'download', received, total: 1000 });
  piped.end();
  t.equal(pipe.text, 'download: 0 % of 1.0 kB\ndownload: 100 % of 1.0 kB\n');
  const screen = new Screen(true);
  const shown = showTransfer(screen);
  shown.show({ stage: 'download', received: 500, total: 1000 });
  shown.show({ stage: 'unpack', received: 10 });
  shown.end();
  t.equal(screen.text, '\rdownload: 50 % of 1.0 kB\u001b[K\n\runpack: 10 B\u001b[K\n');
  t.end();
});
