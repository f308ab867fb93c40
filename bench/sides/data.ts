/** tench's side of the benchmark of data; sides/data.py is the peers', work for work. */

import {
  DataLoader,
  Image,
  ImageList,
  LabeledData,
  ItemList,
  Learner,
  RandomFlip,
  RandomResizedCrop,
  ResizeFixed,
  convLayer,
  getCnnModel,
  getFiles,
  libtorchVersion,
  makeRgb,
  manualSeed,
  runProgram,
  setNumThreads,
  synchronize,
  tensor,
  toByteTensor,
  toFloatTensor,
  type BatchLoader,
  type Tensor,
  type Transforms,
} from '../../lib/index.js';
import type { Work } from '../harness/work.js';

const root = process.env.BENCH_PHOTOGRAPHS ?? '';
const SIDE = 128;
const BATCH = 64;

/** Photographs of all classes: every so-manyth of the sorted list. */
function photographs(count: number): string[] {
  const all = getFiles(root, { recurse: true, extensions: ['.jpeg'] });
  const step = Math.floor(all.length / count);
  return Array.from({ length: count }, (_, i) => all[i * step]!);
}

/** Some pixels of the first batch. */
function pixels(batch: Tensor): number[] {
  const rows = tensor([0, 33, 90], { dtype: 'int64' });
  return batch.to('cpu').indexSelect(2, rows).indexSelect(3, rows).reshape([-1]).toList() as number[];
}

function loading(tfms: Transforms, checked: Transforms = tfms, device?: string): () => Work {
  return () => {
    const files = photographs(1024);
    const loader = (chain: Transforms): DataLoader =>
      new DataLoader(new ImageList<Tensor>(files, root, chain), {
        batchSize: BATCH,
        device,
        pinMemory: device !== undefined,
      });
    const timed = loader(tfms);
    return {
      run: async (iterations) => {
        for (let i = 0; i < iterations; i += 1) for await (const [xb] of timed) xb!.dispose();
        synchronize(device);
      },
      values: async () => pixels((await loader(checked).oneBatch())[0]!),
    };
  };
}

const tail = [toByteTensor, toFloatTensor];
const resize = [makeRgb, new ResizeFixed(SIDE), ...tail];
const randomCrop = [makeRgb, new RandomResizedCrop(SIDE), new RandomFlip(), ...tail];
/** Without chance: the largest square, in the middle. */
const centreCrop = [makeRgb, new RandomResizedCrop(SIDE, { scale: [1, 1], ratio: [1, 1] }), ...tail];

const BATCHES = 8;

/** Trains on the same batches, read from files each time or kept in memory. */
function training(precision: 'fp32' | 'bf16', isLoading: boolean): () => Work {
  return () => {
    const files = photographs(BATCHES * BATCH);
    const labels = files.map((_, i) => i % 10);
    const images = new LabeledData(new ImageList<Tensor>(files, root, resize), new ItemList(labels, root));
    const loader = new DataLoader(images, { batchSize: BATCH });
    const learner = async (): Promise<Learner> => {
      manualSeed(0);
      const model = getCnnModel({ cIn: 3, cOut: 10 }, [64, 64, 128, 256], convLayer);
      const trainDl = isLoading ? loader : await inMemory(loader);
      return new Learner(model, { trainDl }, { precision, lr: 0.01 });
    };
    let learn: Learner | undefined;
    return {
      run: async (iterations) => {
        learn ??= await learner();
        await learn.fit(iterations);
      },
      values: async () => {
        const fresh = await learner();
        await fresh.fit(1);
        return (fresh.model.parameters()[0]!.reshape([-1]).toList() as number[]).slice(0, 50);
      },
    };
  };
}

async function inMemory(loader: DataLoader): Promise<BatchLoader> {
  const batches: Tensor[][] = [];
  for await (const batch of loader) batches.push(batch);
  return {
    length: batches.length,
    async *[Symbol.asyncIterator]() {
      yield* batches;
    },
  };
}

function flipBytes(): Work {
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => (i * 7919) % 251);
  const image = new Image({ width: SIDE, height: SIDE, channels: 3, data });
  const flip = (): Promise<Image> => runProgram(image, [{ op: 'dihedral', element: 1 }]);
  return {
    run: async (iterations) => {
      for (let i = 0; i < iterations; i += 1) await flip();
    },
    values: async () => [...(await flip()).data.subarray(0, 300)],
  };
}

export const works: Readonly<Record<string, () => Work>> = {
  resize: loading(resize),
  randomResizedCrop: loading(randomCrop, centreCrop),
  loaderCuda: loading(resize, resize, 'cuda'),
  getFiles: () => ({
    run: (iterations) => {
      for (let i = 0; i < iterations; i += 1) getFiles(root, { recurse: true, extensions: ['.jpeg'] });
    },
    values: () => [getFiles(root, { recurse: true, extensions: ['.jpeg'] }).length],
  }),
  loadAndTrainFp32: training('fp32', true),
  trainFp32: training('fp32', false),
  loadAndTrainBf16: training('bf16', true),
  trainBf16: training('bf16', false),
  flipBytes,
};

export const libtorch = libtorchVersion;
export const setThreads = setNumThreads;
