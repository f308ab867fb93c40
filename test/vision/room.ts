/** How everything in the vision room is called rightly, for the tests that call it wrongly. */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

import { Generator } from '../../lib/data/index.js';
import * as nn from '../../lib/nn/index.js';
import { ones, type Tensor } from '../../lib/tensor/index.js';
import * as room from '../../lib/vision/index.js';
import type { Room } from '../provoke.js';

/** Files for the right arguments; whoever calls with them removes the folder. */
export const visionFolder = mkdtempSync(join(tmpdir(), 'tench-hostile-'));

const idxHeader = (...sizes: number[]): number[] => [
  0,
  0,
  8,
  sizes.length,
  ...sizes.flatMap((size) => [0, 0, 0, size]),
];
const pictures = join(visionFolder, 'train-images-idx3-ubyte');
for (const part of ['train', 't10k']) {
  writeFileSync(
    join(visionFolder, `${part}-images-idx3-ubyte`),
    Uint8Array.of(...idxHeader(2, 2, 2), 0, 1, 2, 3, 4, 5, 6, 7),
  );
  writeFileSync(join(visionFolder, `${part}-labels-idx1-ubyte`), Uint8Array.of(...idxHeader(2), 3, 4));
}

const images = fileURLToPath(new URL('../../../test/goldens/images/', import.meta.url));
const grey = join(images, 'grey.png');

const picture = (): room.Image => new room.Image({ width: 2, height: 2, channels: 1, data: new Uint8Array(4) });
const corners = (side: number): room.Quad => [
  [0, 0],
  [0, side],
  [side, side],
  [side, 0],
];
const { convLayer } = nn;
const pass = (value: unknown): unknown => value;
const crop = { op: 'crop', left: 0, top: 0, width: 1, height: 1, outside: 'edge', fill: [7] };
const shrink = { op: 'resize', width: 1, height: 1, filter: 'bilinear', box: [0, 0, 1, 1], antialias: true };
const turn = { op: 'dihedral', element: 3 };
const tilt = { op: 'affine', width: 2, height: 2, coefficients: [1, 0, 0, 0, 1, 0], filter: 'nearest', fill: 0 };

class Shrink extends room.ImageTransform {
  plan(): room.ImageOperation[] {
    return [{ op: 'crop', left: 0, top: 0, width: 1, height: 1 }];
  }

  override describe(): { name: string } {
    return { name: 'Shrink' };
  }
}

async function* batches(): AsyncGenerator<unknown[]> {
  yield [ones([2, 3, 4, 4]), ones([2])];
}

class Still extends room.GeometricPart {
  matrix(): room.Matrix3 {
    return [1, 0, 0, 0, 1, 0, 0, 0, 1];
  }

  override describe(): { name: string } {
    return { name: 'Still' };
  }
}

class Paint extends room.PixelPart {
  override readonly stage = 'lighting';

  get pass(): room.PixelPass {
    return (x) => x;
  }
}

const squares3 = (): Tensor => ones([2, 3, 4, 4]);
const squares = (): unknown => ones([2, 3, 4, 4]);
const drawn = (): unknown[] => [new Generator(1), { width: 4, height: 4 }];
const where = (): unknown => ({ train: true, epoch: 1, index: 2, random: new Generator(1) });

const makeMine = (): nn.Module => new nn.Identity();

/** Large networks are made where there are no values. */
const onMeta = { device: 'meta', dtype: 'float32' };
const xOptions = (): object => ({
  nOut: 2,
  cIn: 1,
  p: 0.5,
  stemSzs: [4, 4, 8],
  widen: 0.25,
  sa: true,
  actCls: 'Mish',
  pool: 'avg',
  stemPool: 'maxBlur',
  ...onMeta,
});

/** What `layer` is called with besides is checked by the layer. */
const settings = { device: 'cpu', dtype: 'float32' };

