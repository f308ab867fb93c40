/** What paths cost on their way to the order of an epoch: the time of each station, and the bytes that are held behind it. */

import {
  CategoryProcessor,
  ImageList,
  SplitData,
  grandparentSplitter,
  labelByFunc,
  parentLabeler,
} from '../../lib/index.js';

export interface Station {
  readonly name: 'getFiles' | 'split' | 'label' | 'shuffle';
  readonly nanoseconds: number;
  /** Held for each path since the beginning, beyond the path's own characters. */
  readonly bytesPerPath: number;
}

export interface FilesReport {
  readonly paths: number;
  readonly train: number;
  readonly valid: number;
  readonly classes: number;
  /** Positions in the order of an epoch. */
  readonly order: number;
  readonly stations: readonly Station[];
}

/**
 * Lists, splits, labels and shuffles images, and holds on to all of it until the end.
 *
 * @param list the paths, as `getFiles` gives them
 * @param collect collects garbage, so that what is counted is what is held
 */
export function measureFiles(list: () => string[], collect: () => void): FilesReport {
  const held = (): number => {
    // The first round may only finish one that was under way.
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  const kept: { name: Station['name']; nanoseconds: number; held: number }[] = [];
  const station = <T>(name: Station['name'], make: () => T): T => {
    const start = process.hrtime.bigint();
    const made = make();
    const nanoseconds = Number(process.hrtime.bigint() - start);
    kept.push({ name, nanoseconds, held: held() - before });
    return made;
  };
  const images = station('getFiles', () => new ImageList(list()));
  const split = station('split', () =>
    SplitData.splitByFunc(images, (path) => grandparentSplitter(path, { validName: 'val' })),
  );
  const labelled = station('label', () => labelByFunc(split, parentLabeler, { procY: new CategoryProcessor() }));
  const order = station('shuffle', () => labelled.toDatabunch(64).trainDl.order(0));

  const characters = images.items.reduce((sum, path) => sum + path.length, 0);
  const paths = images.length;
  return {
    paths,
    train: labelled.train.length,
    valid: split.valid.length,
    classes: labelled.vocab?.length ?? 0,
    order: order.length,
    stations: kept.map(({ name, nanoseconds, held: bytes }) => ({
      name,
      nanoseconds,
      bytesPerPath: (bytes - characters) / paths,
    })),
  };
}
