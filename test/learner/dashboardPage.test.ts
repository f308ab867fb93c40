/**
 * The dashboard's page in a browser, while it trains: what the curve shows is what the recorder holds, nobody is kept out, and nothing is asked of
 * another machine. Skipped by name where there is no Chromium.
 */

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import t from 'tap';

import { shortNumber } from '../../lib/charts/numbers.js';
import { AvgStatsCallback, Learner, Recorder, accuracy } from '../../lib/learner/index.js';
import { setNumThreads } from '../../lib/tensor/index.js';
import { drawData, drawModel } from './drawn.js';

setNumThreads(1);

/** What is used here of playwright-core and axe-core, whose own types want those of browsers. */
interface Page {
  goto(url: string): Promise<{ status(): number } | null>;
  evaluate(expression: string): Promise<unknown>;
  waitForFunction(expression: string): Promise<unknown>;
  setDefaultTimeout(milliseconds: number): void;
  on(event: 'console', heard: (message: { text(): string }) => void): void;
  on(event: 'pageerror', heard: (error: Error) => void): void;
  on(event: 'request', heard: (request: { url(): string }) => void): void;
  locator(selector: string): { first(): { focus(): Promise<void> } };
  readonly keyboard: { press(key: string): Promise<void> };
}
interface Browser {
  newPage(options: { colorScheme: 'light' | 'dark'; viewport: { width: number; height: number } }): Promise<Page>;
  close(): Promise<void>;
}
interface Browsers {
  readonly chromium: { launch(options: { executablePath: string; args: string[]; timeout: number }): Promise<Browser> };
}
interface Faults {
  readonly violations: readonly { readonly impact: string; readonly id: string; readonly help: string }[];
}

const load = createRequire(import.meta.url);

/** Whatever happens on a busy machine: nothing here takes more than seconds on an idle one. */
const timeout = 10 * 60_000;

const executablePath = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim())
  .find((path) => path !== '');

const skip = executablePath === undefined ? 'needs Chromium' : false;

const launch = (): Promise<Browser> =>
  (load('playwright-core') as Browsers).chromium.launch({
    executablePath: executablePath!,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    timeout,
  });

/** Everything that a page says and asks for. */
function listened(page: Page): { said: string[]; asked: string[] } {
  const heard = { said: [] as string[], asked: [] as string[] };
  page.setDefaultTimeout(timeout);
  page.on('console', (message) => heard.said.push(message.text()));
  page.on('pageerror', (error) => heard.said.push(error.message));
  page.on('request', (request) => heard.asked.push(request.url()));
  return heard;
}

/** What an expression is worth in the page; as text, since tests are compiled without the names of browsers. */
const seen = <T>(page: Page, expression: string): Promise<T> => page.evaluate(expression) as Promise<T>;

/** The rows of the first table of numbers with this caption in a section. */
const rowsOf = (page: Page, section: string, caption: string): Promise<string[][]> =>
  seen(
    page,
    `(() => {
      const tables = [...document.querySelectorAll('#${section} table')];
      const table = tables.find((one) => one.querySelector('caption').textContent === '${caption}');
      return [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent));
    })()`,
  );