export const visionRoom: Room = {
  exports: room,
  apart: {
    resnet34: 'as resnet18',
    resnet50: 'as resnet18',
    xresnet34: 'as xresnet18',
    xresnet50: 'as xresnet18',
    'Augment#draw': 'protected',
    'BatchBrightness#step': 'protected',
    'FactorPart#step': 'protected',
    'BatchDihedral#draw': 'protected',
    'BatchFlip#draw': 'protected',
    'BatchHue#step': 'protected',
    'BatchPerspective#draw': 'protected',
    'BatchRotate#draw': 'protected',
    'BatchShear#draw': 'protected',
    'BatchShift#draw': 'protected',
    'BatchSquish#draw': 'protected',
    'BatchZoom#draw': 'protected',
    'CenterCrop#corners': 'protected',
    'CenterCrop#defaultCropSize': 'protected',
    'GeneralCrop#corners': 'protected',
    'GeneralCrop#defaultCropSize': 'protected',
    'GeneralCrop#draw': 'protected',
    'PerspectiveRandResizedCrop#box': 'protected',
    'RandomResizedCrop#draw': 'protected',
    'ResizeMax#side': 'protected',
    'ResizeMin#side': 'protected',
    'TiltRandomCrop#box': 'protected',
    'IdxImageList#savedSettings': 'protected',
    'IdxImageList#settings': 'protected',
    'ImageList#savedSettings': 'protected',
    'ImageList#settings': 'protected',
    'ImageList#weigh': 'protected',
    'ItemList#settings': 'protected',
    'ItemList#weigh': 'protected',
    'ListContainer#position': 'protected',
    'ListContainer#positions': 'protected',
    'ListContainer#preview': 'protected',
  },
  instances: {
    IdxImageList: () => new room.IdxImageList([]),
    BatchPart: () => new Still(1),
    LightingPart: () => new room.BatchBrightness(),
    GeometricPart: () => new Still(1),
    ImageTransform: () => new Shrink(),
    PixelPart: () => new Paint(1),
    ContactSheet: () => new room.ContactSheet([[{ caption: 'a', image: picture() }]]),
  },
  valid: {
    affineGrid: () => [squares(), [2, 3]],
    rotationMatrix: () => [[0, 1]],
    rotateBatch: () => [
      squares(),
      [2, 3],
      10,
      { thetas: [0, 1], version: 'bmm', mode: 'nearest', paddingMode: 'border' },
    ],
    batchAugmentFromDescription: () => [
      { name: 'BatchAugment', parts: [{ name: 'BatchFlip', p: 1 }], size: [2, 3] },
      { mine: () => new Still(1) },
    ],
    augTransforms: () => [
      {
        flip: true,
        flipVertical: true,
        maxRotate: 5,
        minZoom: 0.9,
        maxZoom: 1.2,
        maxWarp: 0.1,
        pAffine: 0.5,
        maxLighting: 0.1,
        pLighting: 0.5,
      },
    ],
    'new BatchAugment': () => [
      [new Still(1)],
      {
        size: [2, 3],
        mode: 'nearest',
        paddingMode: 'border',
        alignCorners: true,
        mean: [0.5],
        std: [0.5],
        seed: 3,
      },
    ],
    'BatchAugment#show': () => [squares3(), 2, { zoom: 2 }],
    batchSheet: () => [[{ name: 'a', index: 0, x: squares3().get(0), y: 'cat' }], { zoom: 2, mean: [0.5], std: [0.5] }],
    'new ContactSheet': () => [
      [[{ caption: 'a', image: picture(), zoom: 1, tone: 'right' }]],
      { title: 'T', mean: [0.5], std: [0.5] },
    ],
    'ContactSheet#png': () => [{ theme: 'dark' }],
    'ContactSheet#terminal': () => [{ width: 40, colours: true }],
    'ContactSheet#save': () => [join(visionFolder, 'sheet.png')],
    toImage: () => [ones([3, 2, 2]), { mean: [0.5], std: [0.5] }],
    'BatchAugment#apply': () => [squares(), where()],
    'BatchAugment#applyWithTargets': () => [
      squares(),
      { masks: ones([2, 4, 4]), boxes: ones([2, 1, 4]), points: ones([2, 1, 2]) },
      where(),
    ],
    'new BatchBrightness': () => [{ p: 1, maxLighting: 0.1, range: [0.4, 0.6] }],
    'new BatchContrast': () => [{ p: 1, maxLighting: 0.1, range: [0.5, 2] }],
    'new BatchHue': () => [{ p: 1, maxHue: 0.1, range: [-0.1, 0.1] }],
    'new BatchSaturation': () => [{ p: 1, maxLighting: 0.1, range: [0.5, 2] }],
    'LightingPart#draw': () => [new Generator(1)],
    lighting: () => [ones([1, 3, 2, 2]), [[{ op: 'contrast', change: 1.1 }]]],
    'new BatchErasing': () => [{ p: 1, scale: [0.1, 0.2], ratio: [1, 2], maxCount: 2, value: 0.5 }],
    'BatchErasing#draw': () => [new Generator(1), { width: 4, height: 4 }],
    'BatchErasing#cover': () => [ones([1, 3, 4, 4]), [[{ left: 1, top: 1, right: 2, bottom: 3 }]], new Generator(1)],
    'new BatchDihedral': () => [{ p: 1 }],
    'new BatchFlip': () => [{ p: 1, vertical: true }],
    'new BatchPerspective': () => [{ p: 1, magnitude: 0.1 }],
    'new BatchRandomResizedCrop': () => [{ p: 1, scale: [0.5, 1], ratio: [0.5, 2] }],
    'BatchRandomResizedCrop#matrix': drawn,
    'new BatchRotate': () => [{ p: 1, maxDegrees: 5 }],
    'new BatchShear': () => [{ p: 1, maxDegrees: [5, 5] }],
    'new BatchShift': () => [{ p: 1, maxShift: 0.2 }],
    'new BatchSquish': () => [{ p: 1, ratio: [0.5, 2] }],
    'new BatchWarp': () => [{ p: 1, magnitude: 0.1 }],
    'BatchWarp#matrix': drawn,
    'new BatchZoom': () => [{ p: 1, zoom: [0.5, 2] }],
    'new CenterCrop': () => [2, { cropSize: [1, 1], resample: 'box', antialias: true, scale: 1.2 }],
    'new ColorJitter': () => [{ brightness: 0.1, contrast: [0.5, 1.5], saturation: 0.1, hue: 0.1 }],
    'new GaussianBlur': () => [{ sigma: [0.1, 2] }],
    'new GeneralCrop': () => [2, { cropSize: [1, 1], resample: ['box'], antialias: true }],
    'new Pad': () => [[1, 2], { mode: 'reflection', fill: [7] }],
    'new PerspectiveRandResizedCrop': () => [
      2,
      { scale: [0.5, 1], ratio: [0.5, 2], magnitude: 0.1, resample: 'nearest', fill: 7 },
    ],
    'new RandAugment': () => [{ numOps: 1, magnitude: 3, numMagnitudeBins: 10, resample: 'nearest', fill: 7 }],
    'new RandomBrightness': () => [0.2],
    'new RandomContrast': () => [0.2],
    'new RandomDihedral': () => [0.5],
    'new RandomErasing': () => [{ p: 1 }],
    'new RandomFlip': () => [0.5],
    'new RandomGrayscale': () => [0.5],
    'new RandomHue': () => [0.2],
    'new RandomPadCrop': () => [2, { padding: 1, mode: 'reflection', fill: [7] }],
    'new RandomResizedCrop': () => [2, { scale: [0.5, 1], ratio: [0.5, 2], resample: 'box', antialias: true }],
    'new RandomSaturation': () => [0.2],
    'new ResizeMax': () => [2, { resample: 'box' }],
    'new ResizeMin': () => [2, { resample: 'box' }],
    'new TiltRandomCrop': () => [2, { cropSize: [1, 1], magnitude: 0.1, resample: 'nearest', fill: 7 }],
    'new TrivialAugment': () => [{ numMagnitudeBins: 10, resample: 'nearest', fill: 7 }],
    'new TrivialAugmentWide': () => [{ numMagnitudeBins: 10, resample: 'nearest', fill: 7 }],
    openImages: () => [({ bytes }: { bytes: Uint8Array }) => bytes, { maxPixels: 1e6, allowTruncated: true }],
    decodeImage: () => [grey, { maxPixels: 1e6, allowTruncated: true }],
    findCoeffs: () => [corners(2), corners(3)],
    warp: () => [picture(), [2, 2], corners(2), { resample: 'nearest', fill: [7] }],
    isPlanned: () => [new Shrink()],
    randomOf: () => [new Shrink(), { random: new Generator(1) }],
    transformFromDescription: () => [{ name: 'ResizeFixed', size: [2, 2], resample: 'box' }, { mine: () => pass }],
    encodeProgram: () => [[crop, shrink]],
    'IdxImageList.fromFiles': () => [[pictures, pictures], { path: '.', tfms: [pass] }],
    'IdxImageList#nameOf': () => [0],
    'new Image': () => [{ width: 2, height: 1, channels: 1, data: new Uint8Array(2), path: 'a' }],
    'Image#with': () => [{ width: 1, height: 2 }],
    'new ImageList': () => [[grey], '.', [pass], { maxPixels: 1e6, allowTruncated: true }],
    'ImageList.fromFiles': () => [
      images,
      {
        extensions: ['.png', '.jpg'],
        recurse: true,
        include: ['a', 'b'],
        tfms: [pass],
        maxPixels: 1e6,
        allowTruncated: true,
      },
    ],
    'ImageList#open': () => [grey],
    'ImageList#nameOf': () => [0],
    mnistData: () => [visionFolder, { tfms: [pass] }],
    getCnnLayers: () => [{ cIn: 1, cOut: 2 }, [4, 4], convLayer, settings],
    getCnnModel: () => [{ cIn: 1, cOut: 2 }, [4, 4], convLayer, settings],
    initCnn: () => [room.getCnnModel({ cIn: 1, cOut: 2 }, [4], convLayer), { uniform: true, leak: 0.2 }],
    prevPow2: () => [9],
    createModel: () => ['getCnnModel', { cIn: 1, cOut: 2, nfs: [4], layer: 'convLayer', leak: 0.1 }],
    resnet18: () => [{ numClasses: 2, cIn: 1, zeroInitResidual: true, ...onMeta }],
    xresnet18: () => [xOptions()],
    describeModel: () => [room.getCnnModel({ cIn: 1, cOut: 2 }, [4], convLayer)],
    registerModel: () => ['mine', makeMine],
    channelStats: () => [batches(), { batches: 1 }],
    normalizeChan: () => [ones([2, 3, 4, 4]), [0.1, 0.2, 0.3], [1, 1, 1]],
    normalizer: () => [{ mean: [0.1, 0.2, 0.3], std: [1, 1, 1] }],
    runProgram: () => [picture(), [turn, tilt]],
    sizeAfter: () => [[crop, turn], { width: 2, height: 2, channels: 1 }],
    resample: () => [picture(), { width: 3, height: 3, filter: 'bilinear' }],
    'ImageTransform#apply': () => [picture(), { random: new Generator(1), index: 0, epoch: 0 }],
    makeRgb: () => [picture()],
    'new ResizeFixed': () => [[3, 4], { resample: ['bilinear'] }],
    'ResizeFixed#plan': () => [
      { width: 2, height: 2, channels: 1 },
      { random: new Generator(1), index: 0, epoch: 0 },
    ],
    toByteTensor: () => [picture()],
    toFloatTensor: () => [ones([2])],
  },
  open: {
    'batchAugmentFromDescription 1.mine': 'not asked for by this description',
    'batchAugmentFromDescription 1.mine.()': 'not asked for by this description',
    'batchSheet 0.0.name': 'what is no string is not shown',
    'batchSheet 0.0.index': 'not looked at',
    'batchSheet 0.0.y': 'labels may be anything; the name stands where they are no words',
    'BatchAugment#apply 1.epoch': 'not asked for beside `random`',
    'BatchAugment#apply 1.index': 'not asked for beside `random`',
    'BatchAugment#applyWithTargets 2.epoch': 'not asked for beside `random`',
    'BatchAugment#applyWithTargets 2.index': 'not asked for beside `random`',
    'isPlanned 0': 'it asks what something is',
    'randomOf 0': 'only its name is asked for, when there is no generator',
    'transformFromDescription 1.mine': 'not asked for by this description',
    'transformFromDescription 1.mine.()': 'not asked for by this description',
    'encodeProgram 0.0.outside': 'an unknown word is refused where the program is run, which knows the image',
    'encodeProgram 0.1.filter': 'an unknown word is refused where the program is run, which knows the image',
    'ImageTransform#apply 1': 'a transform that draws nothing needs no context',
    'ImageTransform#apply 1.random': 'it draws nothing',
    'ImageTransform#apply 1.index': 'it draws nothing',
    'ImageTransform#apply 1.epoch': 'it draws nothing',
    'ResizeFixed#plan 1': 'with one filter it draws nothing',
    'ResizeFixed#plan 1.random': 'it draws nothing',
    'ResizeFixed#plan 1.index': 'it draws nothing',
    'ResizeFixed#plan 1.epoch': 'it draws nothing',
    'sizeAfter 0.0.left': 'running the program looks at it, its size does not depend on it',
    'sizeAfter 0.0.top': 'running the program looks at it, its size does not depend on it',
    'sizeAfter 0.0.width': 'running the program looks at it, which can name the image',
    'sizeAfter 0.0.height': 'running the program looks at it, which can name the image',
    'sizeAfter 0.0.outside': 'running the program looks at it, its size does not depend on it',
    'sizeAfter 0.0.fill': 'running the program looks at it, its size does not depend on it',
    'sizeAfter 0.0.fill.0': 'running the program looks at it, its size does not depend on it',
    'sizeAfter 0.1.element': 'running the program looks at it; what is no turn changes no size',
  },
  uses: {
    'IdxImageList.fromFiles': (made: room.IdxImageList) => made.get(0),
    'new ImageList': (made: room.ImageList) => (made.length === 0 ? inspect(made) : made.get(0)),
    'ImageList.fromFiles': (made: room.ImageList) => inspect(made),
    getCnnModel: (made: { call(x: unknown): unknown }) => made.call(ones([2, 1, 8, 8])),
    normalizer: (made: (x: unknown) => unknown) => made(ones([2, 3, 4, 4])),
    'new Image': (made: room.Image) => [inspect(made), made.size],
    'new ResizeFixed': (made: room.ResizeFixed) => made.apply(picture()),
  },
};
