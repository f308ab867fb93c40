/** GeneralCrop: a box of the image brought to one size, in one step; and CenterCrop, whose box is in the middle. */

import { needFlag, needOptions } from '../../tensor/checks.js';
import type { TransformContext } from '../../data/compose.js';
import type { Generator } from '../../data/random.js';
import { drawFilter, filters, pointFilters, requireFilters, type FilterChoice } from '../filters.js';
import { needSize, type Box, type ImageOperation, type ImageSize } from '../program.js';
import { ImageTransform, randomOf } from './imageTransform.js';
import { requireNumber, requireSize, type ResampleChoice } from './options.js';

export interface CropOptions extends ResampleChoice {
  /**
   * True (default): as cropping and then resizing with an average over what every pixel covers. False: as Pillow's
   * `transform(EXTENT)`, which reads one place for every pixel; with `nearest`, `bilinear` or `bicubic`.
   */
  readonly antialias?: boolean;
}

export interface GeneralCropOptions extends CropOptions {
  /** The size of the box in pixels: the side of a square or `[width, height]`. Default: {@link GeneralCrop.defaultCropSize}. */
  readonly cropSize?: number | readonly [number, number] | null;
}

/**
 * Cuts out a box and resizes it. Subclasses say which: {@link corners}, or only how large, {@link defaultCropSize}. Here it is at the
 * upper left, and the whole image if no `cropSize` is given. What a box has outside of the image is 0. Order 11.
 */
export class GeneralCrop extends ImageTransform {
  /** `[width, height]` */
  readonly size: readonly [number, number];
  readonly resample: FilterChoice;
  readonly antialias: boolean;
  readonly cropSize: readonly [number, number] | null;

  /**
   * @param size of the result: the side of a square, or `[width, height]`
   * @param options see {@link GeneralCropOptions}
   */
  constructor(size: number | readonly [number, number], options: GeneralCropOptions = {}) {
    super();
    needOptions(new.target.name, options);
    const { cropSize = null, resample = 'bilinear', antialias = true } = options;
    this.size = requireSize('size', size);
    this.cropSize = cropSize === null ? null : requireSize('cropSize', cropSize);
    this.resample = requireFilters('resample', resample, antialias ? filters : pointFilters);
    this.antialias = needFlag('antialias', antialias);
  }

  /** The size of the box in an image of width x height if none is given. Here all of it. */
  protected defaultCropSize(width: number, height: number): [number, number] {
    return [width, height];
  }

  /** `[left, top, right, bottom]` of the box, in whole pixels. */
  protected corners(
    _width: number,
    _height: number,
    cropWidth: number,
    cropHeight: number,
    _random: () => Generator,
  ): Box {
    return [0, 0, cropWidth, cropHeight];
  }

  /** The box of one image; `random` gives its random numbers. */
  protected draw({ width, height }: ImageSize, random: () => Generator): Box {
    const [cropWidth, cropHeight] = this.cropSize ?? this.defaultCropSize(width, height);
    return this.corners(width, height, cropWidth, cropHeight, random);
  }

  plan(size: ImageSize, context?: TransformContext): ImageOperation[] {
    needSize(size);
    const random = (): Generator => randomOf(this, context);
    const box = this.draw(size, random);
    const filter = drawFilter(this.resample, random);
    const [width, height] = this.size;
    if (!this.antialias) return [{ op: 'resize', width, height, filter, box, antialias: false }];
    const [left, top, right, bottom] = box;
    const [cropWidth, cropHeight] = [right - left, bottom - top];
    const operations: ImageOperation[] = [];
    if (left !== 0 || top !== 0 || right !== size.width || bottom !== size.height) {
      operations.push({ op: 'crop', left, top, width: cropWidth, height: cropHeight });
    }
    if (cropWidth !== width || cropHeight !== height) operations.push({ op: 'resize', width, height, filter });
    return operations;
  }
}

export interface CenterCropOptions extends GeneralCropOptions {
  /** How many times smaller than the image the box is along each side, if no `cropSize` is given. Default 1.14, as in the lesson. */
  readonly scale?: number;
}

/** The middle of the image, brought to one size. Order 11. */
export class CenterCrop extends GeneralCrop {
  readonly scale: number;

  constructor(size: number | readonly [number, number], options: CenterCropOptions = {}) {
    super(size, options);
    const { scale = 1.14 } = options;
    this.scale = requireNumber('scale', scale, 0.001, 1000);
  }

  protected override defaultCropSize(width: number, height: number): [number, number] {
    const scaled = (side: number): number => Math.max(1, Math.round(side / this.scale));
    return [scaled(width), scaled(height)];
  }

  protected override corners(width: number, height: number, cropWidth: number, cropHeight: number): Box {
    const [left, top] = [Math.floor((width - cropWidth) / 2), Math.floor((height - cropHeight) / 2)];
    return [left, top, left + cropWidth, top + cropHeight];
  }
}
