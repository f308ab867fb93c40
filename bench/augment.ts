/** The benchmark of augmentation on the batch: 64 pictures of 128 pixels, against PyTorch, fastai, kornia and torchvision. */

import { fileURLToPath } from 'node:url';

import { packageFolder } from '../lib/runtime/places.js';
import type { Benchmark, Comparison } from './harness/benchmark.js';
import { ServerSide } from './harness/side.js';

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
  comparison('flip, rotate, zoom, float32', 'affine', 'kornia', 'augTransformsKornia'),
  comparison('flip, rotate, zoom, uint8', 'affineBytes', 'kornia', 'augTransformsKornia'),
];

/** The Python files lie beside their sources, and only what is TypeScript is compiled. */
const python = (file: string): string => `${packageFolder}/bench/${file}`;

export const augment: Benchmark = {
  name: 'augment',
  summary: 'augmentation of batches of 64 pictures at 128 px, against PyTorch, fastai, kornia and torchvision',
  environment: 'vision',
  // fastai and kornia run on the PyTorch that their users get.
  sameLibTorch: false,
  sides: ({ python: program }) => {
    const peer = (name: string): ServerSide => {
      const args = [python('harness/serve.py'), python(`sides/augment_${name}.py`)];
      return new ServerSide(name, { program, args, env: { PYTHONWARNINGS: 'ignore' } });
    };
    return {
      tench: new ServerSide('tench', {
        program: process.execPath,
        args: ['./harness/serve.js', './sides/augment.js'].map((file) => fileURLToPath(new URL(file, import.meta.url))),
      }),
      pytorch: peer('pytorch'),
      torchvision: peer('torchvision'),
      fastai: peer('fastai'),
      kornia: peer('kornia'),
    };
  },
  comparisons,
};
