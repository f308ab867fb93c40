/** Where the photographs lie that benchmarks read. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { untarData } from '../../lib/data/untar.js';
import { TenchError } from '../../lib/runtime/errors.js';

/** The folder of Imagenette in the folder of data that the user has named, or the archive in it, unpacked once. */
export async function photographs(data: string | null): Promise<string> {
  const name = 'imagenette2-224';
  const places = data === null ? [] : [join(data, name), join(data, `${name}.tgz`)];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) {
    throw new TenchError(`the benchmark needs ${name}.tgz: give its folder by --data or TENCH_DATA`, {
      code: 'ERR_TENCH_BENCH',
    });
  }
  return untarData(found);
}
