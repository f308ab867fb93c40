/** The benchmark of augmentation on the batch: 64 pictures of 128 pixels, against PyTorch, fastai, kornia and torchvision. */

import type { Benchmark, Comparison } from './harness/benchmark.js';
import { peerSide, tenchSide } from './harness/servers.js';

const comparison = (title: string, work: string, side: string, key?: string): Comparison => ({
  title,
  ...(key === undefined ? {} : { key }),
  sides: ['tench', side],
  work,
  iterations: 2,
});

const comparisons: readonly Comparison[] = [
  comparison('rotateBatch, float32', 'rotate', 'pytorch', 'rotateBatch'),
  comparison('rotateBatch, uint8', 'rotateBytes', 'pytorch', 'rotateBatch'),
  comparison('rotate, black corners, float32', 'rotateBlack', 'torchvision'),
  comparison('flip, warp, rotate, zoom, float32', 'geometry', 'fastai', 'augTransforms'),
  comparison('flip, warp, rotate, zoom, uint8', 'geometryBytes', 'fastai', 'augTransforms'),
  comparison('the same and lighting, float32', 'all', 'fastai', 'augTransforms'),
  comparison('the same and lighting, uint8', 'allBytes', 'fastai', 'augTransforms'),
  comparison('flip, rotate, zoom, float32', 'affine', 'kornia', 'augTransformsKornia'),
  comparison('flip, rotate, zoom, uint8', 'affineBytes', 'kornia', 'augTransformsKornia'),
];

export const augment: Benchmark = {
  name: 'augment',
  summary: 'augmentation of batches of 64 pictures at 128 px, against PyTorch, fastai, kornia and torchvision',
  environment: 'vision',
  // fastai and kornia run on the PyTorch that their users get.
  sameLibTorch: false,
  sides: ({ python }) => ({
    tench: tenchSide('augment'),
    ...Object.fromEntries(
      ['pytorch', 'torchvision', 'fastai', 'kornia'].map((name) => [
        name,
        peerSide(name, { python, module: `augment_${name}` }),
      ]),
    ),
  }),
  comparisons,
};
