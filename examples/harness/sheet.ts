/** Images side by side with captions, in one PNG. */

import sharp from 'sharp';

import { TenchError, type Image } from 'tench';

export interface Panel {
  readonly caption: string;
  readonly image: Image;
  /** How many pixels of the picture a pixel of the image takes, along each side. Default 1. */
  readonly zoom?: number;
}

const GAP = 16;
const CAPTION = 26;

const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * Writes rows of panels.
 *
 * @throws TenchError if the file cannot be written
 */
export async function writeSheet(path: string, rows: readonly (readonly Panel[])[]): Promise<void> {
  const placed: { left: number; top: number; width: number; height: number; panel: Panel }[] = [];
  let [width, top] = [0, GAP];
  for (const row of rows) {
    let left = GAP;
    let tallest = 0;
    for (const panel of row) {
      const zoom = panel.zoom ?? 1;
      const size = { width: panel.image.width * zoom, height: panel.image.height * zoom };
      placed.push({ left, top, ...size, panel });
      left += size.width + GAP;
      tallest = Math.max(tallest, size.height);
    }
    width = Math.max(width, left);
    top += tallest + CAPTION + GAP;
  }
  const texts = placed.map(({ left, top: y, height, panel }) => {
    return `<text x="${left}" y="${y + height + 19}">${escaped(panel.caption)}</text>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${top}"><g font-family="sans-serif" font-size="15" fill="#222">${texts.join('')}</g></svg>`;
  const layers = await Promise.all(
    placed.map(async ({ left, top: y, width: wide, height: high, panel: { image } }) => {
      const { width: w, height: h, channels } = image;
      const pixels = sharp(image.data, { raw: { width: w, height: h, channels } });
      return { input: await pixels.resize(wide, high, { kernel: 'nearest' }).png().toBuffer(), left, top: y };
    }),
  );
  try {
    await sharp({ create: { width, height: top, channels: 3, background: '#ffffff' } })
      .composite([...layers, { input: Buffer.from(svg), left: 0, top: 0 }])
      .png()
      .toFile(path);
  } catch (cause) {
    throw new TenchError(`${path} cannot be written: ${(cause as Error).message}`, { cause });
  }
}
