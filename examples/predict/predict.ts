/** Exports a learner, loads it again, and asks it about one image and about several. */

import * as tench from 'tench';

const path = await tench.untarData(process.argv[2] ?? 'imagenette-160');
const images = tench.ImageList.fromFiles(path, {
  tfms: [tench.makeRgb, new tench.ResizeFixed(64), tench.toByteTensor],
});
const split = tench.SplitData.splitByFunc(images, (file) => tench.grandparentSplitter(file, { validName: 'val' }));
const data = tench.labelByFunc(split, tench.parentLabeler, { procY: new tench.CategoryProcessor() }).toDatabunch(32);
const model = tench.createModel('getCnnModel', { cIn: 3, cOut: data.cOut, nfs: [32, 64] });
const normalize = new tench.BatchTransformXCallback(tench.normalizer(tench.imagenetteStats));
const learn = new tench.Learner(model, data, { cbs: [normalize, new tench.AvgStatsCallback([tench.accuracy])] });
await learn.fitOneCycle(1, { lrMax: 0.1 });
await learn.export('learner.safetensors');

const predictor = await tench.loadLearner('learner.safetensors');
const [first, second] = images.items;
const { label, index, probabilities } = await predictor.predict(first!);
console.log(`${label}: ${probabilities[index]}`);

const answers = await predictor.predictBatch([first!, second!, 'missing.jpg'], { onError: 'return' });
for (const answer of answers) console.log(answer instanceof Error ? answer.message : answer.label);
await predictor.close();
