/** A folder of empty files as deep and with names as long as ImageNet's, which can be made larger. */

import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Files of one class, as ImageNet has them. */
const CLASS = 1000;

/** Makes the files from the number `from` on up to `to`: every fifth is for validation. */
export function growTree(root: string, from: number, to: number): void {
  for (let number = from; number < to; number += 1) {
    const name = `n${String(Math.floor(number / CLASS)).padStart(8, '0')}`;
    const folder = join(root, number % 5 === 4 ? 'val' : 'train', name);
    if (number % CLASS < 5) mkdirSync(folder, { recursive: true });
    closeSync(openSync(join(folder, `ILSVRC2012_${String(number).padStart(8, '0')}.JPEG`), 'w'));
  }
}
