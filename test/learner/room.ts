/** How everything in the learner room is called rightly, for the tests that call it wrongly. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { DataLoader } from '../../lib/data/index.js';
import * as room from '../../lib/learner/index.js';
import { sourceOf } from '../../lib/learner/resultSheet.js';
import { Linear, OutputStats, convLayer } from '../../lib/nn/index.js';
import { sgdOpt } from '../../lib/optim/index.js';
import { ones, tensor, type Tensor } from '../../lib/tensor/index.js';
import { BatchAugment } from '../../lib/vision/index.js';
import type { Room } from '../provoke.js';
import { FixedLoader, drawData, drawModel } from './drawn.js';

const silent = (): void => undefined;

/** Ends a fit after its first epoch: 2^31 epochs are no error, but nobody waits for them. */
class OneEpoch extends room.Callback {
  override afterEpoch(): void {
    throw new room.CancelTrainException();
  }
}

function learner(): room.Learner {
  const model = drawModel();
  const learn = new room.Learner(model, drawData([4], [2]), {
    splitter: () => model.parameters().map((parameter) => [parameter]),
    cbs: [new room.Recorder(), new OneEpoch()],
  });
  learn.logger = silent;
  return learn;
}

/** Points of two classes, which are shown as pictures. */
function pictures(): { dl: room.BatchLoader } {
  const dataset = {
    length: 4,
    get: (index: number) => [tensor([index - 1.5, 1]), index % 2],
    show: (index: number) => Promise.resolve({ x: ones([1, 1, 2]).mul(index / 4), y: index % 2 }),
  };
  return { dl: new DataLoader(dataset, { batchSize: 3 }) };
}

const dashboardOptions = (): unknown => ({
  port: 8000,
  title: 'T',
  out: 'run.html',
  interval: 1,
  activationsEvery: 2,
  samples: 4,
  vocab: ['a', 'b'],
});

/** What `Learner.interpret` makes. */
function interpretation(): room.Interpretation {
  const targets = tensor([0, 1], { dtype: 'int64' });
  return new room.Interpretation(ones([2, 2]).div(2), targets, ones([2]), ['a', 'b'], sourceOf(pictures().dl, 2));
}

/** A callback that has been added to a learner, where one batch is under way. */
function added<C extends room.Callback>(cb: C): C {
  const learn = new room.Learner(drawModel(), drawData([4], [2]));
  learn.logger = silent;
  learn.opt = sgdOpt(learn.splitter(learn.model), { lr: 0.1 });
  [learn.xb, learn.yb, learn.loss, learn.pred] = [ones([2, 2]), tensor([0, 1]), ones([]), ones([2, 2])];
  learn.addCallbacks([cb]);
  return cb;
}

/** Has seen one output. */
function measured(): room.ActivationStats {
  const watch = added(new room.ActivationStats());
  const stats = new OutputStats();
  stats.add(ones([2, 3]));
  watch.layers = [{ name: '0', module: drawModel(), stats }];
  return watch;
}

class Idle extends room.Callback {}

const pred = (): Tensor => ones([2, 3]);
const yb = (): Tensor => tensor([0, 1]);
const half = (): number => 0.5;
const pass = (value: unknown): unknown => value;
const record = (): unknown => ({
  epoch: 0,
  train: { loss: 1 },
  valid: { loss: 2 },
  seconds: 1,
  imagesPerSecond: 2,
});

const tracked = { monitor: 'loss', pass: 'valid', mode: 'min', minDelta: 0.1 };

const beginnings = ['needIdle', 'optimizerOf', 'setRates', 'remember', 'passOver', 'startingWith', 'begin'];
const phases = [
  ...['run', 'step', 'oneEpoch', 'onePass', 'letOthersRun', 'trainBatch', 'validBatch', 'forward'],
  ...['predict', 'lossOf', 'tellOf', 'beginGraph'],
];

