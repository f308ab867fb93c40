/** Contact sheets: pictures side by side with words below them, as one PNG or as one HTML page that needs no other file. */

import { writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';

import { needArray, needInRange, needNumber, needOptions, needPath, needText } from '../tensor/checks.js';
import { TenchError, invalid } from '../tensor/errors.js';
import { isTensor, noGrad, tensor, type Tensor } from '../tensor/index.js';
import { Image, type Channels } from './image.js';
import type { ChannelStats } from './normalize.js';

/** One picture of a {@link ContactSheet}. */
export interface Panel {
  /** What stands below it. */
  readonly caption: string;
  /** An Image, or a tensor as {@link toImage} takes it. */
  readonly image: Image | Tensor;
  /** How many pixels of the sheet a pixel of the image takes, along each side. Default 1. */
  readonly zoom?: number;
}

/** Options of {@link ContactSheet}: `mean` and `std`, where pictures are normalised tensors. */
export interface ContactSheetOptions extends Partial<ChannelStats> {
  /** Of the page. Default `Contact sheet`. */
  readonly title?: string;
}

const GAP = 16;
const CAPTION = 26;

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
interface Shown {
  readonly caption: string;
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
  async png(): Promise<Uint8Array> {
    const placed: { left: number; top: number; panel: Shown }[] = [];
    let [width, top] = [0, GAP];
    for (const row of this.#rows) {
      let left = GAP;
      for (const panel of row) {
        placed.push({ left, top, panel });
        left += panel.width + GAP;
      }
      width = Math.max(width, left);
      top += Math.max(0, ...row.map(({ height }) => height)) + CAPTION + GAP;
    }
    if (width > LONGEST_SIDE || top > LONGEST_SIDE)
      throw new TenchError(
        `a contact sheet of ${width} x ${top} pixels is too large: use fewer pictures, or smaller ones`,
      );
    const texts = placed.map(({ left, top: y, panel: { height, caption } }) => {
      return `<text x="${left}" y="${y + height + 19}">${escaped(caption)}</text>`;
    });
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}"><g font-family="sans-serif" font-size="15" fill="#222">${texts.join('')}</g></svg>`;
    const layers = await Promise.all(
      placed.map(async ({ left, top: y, panel }) => ({ input: await pngOf(panel), left, top: y })),
    );
    const { default: sharp } = await import('sharp');
    return sharp({ create: { width, height: top, channels: 3, background: '#ffffff' } })
      .composite([...layers, { input: Buffer.from(svg), left: 0, top: 0 }])
      .png()
      .toBuffer();
  }

  /** The sheet as a page, with the pictures inside it. */
  async html(): Promise<string> {
    const rows = await Promise.all(
      this.#rows.map(async (row) => {
        const figures = await Promise.all(
          row.map(async (panel) => {
            const source = `data:image/png;base64,${(await pngOf(panel)).toString('base64')}`;
            const { width, height } = panel;
            const caption = escaped(panel.caption);
            return `<figure><img width="${width}" height="${height}" alt="${caption}" src="${source}"><figcaption>${caption}</figcaption></figure>`;
          }),
        );
        return `<div>${figures.join('\n')}</div>`;
      }),
    );
    const style =
      'body{font:15px sans-serif;color:#222;margin:16px}div{display:flex;flex-wrap:wrap;gap:16px;margin-bottom:16px}figure{margin:0}img{display:block;image-rendering:pixelated}';
    const title = escaped(this.title);
    return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${style}</style></head>\n<body><h1>${title}</h1>\n${rows.join('\n')}\n</body></html>\n`;
  }

  /**
   * Writes the sheet.
   *
   * @param path ends in `.png` or `.html`
   * @throws TenchError if the file cannot be written
   */
  async save(path: string): Promise<void> {
    const kind = /\.(png|html)$/i.exec(needPath('path', path))?.[1]?.toLowerCase();
    if (kind === undefined) throw invalid('path', 'a path that ends in .png or .html', path);
    const content = kind === 'png' ? await this.png() : await this.html();
    try {
      await writeFile(path, content);
    } catch (cause) {
      throw new TenchError(`${path} cannot be written: ${(cause as Error).message}`, { cause, code: 'ERR_TENCH_FILE' });
    }
  }

  [inspect.custom](): string {
    return `ContactSheet(${JSON.stringify(this.title)}, rows of ${this.counts.join(', ')} pictures)`;
  }
}

/** A panel as it is shown. */
function shownPanel(panel: Panel, stats: Partial<ChannelStats>): Shown {
  needOptions('rows', panel);
  const zoom = needInRange('rows: zoom', panel.zoom ?? 1, { least: 0.01, most: 100 });
  const image = panel.image instanceof Image ? panel.image : toImage(panel.image, stats);
  const [width, height] = image.size.map((side) => Math.max(1, Math.round(side * zoom))) as [number, number];
  return { caption: needText('rows: caption', panel.caption), image, width, height };
}

async function pngOf({ image, width, height }: Shown): Promise<Buffer> {
  const raw = { width: image.width, height: image.height, channels: image.channels };
  const { default: sharp } = await import('sharp');
  return sharp(image.data, { raw }).resize(width, height, { kernel: 'nearest', fit: 'fill' }).png().toBuffer();
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
