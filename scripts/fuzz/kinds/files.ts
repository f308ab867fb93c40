/** Damaged files of every format: each reader ends with data or with a typed error, and holds no memory that the file only claims. */

import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Generator } from '../../../lib/index.js';
import { pick } from '../choice.js';
import { damage, drawChanges, type Change } from '../files/damage.js';
import { entriesOf, resealNpy, resealSafetensors, resealZip, type Entry } from '../files/reseal.js';
import { formats, wholes, wholesOf } from '../files/wholes.js';
import type { CallKind, Tools } from '../kind.js';

/** Where a file is damaged: anywhere, or within its header or an entry, after which its lengths and checksums fit again. */
type Within = 'file' | 'header' | number;

/** Makes the expression's `damaged(name, within, changes)`, which writes a file and returns its path. */
async function tools(): Promise<Tools> {
  const folder = resolve('files');
  await mkdir(folder, { recursive: true });
  const all = await wholes(folder);
  for (const [name, bytes] of all) await writeFile(join(folder, name), bytes);
  const entries = new Map<string, readonly Entry[]>();
  const damaged = async (name: string, within: Within, changes: readonly Change[]): Promise<string> => {
    const whole = join(folder, name);
    const path = join(folder, `damaged-${name}`);
    if (typeof within === 'number') {
      const known = entries.get(name) ?? (await entriesOf(whole));
      entries.set(name, known);
      await resealZip(known, path, within, changes);
    } else if (within === 'file') await writeFile(path, damage(all.get(name)!, changes));
    else await writeFile(path, await (name.endsWith('.npy') ? resealNpy : resealSafetensors)(whole, changes));
    return path;
  };
  return { damaged };
}

/** TorchScript archives run what is in them, so that only those with the right checksums are handed on (docs/files.md). */
function within(random: Generator, format: string): Within {
  if (format === 'script' || format === 'legacy' || random.bernoulli(0.35)) return 'file';
  return format === 'npz' || format === 'torch' ? random.integer(12) : 'header';
}

function source(random: Generator, format: string): string {
  const name = pick(random, wholesOf(format));
  const changes = drawChanges(random).map((change) => JSON.stringify(change).replaceAll('"', "'"));
  const file = `await damaged('${name}', ${JSON.stringify(within(random, format)).replaceAll('"', "'")}, [${changes.join(', ')}])`;
  return `await ${pick(random, formats[format]!.read).replace('FILE', () => file)}`;
}

export const files: CallKind = {
  name: 'files',
  about: 'damaged safetensors, .npy, .npz, .pt and TorchScript files',
  calls: 8_000,
  batch: 2000,
  limits: { seconds: 20, bytes: 3 * 2 ** 30, growth: 256 * 2 ** 20 },
  subjects: () => Object.keys(formats),
  source,
  tools,
};