export const learnerRoom: Room = {
  exports: room,
  apart: {
    ...Object.fromEntries(beginnings.map((name) => [`FitStart#${name}`, 'private'])),
    ...Object.fromEntries(phases.map((name) => [`TrainingLoop#${name}`, 'private'])),
    ...Object.fromEntries(['phase', 'tell', 'tellNow'].map((name) => [`CallbackHolder#${name}`, 'private'])),
    'Learner#runScheduled': 'private',
    'EarlyStoppingCallback#judge': 'protected',
    'ReduceLrOnPlateauCallback#judge': 'protected',
    'CutMix#mix': 'protected',
    'MixUp#mix': 'protected',
    'Recorder#read': 'private',
    'Interpretation#results': 'private',
    ...Object.fromEntries(
      ['refresh', 'note', 'draw', 'figures', 'drawSamples', 'put', 'events'].map((name) => [
        `Dashboard#${name}`,
        'private',
      ]),
    ),
    'Recorder#byGroup': 'private',
    'Recorder#changing': 'private',
    'Recorder#groups': 'internal',
    'Dashboard#open': 'listens; see dashboard.test.ts',
    'Dashboard#beginFit': 'listens; see dashboard.test.ts',
    'Learner#dashboard': 'listens; see dashboard.test.ts',
    'new Interpretation': 'made by Learner.interpret',
    ...Object.fromEntries(
      [
        'AvgStatsCallback',
        'EmaCallback',
        'GradientAccumulationCallback',
        'Recorder',
        'ReduceLrOnPlateauCallback',
        'TrackingCallback',
      ].map((name) => [
        `${name}#loadStateDict`,
        'only for what its own `stateDict` returned; a checkpoint is known by its hash',
      ]),
    ),
  },
  instances: {
    ActivationStats: measured,
    AvgStatsCallback: () => added(new room.AvgStatsCallback()),
    BatchAugmentCallback: () => added(new room.BatchAugmentCallback(new BatchAugment([]))),
    BatchTransformXCallback: () => added(new room.BatchTransformXCallback((xb) => xb)),
    Callback: () => added(new Idle()),
    CancelBatchException: () => new room.CancelBatchException(),
    CancelEpochException: () => new room.CancelEpochException(),
    CancelTrainException: () => new room.CancelTrainException(),
    CudaCallback: () => added(new room.CudaCallback()),
    DeviceCallback: () => added(new room.DeviceCallback('cpu')),
    Interpretation: interpretation,
    Dashboard: () => added(new room.Dashboard()),
    Learner: learner,
    TrainingLoop: learner,
    FitStart: learner,
    TrainingState: learner,
    CallbackHolder: learner,
    CutMix: () => added(new room.CutMix()),
    MixUp: () => added(new room.MixUp()),
    Mixing: () => added(new room.MixUp()),
    EmaCallback: () => added(new room.EmaCallback()),
    GradientAccumulationCallback: () => added(new room.GradientAccumulationCallback(4)),
    GradientClipCallback: () => added(new room.GradientClipCallback({ maxNorm: 1 })),
    EarlyStoppingCallback: () => added(new room.EarlyStoppingCallback()),
    ReduceLrOnPlateauCallback: () => added(new room.ReduceLrOnPlateauCallback()),
    TerminateOnNanCallback: () => added(new room.TerminateOnNanCallback()),
    TrackingCallback: () => added(new room.EarlyStoppingCallback()),
    ParamScheduler: () => added(new room.ParamScheduler('lr', half)),
    Recorder: () => added(new room.Recorder()),
    TrainEvalCallback: () => added(new room.TrainEvalCallback()),
  },
  valid: {
    'new ActivationStats': () => [
      { layers: (module: unknown) => module instanceof Linear, every: 2, bins: 4, min: -1, max: 1, nearZero: 0.1 },
    ],
    'ActivationStats#plotHistograms': () => [{ title: 'a', description: 'b' }],
    'ActivationStats#plotNearZeros': () => [{ title: 'a', description: 'b' }],
    'new AvgStats': () => [[room.accuracy, room.errorRate]],
    'AvgStats#accumulate': () => [ones([]), pred(), yb()],
    'new AvgStatsCallback': () => [[room.accuracy]],
    'new DeviceCallback': () => ['cpu'],
    'new BatchAugmentCallback': () => [new BatchAugment([])],
    'new BatchTransformXCallback': () => [pass],
    formatEpoch: () => [record()],
    'new Learner': () => [
      drawModel(),
      { trainDl: new FixedLoader([]), validDl: new FixedLoader([]) },
      {
        lossFunc: (answer: Tensor) => answer.sum(),
        optFunc: sgdOpt,
        lr: 0.1,
        splitter: (model: { parameters(): Iterable<Tensor> }) => [...model.parameters()],
        cbs: [new Idle()],
        cbfs: [() => new Idle()],
        precision: 'fp32',
        channelsLast: false,
        device: 'cpu',
      },
    ],
    'CallbackHolder#addCallbacks': () => [[new Idle()]],
    'CallbackHolder#removeCallbacks': () => [[new Idle()]],
    'CallbackHolder#find': () => [Idle],
    'TrainingLoop#fit': () => [1, { lr: 0.1, cbs: [new Idle()], resetOpt: true }],
    'new EmaCallback': () => [{ decay: 0.9, warmUp: true }],
    'EmaCallback#evalWeights': () => [half],
    'new GradientAccumulationCallback': () => [4],
    'new GradientClipCallback': () => [{ maxNorm: 1, maxValue: 2 }],
    'new EarlyStoppingCallback': () => [{ ...tracked, patience: 2 }],
    'new ReduceLrOnPlateauCallback': () => [{ ...tracked, patience: 2, factor: 0.5, minLr: 1e-6 }],
    'new ConfusionMatrix': () => [['a', 'b', 'c']],
    'ConfusionMatrix#accumulate': () => [pred(), yb()],
    'ConfusionMatrix#loadStateDict': () => [{ classes: 2, sums: ones([4]) }],
    'AvgStats#loadStateDict': () => [{ count: 2, sums: [ones([])], states: [] }],
    'ConfusionMatrix#mostConfused': () => [1],
    meanSquaredError: () => [pred(), pred()],
    meanAbsoluteError: () => [pred(), pred()],
    f1Score: () => [{ average: 'macro' }],
    fBetaScore: () => [{ average: 'micro', beta: 2 }],
    precisionScore: () => [{ average: 'weighted' }],
    recallScore: () => [{ average: 'macro' }],
    rocAucScore: () => [{ average: 'macro' }],
    crossEntropyWith: () => [{ labelSmoothing: 0.1, weight: [1, 2, 3] }],
    'Learner#fitOneCycle': () => [
      1,
      { lrMax: { from: 0.1, to: 0.2 }, div: 5, divFinal: 10, pctStart: 0.3, cbs: [new Idle()], resetOpt: true },
    ],
    'Learner#fitFlatCos': () => [1, { lr: [0.1, 0.2], divFinal: 10, pctStart: 0.3, cbs: [new Idle()], resetOpt: true }],
    'Learner#fineTune': () => [
      1,
      { baseLr: 0.1, freezeEpochs: 1, lrMult: 10, pctStart: 0.3, div: 5, cbs: [new Idle()] },
    ],
    'Learner#freezeTo': () => [-1],
    'Learner#lrFind': () => [{ startLr: 1e-3, endLr: 1, numIt: 4, stopDiv: true, suggestFuncs: [half] }],
    'suggestLr.valley': () => [
      [0.1, 0.2],
      [2, 1],
    ],
    'suggestLr.minimum': () => [
      [0.1, 0.2],
      [2, 1],
    ],
    'suggestLr.steep': () => [
      [0.1, 0.2],
      [2, 1],
    ],
    'suggestLr.slide': () => [
      [0.1, 0.2],
      [2, 1],
    ],
    'TrainingLoop#evalWeights': () => [half],
    'new Dashboard': () => [dashboardOptions()],
    'Dashboard#save': () => [join(mkdtempSync(join(tmpdir(), 'tench-page-')), 'page.html')],
    'Learner#interpret': () => [{ dl: drawData().validDl, vocab: ['a', 'b'], activation: pass }],
    'Learner#showResults': () => [
      { ...pictures(), activation: pass, count: 2, columns: 2, zoom: 2, title: 'T', mean: [0.5], std: [0.5] },
    ],
    'Interpretation#topLosses': () => [2, { largest: true }],
    'Interpretation#plotTopLosses': () => [
      2,
      { largest: false, columns: 2, zoom: 2, title: 'T', mean: [0.5], std: [0.5] },
    ],
    'Interpretation#plotFirst': () => [2, { columns: 2, zoom: 2, title: 'T', mean: [0.5], std: [0.5] }],
    'Interpretation#plotConfusionMatrix': () => [{ normalize: true, title: 'T' }],
    'Interpretation#mostConfused': () => [1],
    'ConfusionMatrix#plot': () => [{ normalize: true, title: 'T' }],
    'ActivationStats#plotActivations': () => [{ layers: [] }],
    'Recorder#plot': () => [{ skipStart: 1, smoothing: 0.5 }],
    'Recorder#plotHypers': () => [['lr']],
    'Learner#tta': () => [
      { n: 1, beta: 0.5, useMax: true, dl: drawData().validDl, augmentedDl: drawData().validDl, activation: pass },
    ],
    getLearnRun: () => [
      [4],
      { cIn: 1, cOut: 2, trainDl: new FixedLoader([]) },
      0.1,
      convLayer,
      {
        uniform: true,
        lossFunc: pass,
        optFunc: sgdOpt,
        cbs: [new Idle()],
        cbfs: [() => new Idle()],
        precision: 'bf16',
      },
    ],
    accuracy: () => [pred(), yb()],
    accuracyTopK: () => [2],
    errorRate: () => [pred(), yb()],
    named: () => ['mine', () => 1],
    'new CutMix': () => [{ alpha: 1, seed: 2 }],
    'new MixUp': () => [{ alpha: 0.4, seed: 2 }],
    'new ParamScheduler': () => ['lr', [half]],
    'new Precision': () => ['bf16', { channelsLast: true }],
    'Precision#run': () => ['cpu', half],
    'Precision#prepareModel': () => [drawModel()],
    'Precision#prepareInput': () => [ones([1, 2, 3, 3])],
    'Recorder#hypers': () => ['lr', -1],
    'Recorder#points': () => ['loss', { x: 'lr', group: 0 }],
  },
  open: {
    'EmaCallback#evalWeights 0.()': 'handed on',
    'Learner#lrFind 0.suggestFuncs.0.()': 'handed on',
    'TrainingLoop#evalWeights 0.()': 'handed on',
    'new ActivationStats 0.layers.()': 'looked at in a fit',
    'Precision#run 1.()': 'what the function returns is handed on',
    'new BatchTransformXCallback 0.()': 'looked at when a batch comes',
    'getLearnRun 4.lossFunc.()': 'looked at in a fit',
    'named 1.()': 'looked at when a batch comes',
    'new ParamScheduler 1.0.()': 'looked at in a fit',
    'new Learner 2.lossFunc.()': 'looked at in a fit',
    'new Learner 2.optFunc.()': 'looked at in a fit',
    'new Learner 2.splitter.()': 'looked at in a fit',
    'getLearnRun 4.optFunc.()': 'looked at in a fit',
    'Recorder#points 1.x': 'nothing has been recorded',
    'Recorder#points 1.group': 'nothing has been recorded',
  },
  uses: {
    'new Learner': async (learn: room.Learner) => {
      learn.logger = silent;
      inspect(learn);
      await learn.fit(1);
    },
    accuracyTopK: (metric: room.Metric) => metric(pred(), yb()),
    'new AvgStats': (stats: room.AvgStats) => {
      stats.accumulate(ones([]), pred(), yb());
      return stats.averages();
    },
  },
};
