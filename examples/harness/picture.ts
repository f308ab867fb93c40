/** The image that a station looks at: one that the user has, the lesson's fish, or one that is drawn. */

import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { Image, TenchError, decodeImage, getFiles, imageExtensions, makeRgb, untarData } from 'tench';

/** The class that the lesson shows. */
const TENCH = 'n01440764';

const ARCHIVE = 'imagenette2-224.tgz';

/**
 * An RGB image.
 *
 * @param data an image file, an archive or a folder of images, a folder that holds the archive of Imagenette, or null for a drawn one
 * @throws TenchError if there is no image
 */
export async function findPicture(data: string | null): Promise<Image> {
  if (data === null) return drawnPicture();
  if (!existsSync(data)) throw new TenchError(`there is no ${data}`, { code: 'ERR_TENCH_FILE' });
  return makeRgb(await decodeImage(await findFile(data)));
}

/** Several RGB images of the same place, each of another folder where there are enough; a file, or none, gives one. */
export async function findPictures(data: string | null, count: number): Promise<Image[]> {
  const folder = data !== null && existsSync(data) ? await findFolder(data) : null;
  if (folder === null) return [await findPicture(data)];
  const files = getFiles(folder, { extensions: imageExtensions, recurse: true });
  const firsts = files.filter((path, i) => i === 0 || dirname(path) !== dirname(files[i - 1]!));
  const chosen = (firsts.length >= count ? firsts : files).slice(0, count);
  return Promise.all(chosen.map(async (path) => makeRgb(await decodeImage(path))));
}

async function findFile(data: string): Promise<string> {
  const folder = await findFolder(data);
  return folder === null ? data : firstOf(folder);
}

/** The folder of images that is meant; null for a file. */
export async function findFolder(data: string): Promise<string | null> {
  if (/\.(tgz|tar|tar\.gz|zip)$/i.test(data)) return untarData(data);
  if (!existsSync(data)) throw new TenchError(`there is no ${data}`, { code: 'ERR_TENCH_FILE' });
  if (!statSync(data).isDirectory()) return null;
  const archive = join(data, ARCHIVE);
  return existsSync(archive) ? untarData(archive) : data;
}

/** The first tench, or the first image of anything. */
function firstOf(folder: string): string {
  const files = getFiles(folder, { extensions: imageExtensions, recurse: true });
  const file = files.find((path) => basename(dirname(path)) === TENCH) ?? files[0];
  if (file === undefined) throw new TenchError(`there is no image in ${folder}`, { code: 'ERR_TENCH_FILE' });
  return file;
}

/** A fish whose scales and the net around it are what a bad resize loses. */
function drawnPicture(): Image {
  const [width, height] = [640, 480];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(colourAt((x - 320) / 240, (y - 240) / 240, x, y), (y * width + x) * 3);
  }
  return new Image({ width, height, channels: 3, data });
}

function colourAt(across: number, down: number, x: number, y: number): [number, number, number] {
  const eye = Math.hypot(across + 0.72, down + 0.08);
  if (eye < 0.035) return [15, 15, 15];
  if (eye < 0.06) return [235, 190, 60];
  const body = Math.hypot(across, down * 2.1);
  const tail = across > 0.75 && across < 1.2 && Math.abs(down) < (across - 0.7) * 0.9;
  if (body < 1 || tail) {
    const scale = Math.cos(x * 0.55 + (Math.floor(y / 9) % 2) * Math.PI) * Math.cos(y * 0.35);
    const light = 105 + 55 * scale - 60 * down;
    return [light * 0.85, light, light * 0.45].map((value) => Math.max(0, Math.min(255, value))) as [
      number,
      number,
      number,
    ];
  }
  const isNet = (x + y) % 12 < 2 || (x - y + 1200) % 12 < 2;
  return isNet ? [225, 225, 215] : [40 + 30 * (down + 1), 90 + 30 * (down + 1), 110 + 25 * (down + 1)];
}
