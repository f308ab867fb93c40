/** A chart in each of its forms shows what its description holds. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { DOMParser, type Element } from '@xmldom/xmldom';
import sharp from 'sharp';
import t from 'tap';

import { Chart, type ChartOptions } from '../../lib/charts/index.js';
import { TenchError } from '../../lib/tensor/index.js';

/** The root of a document that is well-formed; anything else throws. */
function parse(xml: string): Element {
  const onError = (level: string, message: string): void => {
    throw new Error(`${level}: ${message}`);
  };
  return new DOMParser({ onError }).parseFromString(xml, 'image/svg+xml').documentElement!;
}

const all = (root: Element, tag: string): Element[] => Array.from(root.getElementsByTagName(tag));
const textsOf = (root: Element): string[] => all(root, 'text').map((text) => text.textContent ?? '');
const strokes = (root: Element, colour: string): Element[] =>
  all(root, 'path').filter((path) => path.getAttribute('stroke') === colour && path.getAttribute('fill') === 'none');

/** The corners of a path, in pixels. */
const cornersOf = (path: Element): [number, number][] =>
  [...(path.getAttribute('d') ?? '').matchAll(/[ML]?(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);

const loss: ChartOptions = {
  title: 'Loss & <accuracy>',
  description: 'Both get better.',
  x: { label: 'epoch' },
  y: { label: 'loss', log: true },
  series: [
    { kind: 'line', name: 'train', y: [1, 0.1, 0.01] },
    { kind: 'line', name: 'valid', y: new Float32Array([1, 0.5, 0.25]) },
  ],
};

t.test('the SVG says what it is, and has the texts and a line for each series', async (t) => {
  const root = parse(await new Chart(loss).svg());
  t.equal(root.getAttribute('role'), 'img');
  const [title, text] = [root.getAttribute('aria-labelledby'), root.getAttribute('aria-describedby')];
  t.equal(all(root, 'title').find((one) => one.getAttribute('id') === title)?.textContent, 'Loss & <accuracy>');
  const spoken = all(root, 'desc').find((one) => one.getAttribute('id') === text)?.textContent;
  t.match(spoken, /^Both get better\. Lines of train, valid; epoch \(x\) from 0 to 2, loss \(y\) from 0\.01 to 1, log/);
  const shown = textsOf(root);
  for (const label of ['Loss & <accuracy>', 'epoch', 'loss', 'train', 'valid', '0.01', '0.1', '1'])
    t.ok(shown.includes(label), label);
  const [train] = strokes(root, '#0072b2').filter((path) => path.hasAttribute('stroke-linejoin'));
  const [first, second, third] = cornersOf(train!);
  t.ok(Math.abs(first![1] - 2 * second![1] + third![1]) < 0.5, 'equal factors are equally far apart on a log axis');
  t.equal(all(root, 'script').length, 0);
});

t.test('one chart gives one text; ids of different charts differ', async (t) => {
  const idOf = (svg: string): string => parse(svg).getAttribute('id')!;
  const one = await new Chart(loss).svg();
  t.equal(await new Chart(JSON.parse(JSON.stringify(new Chart(loss))) as ChartOptions).svg(), one, 'also from JSON');
  const other = await new Chart({ ...loss, title: 'Loss' }).svg();
  t.not(idOf(one), idOf(other));
  const ids = [...`${one}${other}`.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  t.equal(new Set(ids).size, ids.length, 'so both can stand in one page');
  t.notMatch(one, /zr\d|ecmeta|:hover/);
});

t.test('in the dark every colour is another one', async (t) => {
  const chart = new Chart(loss);
  const colours = (svg: string): Set<string> =>
    new Set(svg.replace(/<style>[^]*?<\/style>/, '').match(/#[\da-f]{6}\b/g));
  const [light, dark] = [colours(await chart.svg({ theme: 'light' })), colours(await chart.svg({ theme: 'dark' }))];
  t.ok(light.size >= 6);
  t.strictSame(
    [...light].filter((colour) => dark.has(colour)),
    [],
  );
  t.match(await chart.svg(), /<style>@media \(prefers-color-scheme:dark\)/);
  t.notMatch(await chart.svg({ theme: 'light' }), /<style>/);
  const corner = async (theme: 'light' | 'dark'): Promise<number[]> => {
    const pixels = await sharp(await chart.png({ theme }))
      .removeAlpha()
      .extract({ left: 2, top: 2, width: 1, height: 1 })
      .raw()
      .toBuffer();
    return [...pixels];
  };
  t.strictSame(await corner('light'), [0xff, 0xff, 0xff]);
  t.strictSame(await corner('dark'), [0x0f, 0x13, 0x17]);
});

/** How light a colour is to the eye, from 0 to 1 (WCAG 2.2). */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((i) => {
    const value = parseInt(colour.slice(i, i + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

t.test('lines and texts stand out from their background', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const chart = new Chart({ title: 'Six', series: names.map((name, i) => ({ kind: 'line', name, y: [i, i + 1] })) });
  for (const theme of ['light', 'dark'] as const) {
    const root = parse(await chart.svg({ theme }));
    const background = luminance(all(root, 'rect')[0]!.getAttribute('fill')!);
    const contrast = (colour: string): number => {
      const [dark, bright] = [background, luminance(colour)].sort((a, b) => a - b) as [number, number];
      return (bright + 0.05) / (dark + 0.05);
    };
    const lines = new Set(
      all(root, 'path')
        .filter((path) => path.hasAttribute('stroke-linejoin'))
        .map((path) => path.getAttribute('stroke')!),
    );
    t.equal(lines.size, 6);
    for (const colour of lines) t.ok(contrast(colour) >= 3, `${theme} ${colour}: ${contrast(colour).toFixed(1)}`);
    for (const text of all(root, 'text'))
      t.ok(contrast(text.getAttribute('fill')!) >= 4.5, `${theme} ${text.textContent}`);
  }
  t.ok(new Set((await chart.svg()).match(/stroke-dasharray="[^"]*"/g)).size >= 3, 'and are told apart without colours');
});

const hostile: Record<string, ChartOptions> = {
  'nothing at all': { title: '', series: [] },
  'no values': { title: 'Empty', series: [{ kind: 'line', name: 'loss', y: [] }] },
  'no finite value': { title: 'Bad', series: [{ kind: 'scatter', name: 'loss', y: [NaN, Infinity, -Infinity, null] }] },
  'no finite histogram': { title: 'Bad', series: [{ kind: 'histogram', name: 'loss', values: [NaN] }] },
  'no cells': { title: 'Empty', series: [{ kind: 'heatmap', name: 'loss', rows: [] }] },
  'nothing above 0 on a log axis': {
    title: 'Log',
    y: { log: true },
    series: [{ kind: 'line', name: 'loss', y: [0, -1] }],
  },
};

t.test('titles that XML cannot hold are mended', async (t) => {
  const title = 'a\u0000b\u001b[1mc\ud800d\uffff';
  const chart = new Chart({ title, x: { label: title }, series: [{ kind: 'line', name: title, y: [1] }] });
  t.match(parse(await chart.svg()).textContent, 'b');
  t.ok((await chart.png()).length > 0);
  t.notMatch(chart.terminal(), /[^\P{Cc}\n]/u, 'no control code but ends of lines');
});

t.test('what cannot be shown is said in every form', async (t) => {
  for (const [name, options] of Object.entries(hostile)) {
    const chart = new Chart(options);
    const svg = await chart.svg();
    t.ok(textsOf(parse(svg)).includes('no data'), name);
    t.notMatch(svg, /NaN\D|Infinity|undefined/, name);
    t.match(chart.terminal(), '(no data)', name);
  }
  const gap = new Chart({ title: 'Gap', series: [{ kind: 'line', name: 'loss', y: [1, NaN, 3, 4, Infinity, 2] }] });
  const root = parse(await gap.svg());
  t.ok(textsOf(root).includes('2 values left out'));
  t.match(gap.terminal(), '2 values have no place here');
  const [line] = strokes(root, '#0072b2').filter((path) => path.hasAttribute('stroke-linejoin'));
  t.equal(line!.getAttribute('d')!.match(/M/g)?.length, 3, 'the line is broken where a value is missing');
});

t.test('single points, equal values and the largest numbers are drawn', async (t) => {
  const values = [[3], [0], [1e-7, 1e-7], [1, 1 + 1e-15], [1e299, -1e299], [5e-324, 1e-320], [1e300, 1e308]];
  for (const y of values) {
    for (const log of [false, true]) {
      const chart = new Chart({ title: 'Odd', y: { log }, series: [{ kind: 'line', name: 'loss', y }] });
      t.notMatch(await chart.svg(), /[ "(,]-?(NaN|Infinity)/, `${String(y)} ${log}`);
      t.notMatch(chart.terminal(), /NaN|Infinity/, `${String(y)} ${log}`);
    }
  }
});

t.test('a histogram counts every finite value', async (t) => {
  const values = [...Array.from({ length: 1000 }, (_, i) => i / 1000), NaN];
  const chart = new Chart({ title: 'Even', series: [{ kind: 'histogram', name: 'values', values, bins: 10 }] });
  const rows = [...(await chart.html()).matchAll(/<tr><td>([^<]*)<\/td><td>([^<]*)<\/td><td>([^<]*)<\/td><\/tr>/g)];
  t.equal(rows.length, 10);
  t.equal(
    rows.reduce((sum, row) => sum + Number(row[3]), 0),
    1000,
  );
  t.match(chart.terminal({ width: 40, height: 4 }), /█{30}/);
});

t.test('thinning keeps what stands out', async (t) => {
  const y = new Float64Array(100_000).fill(1);
  y[77_777] = 50;
  const chart = new Chart({ title: 'Long', series: [{ kind: 'line', name: 'loss', y }] });
  const svg = await chart.svg();
  t.ok(svg.length < 100_000, `${svg.length} characters`);
  const [line] = strokes(parse(svg), '#0072b2').filter((path) => path.hasAttribute('stroke-linejoin'));
  const heights = cornersOf(line!).map(([, up]) => up);
  t.ok(Math.max(...heights) - Math.min(...heights) > 200, 'the one value that is apart is drawn');
  t.match(await chart.html(), /50 of 100000 rows/);
});

t.test('a heat map has its cells where its rows are, the first at the bottom', async (t) => {
  const rows = [
    [0, 0, 0],
    [0, 0, 9],
  ];
  const chart = new Chart({ title: 'Heat', series: [{ kind: 'heatmap', name: 'count', rows, x: [0, 3], y: [0, 2] }] });
  const root = parse(await chart.svg());
  const tops = all(root, 'path').filter((path) => path.getAttribute('fill') === 'rgb(253,231,37)');
  t.equal(tops.length, 1, 'one cell has the largest value');
  const lows = all(root, 'path').filter((path) => path.getAttribute('fill') === 'rgb(68,1,84)');
  const middle = (path: Element): [number, number] => {
    const corners = cornersOf(path);
    return [corners[0]![0], corners[0]![1]];
  };
  t.ok(
    lows.every((low) => middle(low)[0] <= middle(tops[0]!)[0] && middle(low)[1] >= middle(tops[0]!)[1]),
    'at the upper right',
  );
  const lines = chart.terminal({ width: 32, height: 2 }).split('\n');
  t.match(lines[2], /░+█+$/);
  t.notMatch(lines[3], '█');
});

const confusion: ChartOptions = {
  title: 'Confusion matrix',
  x: { label: 'predicted', names: ['cat', 'dog', 'a very long name of a class'] },
  y: { label: 'actual', names: ['dog', 'cat'] },
  series: [
    {
      kind: 'heatmap',
      name: 'count',
      rows: [
        [3, 41, 5],
        [62, 7, 8],
      ],
      numbered: true,
    },
  ],
};

t.test('axes may have names, and cells their numbers', async (t) => {
  const chart = new Chart(confusion);
  const root = parse(await chart.svg());
  const words = all(root, 'text').map((text) => text.textContent);
  for (const word of ['cat', 'dog', 'a very long name of…', '3', '41', '5', '62', '7', '8'])
    t.ok(words.includes(word), word);
  const ink = (word: string): string =>
    all(root, 'text')
      .find((text) => text.textContent === word)!
      .getAttribute('fill')!;
  t.strictSame([ink('62'), ink('3')], ['#0a0a0a', '#fefefe'], 'dark letters on pale cells, pale ones on dark cells');
  const html = parse(`<div>${await chart.html()}</div>`);
  t.strictSame(
    all(html, 'th')
      .map((cell) => cell.textContent)
      .slice(1),
    ['cat', 'dog', 'a very long name of a class', 'dog', 'cat'],
  );
  const lines = chart.terminal({ width: 60 }).split('\n');
  t.strictSame(
    lines.slice(-2).map((line) => line.split(/ +/)),
    [
      ['cat', '62', '7', '8'],
      ['dog', '3', '41', '5'],
    ],
  );
  const plain = { ...confusion, series: [{ ...confusion.series![0]!, numbered: false }] } as ChartOptions;
  t.match(new Chart(plain).terminal({ width: 30 }), /cat ┤█/, 'shades without numbers');
  t.throws(() => new Chart({ ...confusion, x: { names: [] } }), { message: /1 to 1000 names for `Chart: x.names`/ });
  t.throws(() => new Chart({ ...confusion, x: { names: ['a'], log: true } }), { message: /without `log`/ });
});

t.test('a faint line is grey, and leaves its colour to the others', async (t) => {
  const series = [
    { kind: 'line', name: 'each batch', y: [3, 1, 2], faint: true },
    { kind: 'line', name: 'train', y: [3, 2, 2] },
  ] as const;
  const chart = new Chart({ title: 'Loss', series });
  const root = parse(await chart.svg());
  t.ok(strokes(root, '#0072b2').length > 0, 'the first colour is that of the other line');
  t.equal(strokes(root, '#d55e00').length, 0);
  t.match(chart.terminal({ width: 40, height: 5 }), /· each batch {3}× train/);
  t.throws(() => new Chart({ title: 'x', series: [{ kind: 'scatter', name: 'a', y: [1], faint: true }] }), {
    message: /a line for `Chart: a.faint`/,
  });
});

t.test('the terminal form fits any width', (t) => {
  const charts = [
    ...Object.values(hostile),
    loss,
    confusion,
    {
      title: 'x'.repeat(300),
      x: { label: 'y'.repeat(300) },
      series: [{ kind: 'line', name: 'z'.repeat(300), y: [1, 2] }],
    },
    {
      title: 'Heat',
      series: [
        {
          kind: 'heatmap',
          name: 'count',
          rows: [
            [1, 2],
            [3, 4],
          ],
        },
      ],
    },
  ] as ChartOptions[];
  for (const options of charts) {
    for (let width = 1; width < 130; width += 1) {
      const lines = new Chart(options).terminal({ width, height: 3 }).split('\n');
      if (lines.some((line) => Array.from(line).length > width))
        t.fail(`${options.title} at ${width}: ${lines.join('\n')}`);
    }
  }
  const drawn = new Chart(loss).terminal({ width: 60, height: 9 });
  t.notMatch(drawn, /[^\P{Cc}\n]/u, 'no control code but ends of lines');
  t.match(drawn, /• train {3}× valid/);
  const rows = drawn.split('\n').filter((line) => /[┤│]/.test(line));
  t.match(rows.at(-1), /•$/, 'the line that falls by two powers of ten ends at the lower right');
  t.match(
    rows.find((row) => row.includes('××') && row.endsWith('×')),
    /×$/,
  );
  t.end();
});

t.test('the HTML holds picture, description and numbers', async (t) => {
  const root = parse(`<div>${await new Chart(loss).html()}</div>`);
  t.equal(all(root, 'figcaption')[0]?.textContent, 'Both get better.');
  t.equal(all(root, 'svg').length, 1);
  t.strictSame(
    all(root, 'caption').map((caption) => caption.textContent),
    ['train', 'valid'],
  );
  t.strictSame(
    all(root, 'td').map((cell) => cell.textContent),
    ['0', '1', '1', '0.1', '2', '0.01', '0', '1', '1', '0.5', '2', '0.25'],
  );
});

t.test('files are written whole, in the form of their extension', async (t) => {
  const folder = t.testdir();
  const chart = new Chart(loss);
  const at = (name: string): string => join(folder, name);
  t.equal(await chart.save(at('loss.svg')), at('loss.svg'));
  t.equal(readFileSync(at('loss.svg'), 'utf8'), await chart.svg());
  await chart.save(at('loss.png'), { width: 400, height: 300 });
  t.match(await sharp(at('loss.png')).metadata(), { format: 'png', width: 800, height: 600 });
  await chart.save(at('loss.html'));
  t.match(readFileSync(at('loss.html'), 'utf8'), /^<figure/);
  await chart.save(at('loss.txt'));
  t.match(readFileSync(at('loss.txt'), 'utf8'), '• train');
  t.strictSame(
    readdirSync(folder).sort(),
    ['loss.html', 'loss.png', 'loss.svg', 'loss.txt'],
    'and nothing beside them',
  );
  await t.rejects(chart.save(at('missing/loss.svg')), { constructor: TenchError, message: /cannot write .*missing/ });
});

t.test('the PNG is not empty: there is ink, and the lines have their colours', async (t) => {
  const { data, info } = await sharp(await new Chart(loss).png({ scale: 1 }))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const count = (red: number, green: number, blue: number): number => {
    let found = 0;
    for (let i = 0; i < data.length; i += info.channels)
      if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) found += 1;
    return found;
  };
  t.ok(count(0x00, 0x72, 0xb2) > 100, 'blue');
  t.ok(count(0xd5, 0x5e, 0x00) > 100, 'orange');
  t.ok(count(0x1b, 0x1f, 0x24) > 20, 'the title');
});

t.test('a chart prints itself', (t) => {
  t.equal(inspect(new Chart(loss)), "Chart 'Loss & <accuracy>' (line 'train', line 'valid')");
  t.equal(inspect(new Chart({ title: 'Empty', series: [] })), "Chart 'Empty' (no series)");
  t.end();
});
