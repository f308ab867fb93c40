/** README's twenty lines: the lesson's network on Imagenette, or on a folder like it (`node dist/examples/readme/train.js PATH`). */

import * as tench from 'tench';

const path = await tench.untarData(process.argv[2] ?? 'imagenette-160');
const images = tench.ImageList.fromFiles(path, {
  tfms: [tench.makeRgb, new tench.ResizeFixed(128), tench.toByteTensor],
});
const split = tench.SplitData.splitByFunc(images, (file) => tench.grandparentSplitter(file, { validName: 'val' }));
const labelled = tench.labelByFunc(split, tench.parentLabeler, { procY: new tench.CategoryProcessor() });
const data = labelled.toDatabunch(64, { cIn: 3 });

const schedule = tench.combineScheds([0.3, 0.7], tench.cos1cycleAnneal(0.1, 0.3, 0.05));
const learn = tench.getLearnRun([64, 64, 128, 256], data, 0.3, tench.convLayer, {
  cbs: [
    new tench.BatchTransformXCallback(tench.normalizer(tench.imagenetteStats)),
    new tench.ParamScheduler('lr', schedule),
    new tench.AvgStatsCallback([tench.accuracy]),
    new tench.ProgressCallback(),
  ],
});
await learn.fit(5);
await tench.writeSafetensors('model.safetensors', learn.model.stateDict());
