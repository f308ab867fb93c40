/** Chart: one description, and the forms in which it is looked at: SVG, PNG, HTML, a terminal, a file. */

import { inspect } from 'node:util';

import { needCount, needInRange, needOneOf, needOptions } from '../tensor/checks.js';
import { invalid } from '../tensor/errors.js';
import { describeChart, type ChartOptions, type Described, type Panel } from './describe.js';
import { toFragment } from './fragment.js';
import { savePicture } from './save.js';
import { renderSvg, type ThemeName } from './svg.js';
import { drawTerminal } from './terminal.js';

/** How large a picture is, and for which surroundings. */
export interface PictureOptions {
  /** CSS pixels; default: 680, with several columns 460 each. */
  readonly width?: number;
  /** CSS pixels; default: what the width and the number of rows make. */
  readonly height?: number;
  /** `auto` (SVG and HTML only, their default) is light, and dark where the viewer prefers that; default for PNG `light`. */
  readonly theme?: ThemeName;
}

const smallest = 120;
const largest = 10_000;

/**
 * A chart of one or several panels with lines, points, histograms or heat maps.
 *
 * Values that are no finite numbers are left out of the picture, and it says how many; a chart of nothing says `no data`.
 *
 * @example
 *   const chart = new Chart({
 *     title: 'Loss',
 *     x: { label: 'epoch' },
 *     y: { label: 'loss', log: true },
 *     series: [{ kind: 'line', name: 'train', y: [2.3, 1.1, 0.7] }],
 *   });
 *   console.log(chart.terminal());
 *   await chart.save('loss.svg');
 */
export class Chart implements Described {
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
  readonly columns: number;

  /** @throws ArgumentError for anything but a description, by the name of what is wrong */
  constructor(options: ChartOptions) {
    const { title, description, panels, columns } = describeChart(options);
    this.title = title;
    this.description = description;
    this.panels = panels;
    this.columns = columns;
  }

  /** The picture as text: a whole SVG file, which can also stand in an HTML page, as often as one likes. */
  async svg(options: PictureOptions = {}): Promise<string> {
    const { width, height, theme = 'auto' } = needPicture('Chart.svg', options, ['auto', 'light', 'dark']);
    return renderSvg(this, { width, height }, theme);
  }

  /**
   * The picture in pixels.
   *
   * @param options.scale pixels of the picture to one of CSS, along each side; default 2
   */
  async png(options: PictureOptions & { readonly scale?: number } = {}): Promise<Buffer> {
    const { width, height, theme = 'light' } = needPicture('Chart.png', options, ['light', 'dark']);
    const scale = needInRange('Chart.png: scale', options.scale ?? 2, { least: 0.25, most: 8 });
    const svg = await renderSvg(this, { width, height }, theme);
    const { default: sharp } = await import('sharp');
    return sharp(Buffer.from(svg), { density: 72 * scale, limitInputPixels: (largest * 8) ** 2 })
      .png()
      .toBuffer();
  }

  /** A `<figure>` with the picture, the description, and the numbers as tables: for a page, which brings its own styles. */
  async html(options: PictureOptions = {}): Promise<string> {
    const { width, height, theme = 'auto' } = needPicture('Chart.html', options, ['auto', 'light', 'dark']);
    return toFragment(this, await renderSvg(this, { width, height }, theme));
  }

  /**
   * The chart in characters, without colours.
   *
   * @param options.width columns; default: the terminal's, 80 where there is none, at most 100
   * @param options.height lines of the inside of each panel; default 13
   */
  terminal(options: { readonly width?: number; readonly height?: number } = {}): string {
    needOptions('Chart.terminal', options);
    const columns = process.stdout.isTTY ? process.stdout.columns : 80;
    const width = needCount('Chart.terminal: width', options.width ?? Math.max(Math.min(columns, 100), 1), 1);
    const height = needCount('Chart.terminal: height', options.height ?? 13, 1);
    if (width > largest) throw invalid('Chart.terminal: width', `at most ${largest}`, width);
    if (height > largest) throw invalid('Chart.terminal: height', `at most ${largest}`, height);
    return drawTerminal(this, { width, height }).join('\n');
  }

  /**
   * Writes a file in the form that its extension names: `.svg`, `.png`, `.html` (a fragment) or `.txt` (the terminal's form). The file is whole or not there.
   *
   * @returns the path
   * @throws TenchError if it cannot be written
   */
  async save(path: string, options: PictureOptions = {}): Promise<string> {
    return savePicture('Chart.save: path', path, {
      '.svg': () => this.svg(options),
      '.png': () => this.png(options),
      '.html': () => this.html(options),
      '.txt': () => {
        needPicture('Chart.save', options, ['auto', 'light', 'dark']);
        return `${this.terminal({ width: 100 })}\n`;
      },
    });
  }

  [inspect.custom](): string {
    const kinds = this.panels.flatMap(({ series }) => series.map(({ name, kind }) => `${kind} ${inspect(name)}`));
    const more = kinds.length > 6 ? `, ${kinds.length - 6} more` : '';
    return `Chart ${inspect(this.title)} (${kinds.slice(0, 6).join(', ') || 'no series'}${more})`;
  }
}

function needPicture(where: string, options: PictureOptions, themes: readonly ThemeName[]): PictureOptions {
  needOptions(where, options);
  const { width, height, theme } = options;
  for (const [name, size] of Object.entries({ width, height })) {
    if (size === undefined) continue;
    needCount(`${where}: ${name}`, size, smallest);
    if (size > largest) throw invalid(`${where}: ${name}`, `at most ${largest}`, size);
  }
  if (theme !== undefined) needOneOf(`${where}: theme`, theme, themes);
  return options;
}
