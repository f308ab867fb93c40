/**
 * Lists the wheels of a project on a simple index (PEP 503, PEP 691), on a page of links, or in a folder.
 */

import { randomUUID } from 'node:crypto';
import { readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { downloadFile } from '../download.js';
import { parseWheel, type Wheel } from './wheel.js';

export interface ListOptions {
  /** Folder for the page while it is read. */
  scratch: string;
  /** Milliseconds without a byte after which a server counts as gone. Default 10,000. */
  silenceMs?: number;
}

/** The wheels that `index` has of `project`. Throws what `downloadFile` throws, e.g. for a silent server. */
export async function listIndex(index: URL, project: string, options: ListOptions): Promise<Wheel[]> {
  const page = new URL(`${project}/`, index);
  // On a disk an index is a folder of folders; a server adds index.html itself.
  return listPage(page, page.protocol === 'file:' ? new URL('index.html', page) : page, options);
}

/** The wheels of any project that a page links to, or that lie in a folder. */
export async function listLinks(links: URL, options: ListOptions): Promise<Wheel[]> {
  if (links.protocol === 'file:') {
    const path = fileURLToPath(links);
    if ((await stat(path)).isDirectory()) {
      const names = await readdir(path);
      return names.flatMap((name) => parseWheel(pathToFileURL(join(path, name))) ?? []);
    }
  }
  return listPage(links, links, options);
}

async function listPage(base: URL, address: URL, { scratch, silenceMs }: ListOptions): Promise<Wheel[]> {
  const file = join(scratch, `page-${randomUUID()}`);
  try {
    await downloadFile(address, file, { retries: 1, silenceMs });
    return parsePage(await readFile(file, 'utf8'), base);
  } finally {
    await rm(file, { force: true });
  }
}

/** Reads a page in either of its forms; withdrawn files are left out. */
export function parsePage(text: string, base: URL): Wheel[] {
  return text.trimStart().startsWith('{') ? parseJson(text, base) : parseHtml(text, base);
}

function parseJson(text: string, base: URL): Wheel[] {
  const page = JSON.parse(text) as {
    files?: { url: string; hashes?: { sha256?: string }; yanked?: boolean | string }[];
  };
  return (page.files ?? [])
    .filter((file) => !file.yanked)
    .flatMap((file) => parseWheel(new URL(file.url, base), file.hashes?.sha256) ?? []);
}

function parseHtml(text: string, base: URL): Wheel[] {
  const anchors = [...text.matchAll(/<a\s([^>]*)>/gi)].map((match) => match[1] ?? '');
  return anchors.flatMap((attributes) => {
    const href = /href\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(attributes);
    if (!href || /\bdata-yanked\b/i.test(attributes)) return [];
    const url = new URL(unescapeHtml(href[1] ?? href[2] ?? ''), base);
    const sha256 = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1];
    url.hash = '';
    return parseWheel(url, sha256) ?? [];
  });
}

function unescapeHtml(text: string): string {
  return text.replaceAll('&#43;', '+').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
