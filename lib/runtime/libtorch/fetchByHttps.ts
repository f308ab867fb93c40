/**
 * Fetches LibTorch without Python: the official archive, or the wheels of a simple index.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { downloadFile } from '../download.js';
import { TenchError } from '../errors.js';
import { glibcVersion, wheelArchitecture } from '../platform.js';
import type { Report } from '../report.js';
import type { PackageSources } from './pipConfiguration.js';
import type { Requirement } from './requirement.js';
import { listIndex, listLinks } from './simpleIndex.js';
import { describeProgress, neededBeside, unpackBeside } from './unpack.js';
import { pinnedVersion } from './version.js';
import { chooseTorch, compareReleases, suits, type Machine, type Wheel } from './wheel.js';

export interface HttpsOptions {
  /** Folder for what is being downloaded; what is in it is taken up again after a break. */
  downloads: string;
  cuda: boolean;
  report: Report;
  /** Milliseconds without a byte after which a server counts as gone. Default 10,000. */
  silenceMs?: number;
}

/** Fetches the official archive at `address` and unpacks it into `folder`. It has no published hash: its sizes and checksums must do. */
export async function fetchArchive(folder: string, address: URL, options: HttpsOptions): Promise<void> {
  await fetchInto(
    folder,
    { url: address, fileName: decodeURIComponent(address.pathname.split('/').at(-1) ?? '') },
    options,
  );
}

/** Fetches the wheel of torch that suits, from the first source that has one, and for a CUDA build the wheels that it names. */
export async function fetchWheels(folder: string, sources: PackageSources, options: HttpsOptions): Promise<void> {
  const machine: Machine = { architecture: wheelArchitecture(), glibc: glibcVersion() ?? '0' };
  const torch = chooseTorch(await listAll('torch', sources, options), {
    release: pinnedVersion,
    cuda: options.cuda,
    machine,
  });
  if (torch === undefined) {
    throw new TenchError(`no wheel of torch ${pinnedVersion} for ${machine.architecture}`, {
      code: 'ERR_TENCH_NOT_FOUND',
    });
  }
  await fetchInto(folder, torch, options);

  const open = neededBeside(folder, 'torch', [], machine.architecture);
  const done = new Set<string>();
  for (let requirement = open.shift(); requirement !== undefined; requirement = open.shift()) {
    if (done.has(requirement.project)) continue;
    done.add(requirement.project);
    await fetchInto(folder, await chooseFor(requirement, sources, machine, options), options);
    open.push(...neededBeside(folder, requirement.project, requirement.extras, machine.architecture));
  }
}

async function chooseFor(
  requirement: Requirement,
  sources: PackageSources,
  machine: Machine,
  options: HttpsOptions,
): Promise<Wheel> {
  const wheels = await listAll(requirement.project, sources, options);
  const fitting = wheels.filter(
    (wheel) => wheel.project === requirement.project && requirement.allows(wheel.release) && suits(wheel, machine),
  );
  const newest = fitting.sort((a, b) => compareReleases(b.release, a.release))[0];
  if (newest === undefined) throw new TenchError(`no wheel for ${requirement.text}`, { code: 'ERR_TENCH_NOT_FOUND' });
  return newest;
}

/** The wheels of `project` from all sources; throws the first failure only where none has any. */
async function listAll(
  project: string,
  { indexes, links }: PackageSources,
  { downloads, silenceMs }: HttpsOptions,
): Promise<Wheel[]> {
  mkdirSync(downloads, { recursive: true });
  const wheels: Wheel[] = [];
  const failures: unknown[] = [];
  const asks = [
    ...links.map((page) => () => listLinks(page, { scratch: downloads, silenceMs })),
    ...indexes.map((index) => () => listIndex(index, project, { scratch: downloads, silenceMs })),
  ];
  for (const ask of asks) {
    try {
      wheels.push(...(await ask()));
    } catch (error) {
      failures.push(error);
    }
  }
  if (wheels.length === 0 && failures.length > 0) throw failures[0];
  return wheels;
}

async function fetchInto(
  folder: string,
  file: Pick<Wheel, 'url' | 'fileName' | 'sha256'>,
  options: HttpsOptions,
): Promise<void> {
  mkdirSync(options.downloads, { recursive: true });
  const target = join(options.downloads, file.fileName);
  await downloadFile(file.url, target, {
    sha256: file.sha256,
    silenceMs: options.silenceMs,
    onProgress: (progress) => options.report.detail(`${file.fileName}: ${describeProgress(progress)}`),
  });
  try {
    await unpackBeside(target, folder, options.report);
  } finally {
    rmSync(target, { force: true });
  }
}
