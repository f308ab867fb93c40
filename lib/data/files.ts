/** Finding files: every file of a folder, or only those with the wanted extensions, always in the same order. */

import { lstatSync, readdirSync, statSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { needFlag, needIterable, needOptions, needPath, needText } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';

/** The image formats that have a MIME type, with the endings that files of each have. */
const imageTypes: Record<string, string> = {
  'image/avif': '.avif .avifs',
  'image/bmp': '.bmp .dib',
  'image/gif': '.gif',
  'image/heic': '.heic',
  'image/heif': '.heif',
  'image/ief': '.ief',
  'image/jp2': '.jp2 .j2k',
  'image/jpeg': '.jpg .jpeg .jpe .jfif',
  'image/jxl': '.jxl',
  'image/png': '.png .apng',
  'image/svg+xml': '.svg',
  'image/tiff': '.tif .tiff',
  'image/vnd.microsoft.icon': '.ico',
  'image/webp': '.webp',
  'image/x-cmu-raster': '.ras',
  'image/x-portable-anymap': '.pnm',
  'image/x-portable-bitmap': '.pbm',
  'image/x-portable-graymap': '.pgm',
  'image/x-portable-pixmap': '.ppm',
  'image/x-rgb': '.rgb',
  'image/x-xbitmap': '.xbm',
  'image/x-xpixmap': '.xpm',
  'image/x-xwindowdump': '.xwd',
};

/** The endings of image files, lower case and with their dot. */
export const imageExtensions: ReadonlySet<string> = new Set(
  Object.values(imageTypes).flatMap((endings) => endings.split(' ')),
);

/** Options of {@link getFiles}. */
export interface GetFilesOptions {
  /** Endings to keep, compared without regard to case (`.jpg`, `.JPEG`); null, undefined or none keeps every file. */
  extensions?: string | Iterable<string> | null;
  /** Also look into folders below. Default false. */
  recurse?: boolean;
  /** Only these folders of the first level, when looking below; files beside them are kept. */
  include?: Iterable<string> | null;
}

/**
 * Lists the files of a folder.
 *
 * Names that begin with a dot are left out, be they files or folders. A link to a file is listed, a link to a folder is not followed.
 * The order is that of the names (by UTF-16 code unit), a folder's own files before those of its folders: it never depends on the file
 * system, so vocabularies, splits and shuffles are the same on every machine.
 *
 * @returns paths that begin with `path` as it was given; empty where nothing matched
 * @throws TenchError if `path` is missing, or is not a folder
 */
export function getFiles(path: string, options: GetFilesOptions = {}): string[] {
  needPath('path', path, 'the path of a folder');
  needOptions('getFiles', options);
  const { extensions = null, recurse = false, include = null } = options;
  needFlag('recurse', recurse);
  const wanted = extensionSet(extensions);
  const kept = include === null ? undefined : textsOf('include', include, 'names of folders');
  const found: string[] = [];
  const folders = readFolder(path, wanted, found);
  if (!recurse) return found;
  const first = kept === undefined ? folders : folders.filter((folder) => kept.has(folder));
  for (const folder of first) walk(join(path, folder), wanted, found);
  return found;
}

function walk(path: string, wanted: ReadonlySet<string> | undefined, found: string[]): void {
  for (const folder of readFolder(path, wanted, found)) walk(join(path, folder), wanted, found);
}

/** Adds the folder's wanted files to `found` and returns the names of its folders, both sorted. */
function readFolder(path: string, wanted: ReadonlySet<string> | undefined, found: string[]): string[] {
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entriesOf(path)) {
    const { name } = entry;
    if (name.startsWith('.')) continue;
    if (entry.isDirectory()) folders.push(name);
    else if ((wanted === undefined || wanted.has(extensionOf(name))) && isFile(path, entry)) files.push(name);
  }
  const prefix = join(path, '/');
  for (const name of files.sort()) found.push(prefix + name);
  return folders.sort();
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new TenchError(`the folder ${path} does not exist`, { code: 'ERR_TENCH_FILE', cause });
    if (code === 'ENOTDIR') throw new TenchError(`${path} is a file, not a folder`, { code: 'ERR_TENCH_FILE', cause });
    throw new TenchError(`the folder ${path} cannot be read: ${(cause as Error).message}`, {
      code: 'ERR_TENCH_FILE',
      cause,
    });
  }
}

/** A file, or a link to one. Some file systems give no types with their names, so those are asked for one by one. */
function isFile(folder: string, entry: Dirent): boolean {
  if (entry.isFile()) return true;
  const known = entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice();
  if (known) return false;
  const path = join(folder, entry.name);
  if (entry.isSymbolicLink()) return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The ending with its dot, lower case; empty for a name without one. */
function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot).toLowerCase();
}

function extensionSet(extensions: GetFilesOptions['extensions']): ReadonlySet<string> | undefined {
  if (extensions === null || extensions === undefined) return undefined;
  const given = textsOf('extensions', extensions, 'endings such as ".jpg"');
  if (given.size === 0) return undefined;
  return new Set(
    [...given].map((extension) => {
      const lower = extension.toLowerCase();
      return lower.startsWith('.') || lower === '' ? lower : `.${lower}`;
    }),
  );
}

/** One text or several. */
function textsOf(argument: string, given: string | Iterable<string>, expected: string): ReadonlySet<string> {
  const texts = new Set(typeof given === 'string' ? [given] : needIterable(argument, given, expected));
  for (const text of texts) needText(argument, text, expected);
  return texts;
}
