/**
 * The data sets that fast.ai publishes for the lesson: where they lie, and how to know them when they arrive.
 *
 * Classes and splits are as described at https://github.com/fastai/imagenette. Sizes are those of fastai's own list
 * (fastai/data/checks.txt; the hashes there cover only the first MiB and are of no use here). SHA-256 digests are those
 * that TensorFlow Datasets publishes for Imagenette and Imagewang. For Imagewoof nobody publishes one: its MD5 digests
 * are those on which independent projects agree, and guard against damage, not against forgery.
 */

import { invalid } from '../tensor/errors.js';
import { needOptions, needText } from '../tensor/checks.js';
import type { FileHash } from '../runtime/hash.js';
import { imagenetteClasses, imagewangClasses, imagewoofClasses } from './classNames.js';

/** One published archive of a folder of images, `folder/split/code/*.JPEG`. */
export interface PublishedDataset {
  /** The name for the command line, e.g. `imagenette-160`. */
  readonly name: string;
  /** The address that its publisher gives it. */
  readonly url: string;
  /** The single folder inside the archive. */
  readonly folder: string;
  /** The size of the archive in bytes. */
  readonly size: number;
  readonly hash: FileHash;
  /** The folders of the first level. */
  readonly splits: readonly string[];
  /** Class code to human name, in the order of the codes. */
  readonly classes: Readonly<Record<string, string>>;
}

const published = 'https://s3.amazonaws.com/fast-ai-imageclas';

const trainVal = ['train', 'val'] as const;
const trainValUnsup = ['train', 'val', 'unsup'] as const;

type Rest = Pick<PublishedDataset, 'splits' | 'classes'>;

function dataset(
  name: string,
  folder: string,
  size: number,
  algorithm: string,
  hex: string,
  rest: Rest,
): PublishedDataset {
  return Object.freeze({ name, url: `${published}/${folder}.tgz`, folder, size, hash: { algorithm, hex }, ...rest });
}

const nette = { splits: trainVal, classes: imagenetteClasses };
const woof = { splits: trainVal, classes: imagewoofClasses };
// Trained on both sets but validated on Imagewoof alone, most of which lies in `unsup`, to be used without labels.
const wang = { splits: trainValUnsup, classes: imagewangClasses };

/** Every published data set that tench knows by name. */
// prettier-ignore
export const publishedDatasets: readonly PublishedDataset[] = Object.freeze([
  dataset('imagenette', 'imagenette2', 1557161267, 'sha256', '6cbfac238434d89fe99e651496f0812ebc7a10fa62bd42d6874042bf01de4efd', nette),
  dataset('imagenette-320', 'imagenette2-320', 341663724, 'sha256', '569b4497c98db6dd29f335d1f109cf315fe127053cedf69010d047f0188e158c', nette),
  dataset('imagenette-160', 'imagenette2-160', 99003388, 'sha256', '64d0c4859f35a461889e0147755a999a48b49bf38a7e0f9bd27003f10db02fe5', nette),
  dataset('imagewoof', 'imagewoof2', 1343715595, 'md5', '9aafe18bcdb1632c4249a76c458465ba', woof),
  dataset('imagewoof-320', 'imagewoof2-320', 328387740, 'md5', '0f46d997ec2264e97609196c95897a44', woof),
  dataset('imagewoof-160', 'imagewoof2-160', 92612825, 'md5', '3d200a7be99704a0d7509be2a9fbfe15', woof),
  dataset('imagewang', 'imagewang', 2900347689, 'sha256', '7a5ee5a0e8bd91f26d6a22cad2e2e0fa8af0b299e0130aadf6bf8f772371ecfb', wang),
  dataset('imagewang-320', 'imagewang-320', 669826647, 'sha256', 'fd53301c335aa46f0f4add68dd471cd0b8b66412382cc36f5f510d0a03fb4d9d', wang),
  dataset('imagewang-160', 'imagewang-160', 191498213, 'sha256', 'a0d360f9d8159055b3bf2b8926a51d19b2f1ff98a1eef6034e4b891c59ca3f1a', wang),
]);

/** The published addresses under fastai's names, for `untarData`. */
export const URLs = Object.freeze({
  IMAGENETTE: `${published}/imagenette2.tgz`,
  IMAGENETTE_320: `${published}/imagenette2-320.tgz`,
  IMAGENETTE_160: `${published}/imagenette2-160.tgz`,
  IMAGEWOOF: `${published}/imagewoof2.tgz`,
  IMAGEWOOF_320: `${published}/imagewoof2-320.tgz`,
  IMAGEWOOF_160: `${published}/imagewoof2-160.tgz`,
  IMAGEWANG: `${published}/imagewang.tgz`,
  IMAGEWANG_320: `${published}/imagewang-320.tgz`,
  IMAGEWANG_160: `${published}/imagewang-160.tgz`,
});

/**
 * The published data set with this name (`imagenette-160`), folder name (`imagenette2-160`) or published address; else
 * undefined.
 */
export function findDataset(nameOrUrl: string): PublishedDataset | undefined {
  needText('nameOrUrl', nameOrUrl);
  return publishedDatasets.find(({ name, folder, url }) => [name, folder, url].includes(nameOrUrl));
}

/**
 * Where to fetch a published data set from: its own address, or the same file below `TENCH_ARCHIVES` where that is set.
 */
export function archiveAddress(dataset: PublishedDataset, environment: NodeJS.ProcessEnv = process.env): string {
  needOptions('archiveAddress: dataset', dataset);
  needText('dataset.folder', dataset.folder);
  needText('dataset.url', dataset.url);
  const given: unknown = environment;
  if (typeof given !== 'object' || given === null)
    throw invalid('environment', 'an object of environment variables', environment);
  const base = needText('TENCH_ARCHIVES', environment.TENCH_ARCHIVES ?? '');
  return base ? `${base.replace(/\/+$/, '')}/${dataset.folder}.tgz` : dataset.url;
}
