/**
 * Unpacks wheels side by side, as an installer would, so that the paths between their libraries hold.
 */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { unpackInto } from '../archive.js';
import type { Progress } from '../download.js';
import type { Report } from '../report.js';
import { readLibTorch } from './layout.js';
import { cudaRequirements, type Requirement } from './requirement.js';
import { normaliseProject } from './wheel.js';

/** Unpacks `archive` (a wheel or LibTorch's own archive) into `folder`, beside what is there. */
export async function unpackBeside(archive: string, folder: string, report: Report): Promise<void> {
  await unpackInto(archive, folder, {
    onProgress: (progress) => report.detail(`unpacking: ${describeProgress(progress)}`),
  });
}

/** What the project unpacked in `folder` needs of the CUDA libraries, with these extras asked for; nothing for a CPU build. */
export function neededBeside(folder: string, project: string, extras: string[], architecture: string): Requirement[] {
  if (!readLibTorch(folder).cuda) return [];
  const name = readdirSync(folder).find((entry) => {
    const match = /^(.+?)-[^-]+\.dist-info$/.exec(entry);
    return match !== null && normaliseProject(match[1] ?? '') === project;
  });
  if (name === undefined) return [];
  return cudaRequirements(readFileSync(join(folder, name, 'METADATA'), 'utf8'), extras, architecture);
}

/** `42 % of 187 MB`, or `78 MB` where the whole is not known. */
export function describeProgress({ received, total }: Progress): string {
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  return total ? `${Math.floor((100 * received) / total)} % of ${megabytes(total)}` : megabytes(received);
}
