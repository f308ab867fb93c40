/** Contact sheets: pictures side by side with words below them, as PNG, as HTML that needs no other file, or in a terminal. */

import { inspect } from 'node:util';

import { dark, light } from '../charts/colours.js';
import { savePicture } from '../charts/save.js';
import { escaped } from '../charts/svg.js';
import {
  needArray,
  needCount,
  needFlag,
  needInRange,
  needNumber,
  needOneOf,
  needOptions,
  needText,
} from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { isTensor, noGrad, tensor, type Tensor } from '../tensor/index.js';
import { Image, type Channels } from './image.js';
import type { ChannelStats } from './normalize.js';
import { layOutSheet, lineHeight, textSize } from './sheetLayout.js';
import { sheetLines } from './sheetTerminal.js';

/** One picture of a {@link ContactSheet}. */
export interface Panel {
  /** What stands below it, in as many lines as it takes; `\n` begins a new one. */
  readonly caption: string;
  /** An Image, or a tensor as {@link toImage} takes it. */
  readonly image: Image | Tensor;
  /** How many pixels of the sheet a pixel of the image takes, along each side. Default 1. */
  readonly zoom?: number;
  /** Sets the caption's colour to that of what is right or wrong. The words should say so, too. */
  readonly tone?: 'right' | 'wrong';
}

/** Options of {@link ContactSheet}: `mean` and `std`, where pictures are normalised tensors. */
export interface ContactSheetOptions extends Partial<ChannelStats> {
  /** Of the page. Default `Contact sheet`. */
  readonly title?: string;
}

/** Beside white, and beside the dark theme's background, by at least 4.5 : 1. */
const tones = { light: { right: '#1a7f37', wrong: '#b42318' }, dark: { right: '#4fc26b', wrong: '#ff9a8d' } } as const;

/** PNG allows more; nobody can look at it. */
const LONGEST_SIDE = 32_000;

/**
 * A tensor as an image.
 *
 * @param x [channels, height, width] with 1 or 3 channels: uint8, or floating-point in units of 0 to 1, what lies outside being cut off
 * @param stats the mean and the standard deviation that it was normalised by, which is undone first
 */
export function toImage(x: Tensor, stats: Partial<ChannelStats> = {}): Image {
  if (!isTensor(x) || x.ndim !== 3 || ![1, 3].includes(x.shape[0]!) || x.numel() === 0)
    throw invalid('x', 'a picture of shape [1 or 3, height, width]', x);
  if (x.dtype !== 'uint8' && !x.isFloatingPoint()) throw invalid('x', 'a picture of dtype uint8 or float', x);
  needOptions('toImage: stats', stats);
  const [channels, height, width] = x.shape as [Channels, number, number];
  return noGrad(() => {
    let pixels = x.detach();
    if (pixels.dtype !== 'uint8') {
      pixels = pixels.to('cpu').to('float32');
      if (stats.std !== undefined) pixels = pixels.mul(ofChannels('std', stats.std, channels));
      if (stats.mean !== undefined) pixels = pixels.add(ofChannels('mean', stats.mean, channels));
      pixels = pixels.mul(255).round().nanToNum(0).clamp(0, 255).to('uint8');
    }
    const data = new Uint8Array(pixels.permute([1, 2, 0]).contiguous().flatten().toTypedArray() as Uint8Array);
    return new Image({ width, height, channels, data });
  });
}

function ofChannels(argument: string, values: readonly number[], channels: number): Tensor {
  const given: readonly unknown[] = needArray(argument, values, 'an array of numbers');
  if ((given.length !== 1 && given.length !== channels) || !given.every((value) => typeof value === 'number'))
    throw invalid(argument, `one number for each of ${channels} channels`, values);
  return tensor(Float64Array.from(values), { dtype: 'float32', shape: [values.length, 1, 1] });
}

/** A panel with its image made. */
export interface Shown {
  readonly caption: string;
  readonly tone: 'right' | 'wrong' | null;
  readonly image: Image;
  readonly width: number;
  readonly height: number;
}

/**
 * Rows of pictures.
 *
 *     await new ContactSheet([[{ caption: 'tench', image }, ...], ...]).save('sheet.png');
 */
export class ContactSheet {
  readonly title: string;
  readonly #rows: readonly (readonly Shown[])[];

  /** @param rows lists of panels, from left to right and from top to bottom */
  constructor(rows: readonly (readonly Panel[])[], options: ContactSheetOptions = {}) {
    needOptions('ContactSheet', options);
    this.title = needText('title', options.title ?? 'Contact sheet');
    for (const name of ['mean', 'std'] as const) {
      const values = options[name];
      if (values !== undefined)
        for (const value of needArray(name, values, 'an array of numbers')) needNumber(name, value);
    }
    this.#rows = needArray('rows', rows, 'a list of lists of panels').map((row) =>
      needArray('rows', row, 'a list of lists of panels').map((panel) => shownPanel(panel, options)),
    );
    if (this.#rows.every((row) => row.length === 0)) throw invalid('rows', 'at least one panel', rows);
  }

  /** How many pictures there are in each row. */
  get counts(): number[] {
    return this.#rows.map((row) => row.length);
  }

