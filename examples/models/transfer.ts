/** Weights that were trained on some classes are the start for others. */

import * as tench from 'tench';

const { nn } = tench;

// Stands for what others have trained: torchvision's resnet18.pth has the same names, for a thousand classes.
await tench.writeTorch('resnet18.pth', tench.resnet18({ numClasses: 20 }).stateDict());

const model = tench.createModel('resnet18', { numClasses: 2 });
const weights = tench.stateDictOf(await tench.readTorch('resnet18.pth'));
model.loadStateDict(weights, { except: ['fc'] }); // all but the head, which has other classes

// Black pictures and white ones.
const images = tench.stack([tench.zeros([3, 32, 32]), tench.ones([3, 32, 32])]).repeat([4, 1, 1, 1]);
const batch: [tench.Tensor, tench.Tensor] = [images, tench.tensor([0n, 1n]).repeat([4])];
const trainDl = {
  length: 1,
  async *[Symbol.asyncIterator]() {
    yield batch;
  },
};

// First the head and the batch norms alone; then everything, the first layers at a hundredth of the rate.
const learn = new tench.Learner(model, { trainDl }, { optFunc: tench.adamOpt });
await learn.fineTune(2);

console.log(tench.describeModel(model)); // { name: 'resnet18', options: { numClasses: 2 } }
console.log(model.summary([1, 3, 224, 224]).parameters);

// A network of one's own, by name.
tench.registerModel('tiny', ({ width = 8 }: { width?: number }) => {
  return new nn.Sequential(
    nn.convLayer(3, width),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(width, 2),
  );
});
console.log(tench.createModel('tiny', { width: 4 }).call(images).shape);
