/** Pictures in a terminal: two pixels a character as half blocks in colour, or one as a shade. */

import type { Shown } from './contactSheet.js';
import type { Image } from './image.js';

/** From dark to bright on a dark terminal, by how much of a character is ink. */
const shades = ' .:-=+*#%@';

const gap = 2;
/** Columns of a picture. */
const [narrowest, widest] = [12, 32];

export interface SheetTerminalSize {
  readonly width: number;
  readonly colours: boolean;
}

/** Lines of text; of a row of pictures, as many stand beside each other as there is room for. */
export function sheetLines(title: string, rows: readonly (readonly Shown[])[], size: SheetTerminalSize): string[] {
  const { width } = size;
  const most = Math.max(Math.floor((width + gap) / (narrowest + gap)), 1);
  const groups = rows.flatMap((row) => {
    const lines = Math.ceil(row.length / most);
    const beside = Math.ceil(row.length / Math.max(lines, 1));
    return Array.from({ length: lines }, (_, i) => row.slice(i * beside, (i + 1) * beside));
  });
  return [cut(title, width), ...groups.flatMap((group) => ['', ...groupLines(group, size)])].map((line) =>
    line.trimEnd(),
  );
}

function groupLines(group: readonly Shown[], { width, colours }: SheetTerminalSize): string[] {
  const wide = Math.max(1, Math.min(widest, Math.floor((width + gap) / group.length) - gap));
  const cells = group.map((panel) => {
    const image = panel.image;
    const high = Math.max(1, Math.round((wide * image.height) / image.width / 2));
    const picture = colours ? inColours(image, wide, high) : inShades(image, wide, high);
    const words = panel.caption.split('\n').map((line) => cut(line, wide).padEnd(wide));
    return { picture, words };
  });
  const high = Math.max(...cells.map(({ picture }) => picture.length));
  const wordy = Math.max(...cells.map(({ words }) => words.length));
  const blank = ' '.repeat(wide);
  const line = (of: (cell: (typeof cells)[number]) => string | undefined): string =>
    cells.map((cell) => of(cell) ?? blank).join(' '.repeat(gap));
  return [
    ...Array.from({ length: high }, (_, i) => line(({ picture }) => picture[i])),
    ...Array.from({ length: wordy }, (_, i) => line(({ words }) => words[i])),
  ];
}

function inColours(image: Image, wide: number, high: number): string[] {
  const pixels = averaged(image, wide, 2 * high);
  return Array.from({ length: high }, (_, line) => {
    const codes = Array.from({ length: wide }, (_unused, x) => {
      const [above, below] = [pixels[2 * line]![x]!, pixels[2 * line + 1]![x]!];
      return `\u001b[38;2;${above.join(';')};48;2;${below.join(';')}m`;
    });
    return `${codes.map((code, x) => `${code === codes[x - 1] ? '' : code}▀`).join('')}\u001b[0m`;
  });
}

function inShades(image: Image, wide: number, high: number): string[] {
  return averaged(image, wide, high).map((row) =>
    // The luma of ITU-R BT.601, as in JPEG.
    row
      .map(([red, green, blue]) => (0.299 * red + 0.587 * green + 0.114 * blue) / 256)
      .map((luma) => shades[Math.floor(luma * shades.length)]!)
      .join(''),
  );
}

type Colour = readonly [red: number, green: number, blue: number];

/** The image in so many pixels, each the mean of those it stands for. */
function averaged({ width, height, channels, data }: Image, wide: number, high: number): Colour[][] {
  const stretch = (i: number, count: number, size: number): [number, number] => {
    const from = Math.min(Math.floor((i * size) / count), size - 1);
    return [from, Math.max(Math.floor(((i + 1) * size) / count), from + 1)];
  };
  return Array.from({ length: high }, (_, line) => {
    const [top, bottom] = stretch(line, high, height);
    return Array.from({ length: wide }, (_unused, column): Colour => {
      const [left, right] = stretch(column, wide, width);
      const sums = [0, 0, 0];
      for (let y = top; y < bottom; y += 1)
        for (let x = left; x < right; x += 1)
          for (let c = 0; c < 3; c += 1) sums[c]! += data[(y * width + x) * channels + (channels < 3 ? 0 : c)]!;
      const count = (bottom - top) * (right - left);
      return sums.map((sum) => Math.round(sum / count)) as unknown as Colour;
    });
  });
}

/** Control characters would move the cursor. */
const cut = (text: string, width: number): string =>
  Array.from(text.replace(/[\p{Cc}\p{Surrogate}]/gu, ' '))
    .slice(0, width)
    .join('');