  /** The sheet as the bytes of one PNG. */
  async png(options: { readonly theme?: 'light' | 'dark' } = {}): Promise<Uint8Array> {
    needOptions('ContactSheet.png', options);
    const theme = needOneOf('theme', options.theme ?? 'light', ['light', 'dark'] as const);
    const { width, height, placed } = layOutSheet(this.#rows);
    if (width > LONGEST_SIDE || height > LONGEST_SIDE)
      throw new TenchError(
        `a contact sheet of ${width} x ${height} pixels is too large: use fewer pictures, or smaller ones`,
      );
    const { ink, background } = theme === 'dark' ? dark : light;
    const texts = placed.flatMap(({ left, top, panel, lines }) =>
      lines.map((line, i) => {
        const fill = panel.tone === null ? '' : ` fill="${tones[theme][panel.tone]}"`;
        return `<text x="${left}" y="${top + panel.height + textSize + 4 + i * lineHeight}"${fill}>${escaped(line)}</text>`;
      }),
    );
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g font-family="sans-serif" font-size="${textSize}" fill="${ink}">${texts.join('')}</g></svg>`;
    const layers = await Promise.all(
      placed.map(async ({ left, top, panel }) => ({ input: await pngOf(panel), left, top })),
    );
    const { default: sharp } = await import('sharp');
    return sharp({ create: { width, height, channels: 3, background } })
      .composite([...layers, { input: Buffer.from(svg), left: 0, top: 0 }])
      .png()
      .toBuffer();
  }

  /** A `<figure>` with the pictures inside it, for a page, which brings its own styles. */
  async html(): Promise<string> {
    return this.#figure(`<figcaption>${escaped(this.title)}</figcaption>\n`);
  }

  async #figure(caption: string): Promise<string> {
    const rows = await Promise.all(
      this.#rows.map(async (row) => {
        const figures = await Promise.all(row.map(panelHtml));
        return `<div class="row">${figures.join('\n')}</div>`;
      }),
    );
    const tone = (name: 'right' | 'wrong', theme: 'light' | 'dark'): string =>
      `.tench-sheet .${name}{color:${tones[theme][name]}}`;
    const style = `.tench-sheet{margin:0}.tench-sheet .row{display:flex;flex-wrap:wrap;gap:16px;margin-top:16px}.tench-sheet figure{margin:0}.tench-sheet figure figcaption{white-space:pre-line}.tench-sheet img{display:block;image-rendering:pixelated}${tone('right', 'light')}${tone('wrong', 'light')}@media (prefers-color-scheme:dark){${tone('right', 'dark')}${tone('wrong', 'dark')}}`;
    return `<figure class="tench-sheet"><style>${style}</style>\n${caption}${rows.join('\n')}\n</figure>\n`;
  }

  /**
   * The sheet in characters: half blocks with control codes for colours, or shades without.
   *
   * @param options.width columns; default: the terminal's, 80 where there is none, at most 160
   * @param options.colours default: whether stdout is a terminal, `NO_COLOR` is not set, and it is not dumb
   */
  terminal(options: { readonly width?: number; readonly colours?: boolean } = {}): string {
    needOptions('ContactSheet.terminal', options);
    const { isTTY, columns } = process.stdout;
    const width = needCount('width', options.width ?? Math.max(1, Math.min(isTTY ? columns : 80, 160)), 1);
    if (width > 1000) throw invalid('width', 'at most 1000', width);
    const isColoured = isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
    const colours = needFlag('colours', options.colours ?? isColoured);
    return sheetLines(this.title, this.#rows, { width, colours }).join('\n');
  }

  /**
   * Writes the sheet: a `.png`, an `.html` page that needs no other file, or `.txt`. The file is whole or not there.
   *
   * @returns the path
   * @throws TenchError if the file cannot be written
   */
  async save(path: string): Promise<string> {
    return savePicture('path', path, {
      '.png': () => this.png(),
      '.html': async () => pageOf(this.title, await this.#figure('')),
      '.txt': () => `${this.terminal({ width: 100, colours: false })}\n`,
    });
  }

  [inspect.custom](): string {
    return `ContactSheet(${JSON.stringify(this.title)}, rows of ${this.counts.join(', ')} pictures)`;
  }
}

/** A panel as it is shown. */
function shownPanel(panel: Panel, stats: Partial<ChannelStats>): Shown {
  needOptions('rows', panel);
  const zoom = needInRange('rows: zoom', panel.zoom ?? 1, { least: 0.01, most: 100 });
  const tone = panel.tone === undefined ? null : needOneOf('rows: tone', panel.tone, ['right', 'wrong'] as const);
  const image = panel.image instanceof Image ? panel.image : toImage(panel.image, stats);
  const [width, height] = image.size.map((side) => Math.max(1, Math.round(side * zoom))) as [number, number];
  return { caption: needText('rows: caption', panel.caption), tone, image, width, height };
}

async function panelHtml(panel: Shown): Promise<string> {
  const source = `data:image/png;base64,${(await pngOf(panel)).toString('base64')}`;
  const { width, height, tone } = panel;
  const caption = escaped(panel.caption);
  const toned = tone === null ? '' : ` class="${tone}"`;
  const image = `<img width="${width}" height="${height}" alt="${caption.replaceAll('\n', ', ')}" src="${source}">`;
  return `<figure>${image}<figcaption${toned}>${caption}</figcaption></figure>`;
}

function pageOf(title: string, fragment: string): string {
  const rules = (theme: typeof light): string => `color:${theme.ink};background:${theme.background}`;
  const style = `:root{color-scheme:light dark}body{font:15px sans-serif;margin:16px;${rules(light)}}@media (prefers-color-scheme:dark){body{${rules(dark)}}}`;
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${style}</style></head>\n<body><h1>${escaped(title)}</h1>\n${fragment}</body></html>\n`;
}

async function pngOf({ image, width, height }: Shown): Promise<Buffer> {
  const raw = { width: image.width, height: image.height, channels: image.channels };
  const { default: sharp } = await import('sharp');
  return sharp(image.data, { raw }).resize(width, height, { kernel: 'nearest', fit: 'fill' }).png().toBuffer();
}
