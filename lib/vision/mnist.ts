/** The MNIST digits (LeCun, Cortes, Burges) from their four IDX files, split as they were published. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CategoryProcessor } from '../data/categoryProcessor.js';
import type { Transforms } from '../data/compose.js';
import { readIdx } from '../data/idx.js';
import type { LabeledData } from '../data/labeledData.js';
import { SplitData, labelByFunc } from '../data/splitData.js';
import { needOptions, needPath } from '../tensor/checks.js';
import { TenchError } from '../tensor/errors.js';
import { IdxImageList } from './idxImageList.js';

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/**
 * The digits of a folder that holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the two files of `t10k`, each also as `.gz`.
 *
 * @param options `tfms`: the transforms of the images, which open with one channel of 28 x 28
 * @returns 60,000 images to train on and 10,000 to validate on, labelled '0' to '9'
 * @throws TenchError that names the file that is missing, damaged, or does not fit the others
 */
export async function mnistData<O = unknown>(
  folder: string,
  options: { tfms?: Transforms } = {},
): Promise<SplitData<LabeledData<O>>> {
  needPath('folder', folder, 'the path of a folder');
  needOptions('mnistData', options);
  const { tfms = null } = options;
  const file = (name: string): string => {
    const plain = join(folder, name);
    return !existsSync(plain) && existsSync(`${plain}.gz`) ? `${plain}.gz` : plain;
  };
  const labelFiles = ['train-labels-idx1-ubyte', 't10k-labels-idx1-ubyte'].map(file);
  const [train, valid] = await Promise.all(labelFiles.map(readIdx));
  const images = await IdxImageList.fromFiles<O>(['train-images-idx3-ubyte', 't10k-images-idx3-ubyte'].map(file), {
    path: folder,
    tfms,
  });
  const labels = [...train!.data, ...valid!.data];
  if (labels.length !== images.length)
    throw new TenchError(`${folder} has ${images.length} images, but ${labels.length} labels`);
  const split = SplitData.splitByFunc(images, (item) => item >= train!.data.length);
  return labelByFunc(split, (item) => String(labels[item]), { procY: new CategoryProcessor({ vocab: DIGITS }) });
}
