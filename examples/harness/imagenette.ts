/** The lesson's ten classes in folders: images of training and of validation, after transforms of their bytes. */

import * as tench from 'tench';

const CLASSES = 10;

/** Which images. */
export interface Images {
  readonly folder: string;
  /** The most images to train on, as many of each class; as many of each are validated on. Null: all. */
  readonly limit: number | null;
}

/** The files that are meant. */
export function filesOf({ folder, limit }: Images): string[] {
  const seen = new Map<string, number>();
  return tench.getFiles(folder, { extensions: tench.imageExtensions, recurse: true }).filter((path) => {
    const place = path.slice(0, path.lastIndexOf('/'));
    seen.set(place, (seen.get(place) ?? 0) + 1);
    return limit === null || seen.get(place)! <= Math.ceil(limit / CLASSES);
  });
}

/** The images as bytes after the transforms, which give all of them one size, with their classes. */
export function labelled(images: Images, tfms: readonly tench.AnyTransform[]): tench.SplitData<tench.LabeledData> {
  const list = new tench.ImageList(filesOf(images), images.folder, [tench.makeRgb, ...tfms, tench.toByteTensor]);
  const split = tench.SplitData.splitByFunc(list, (path) => tench.grandparentSplitter(path, { validName: 'val' }));
  return tench.labelByFunc(split, tench.parentLabeler, { procY: new tench.CategoryProcessor() });
}