/** The corners of the longest line of the first chart: that of the batches. */
async function cornersOf(page: Page): Promise<number[][]> {
  const paths = await seen<string[]>(
    page,
    `[...document.querySelector('#losses svg').querySelectorAll('path[fill="none"]')].map((path) => path.getAttribute('d'))`,
  );
  const corners = paths.map((path) =>
    [...path.matchAll(/(-?[\d.]+)[ ,](-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
  );
  return corners.sort((a, b) => b.length - a.length)[0] ?? [];
}

const isOver = `document.getElementById('state').textContent === 'The training is over.'`;

async function faultsOf(page: Page): Promise<string[]> {
  await page.evaluate((load('axe-core') as { readonly source: string }).source);
  const { violations } = await seen<Faults>(page, 'axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help }) => `${id}: ${help}`);
}

t.test('a page that is looked at while it trains', { skip }, async (t) => {
  const [recorder, stats] = [new Recorder(), new AvgStatsCallback([accuracy])];
  const learn = new Learner(drawModel(), drawData([8, 8, 8, 3], [5, 2]), { lr: 0.5, cbs: [recorder, stats] });
  learn.logger = () => undefined;
  const out = join(t.testdir(), 'run.html');
  const dashboard = await learn.dashboard({ interval: 0, activationsEvery: 1, out });
  const browser = await launch();
  t.teardown(() => browser.close());
  const page = await browser.newPage({ colorScheme: 'light', viewport: { width: 1280, height: 900 } });
  const heard = listened(page);
  t.equal((await page.goto(dashboard.url!))?.status(), 200);

  await learn.fit(6);
  await page.waitForFunction(isOver);

  const losses = [...recorder.losses];
  t.strictSame(
    await rowsOf(page, 'losses', 'each batch'),
    losses.map((loss, i) => [String(i + 1), shortNumber(loss)]),
  );
  t.strictSame(
    await rowsOf(page, 'losses', 'valid'),
    stats.records.map(({ valid }, i) => [String(4 * (i + 1)), shortNumber(valid!.loss!)]),
  );
  t.strictSame(
    await rowsOf(page, 'rates', 'lr'),
    recorder.lrs.map((lr, i) => [String(i + 1), shortNumber(lr)]),
  );

  const corners = await cornersOf(page);
  t.equal(corners.length, losses.length, 'a corner for each batch');
  const lowest = losses.indexOf(Math.min(...losses));
  const highest = losses.indexOf(Math.max(...losses));
  const [top, bottom] = [corners[highest]![1]!, corners[lowest]![1]!];
  for (const [i, loss] of losses.entries()) {
    const share = (loss - losses[lowest]!) / (losses[highest]! - losses[lowest]!);
    const off = Math.abs(corners[i]![1]! - (bottom + share * (top - bottom)));
    if (off > 0.6) t.fail(`batch ${i + 1} is ${off} pixels away from where its loss lies`);
  }

  t.strictSame(await faultsOf(page), [], 'axe, light');
  await page.keyboard.press('Tab');
  t.equal(await seen(page, 'document.activeElement.textContent'), 'To the figures', 'the first stop skips');
  const numbers = page.locator('#losses summary').first();
  await numbers.focus();
  await page.keyboard.press('Enter');
  t.ok(await seen(page, `document.querySelector('details').open`), 'numbers unfold by the keyboard');
  t.strictSame(await faultsOf(page), [], 'axe, numbers unfolded');

  await learn.fit(2);
  await page.waitForFunction(`${isOver} && document.querySelectorAll('#epochs tbody tr').length === 2`);
  t.ok(await seen(page, `document.querySelector('details').open`), 'and stay so when the page changes');
  t.equal(await seen(page, 'document.activeElement.localName'), 'summary', 'as does the focus');

  const phone = await browser.newPage({ colorScheme: 'dark', viewport: { width: 360, height: 740 } });
  const alsoHeard = listened(phone);
  await phone.goto(dashboard.url!);
  await phone.waitForFunction(`document.querySelector('#losses svg') !== null`);
  t.equal(await seen(phone, 'getComputedStyle(document.body).backgroundColor'), 'rgb(15, 19, 23)');
  t.ok(await seen(phone, 'document.documentElement.scrollWidth <= innerWidth'), 'a phone need not scroll sideways');
  t.strictSame(await faultsOf(phone), [], 'axe, dark');

  await dashboard.close();
  const file = await browser.newPage({ colorScheme: 'dark', viewport: { width: 360, height: 740 } });
  const inFile = listened(file);
  await file.goto(pathToFileURL(out).href);
  t.equal((await rowsOf(file, 'losses', 'each batch')).length, 8, 'the file holds the last fit');
  t.strictSame(await faultsOf(file), [], 'axe, the file');

  const { origin } = new URL(await seen<string>(page, 'location.href'));
  const others = [...heard.asked, ...alsoHeard.asked, ...inFile.asked].filter(
    (url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:') && url !== pathToFileURL(out).href,
  );
  t.strictSame(others, [], 'nothing is asked of anybody else');
  t.strictSame([...heard.said, ...alsoHeard.said, ...inFile.said], [], 'and nothing stands on the console');
});
