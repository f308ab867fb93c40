/** Weights go to PyTorch and come back, and arrays go to NumPy. */

import * as tench from 'tench';

const model = new tench.nn.Linear(4, 2);

await tench.writeSafetensors('model.safetensors', model.stateDict(), { metadata: { made: 'by tench' } });
const { tensors, metadata } = await tench.readSafetensors('model.safetensors');
model.loadStateDict(tensors);
console.log(metadata);

// In Python: torch.load('checkpoint.pt', weights_only=True)['model']
await tench.writeTorch('checkpoint.pt', { model: model.stateDict(), epoch: 3 });
model.loadStateDict(tench.stateDictOf(await tench.readTorch('checkpoint.pt'), 'model'));

// In Python: numpy.load('arrays.npz')['weight']
await tench.writeNpz('arrays.npz', { weight: model.weight }, { compressed: true });
console.log((await tench.readNpz('arrays.npz')).get('weight'));
