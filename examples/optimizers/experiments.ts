/** Small experiments beside the table: L2 and weight decay, Adam's eps, and weight decay under batch normalisation. */

import {
  AverageGrad,
  AverageSqrGrad,
  Callback,
  Chart,
  ConvLayer,
  F,
  Optimizer,
  Recorder,
  StepCount,
  adamOpt,
  adamStep,
  convLayer,
  createGenerator,
  getLearnRun,
  imagenetteStats,
  l2Reg,
  manualSeed,
  momentumStep,
  noGrad,
  randn,
  scope,
  sgdOpt,
  sgdStep,
  weightDecay,
  type OptFunc,
  type PrecisionName,
  type Stat,
  type Tensor,
} from 'tench';
import { PixelLoader } from '../harness/pixels.js';
import type { LessonData } from './lessonData.js';
import { WIDTHS } from './table.js';

const STEPS = 60;
const BATCH_SIZE = 64;

/** What equal weights are drawn as on a log axis, below any rounding of float64. */
const LEAST = 1e-17;

/** L2 changes the gradient that stats see, decay changes the weights: the same for plain SGD, and for nothing else. */
export async function compareDecays(data: LessonData): Promise<{ chart: Chart; distances: Record<string, number> }> {
  const kinds: Record<
    string,
    { lr: number; stats: () => Stat[]; stepper: typeof sgdStep | typeof momentumStep | typeof adamStep }
  > = {
    'plain SGD': { lr: 0.05, stats: () => [], stepper: sgdStep },
    'momentum 0.9': { lr: 0.01, stats: () => [new AverageGrad()], stepper: momentumStep },
    Adam: {
      lr: 0.01,
      stats: () => [new AverageGrad({ dampening: true }), new AverageSqrGrad({ dampening: true }), new StepCount()],
      stepper: adamStep,
    },
  };
  const { x, y } = await smallPictures(data);
  const distances = Object.entries(kinds).map(([name, { lr, stats, stepper }]) => {
    const make = (options: { isL2: boolean }): { weight: Tensor; opt: Optimizer } => {
      const generator = createGenerator({ seed: 0 });
      const weight = randn([x.shape[1]!, data.classes], { dtype: 'float64', generator }).mul(0.1).requiresGrad_();
      const steppers = options.isL2 ? [stepper] : [weightDecay, stepper];
      const gradSteppers = options.isL2 ? [l2Reg] : [];
      return {
        weight,
        opt: new Optimizer([weight], steppers as never, { stats: stats(), gradSteppers, lr, wd: 0.1 } as never),
      };
    };
    const [l2, decay] = [make({ isL2: true }), make({ isL2: false })];
    const apart: number[] = [];
    for (let step = 0; step < 3 * STEPS; step += 1) {
      for (const { weight, opt } of [l2, decay]) {
        scope(() => F.crossEntropy(x.matmul(weight), y).backward());
        opt.step();
        opt.zeroGrad();
      }
      apart.push(scope(() => noGrad(() => l2.weight.sub(decay.weight).norm().div(decay.weight.norm()).item())));
    }
    return [name, apart] as const;
  });
  const chart = new Chart({
    title: 'L2 and weight decay: how far apart the weights get',
    description: `One linear layer on small pictures, in float64, decay 0.1: for plain SGD the two differ by rounding at most (no difference at all is drawn at ${LEAST}); under momentum and Adam they are two different methods.`,
    x: { label: 'step' },
    y: { label: 'distance / norm of the weights', log: true },
    series: distances.map(([name, apart]) => ({ kind: 'line', name, y: apart.map((value) => Math.max(value, LEAST)) })),
  });
  return { chart, distances: Object.fromEntries(distances.map(([name, apart]) => [name, apart.at(-1)!])) };
}

/** The first images at 8 x 8 as rows of float64. */
async function smallPictures(data: LessonData): Promise<{ x: Tensor; y: Tensor }> {
  const loader = new PixelLoader(data.train, { batchSize: 512, seed: 0, stats: imagenetteStats, steps: 1 });
  for await (const [xb, yb] of loader) return { x: F.adaptiveAvgPool2d(xb!, 8).flatten(1).to('float64'), y: yb! };
  throw new RangeError('there is no batch');
}

async function trainShortly(
  data: LessonData,
  options: { lr: number; optFunc: OptFunc; precision: PrecisionName; steps: number; cbs?: Callback[] },
): Promise<readonly number[]> {
  const { lr, optFunc, precision, steps, cbs = [] } = options;
  manualSeed(0);
  const trainDl = new PixelLoader(data.train, { batchSize: BATCH_SIZE, seed: 0, stats: imagenetteStats, steps });
  const recorder = new Recorder();
  const learn = getLearnRun(WIDTHS, { trainDl, cIn: 3, cOut: data.classes }, lr, convLayer, {
    optFunc,
    precision,
    cbs: [recorder, ...cbs],
  });
  learn.logger = () => undefined;
  await learn.fit(1);
  return recorder.losses;
}

/** The mean of each loss and the few before it. */
const smooth = (losses: readonly number[]): number[] =>
  losses.map((_, i) => {
    const window = losses.slice(Math.max(i - 9, 0), i + 1);
    return window.reduce((sum, loss) => sum + loss, 0) / window.length;
  });

/** Adam divides by the root of the squared average and eps: a large eps leaves momentum, a small one lets rare gradients leap. */
export async function compareEps(
  data: LessonData,
  precision: PrecisionName,
): Promise<{ chart: Chart; losses: Record<string, number> }> {
  const curves: [string, number[]][] = [];
  for (const eps of [1, 0.1, 1e-3, 1e-5, 1e-7]) {
    const optFunc: OptFunc = (params, { lr }) => adamOpt(params, { lr, eps });
    curves.push([`eps ${eps}`, smooth(await trainShortly(data, { lr: 0.01, optFunc, precision, steps: STEPS }))]);
  }
  const chart = new Chart({
    title: 'Adam with eps from 1 to 1e-7',
    description: `The lesson's CNN for ${curves[0]![1].length} steps of ${BATCH_SIZE} at a rate of 0.01, mean of ten losses: eps decides how far weights of small gradients go in a step.`,
    x: { label: 'step' },
    y: { label: 'loss' },
    series: curves.map(([name, y]) => ({ kind: 'line', name, y })),
  });
  return { chart, losses: Object.fromEntries(curves.map(([name, y]) => [name, y.at(-1)!])) };
}

/** Notes the norm of a convolution's weight after every step. */
class WatchNorm extends Callback {
  readonly squares: number[] = [];

  override afterStep(): void {
    const layer = [...this.learn.model.modules()].filter((module) => module instanceof ConvLayer)[2]!;
    const weight = [...layer.parameters()].find(({ ndim }) => ndim === 4)!;
    this.squares.push(noGrad(() => weight.square().sum().item()));
  }
}

/** Batch normalisation takes away the scale of the weights before it: what decay changes is how far a step turns them. */
export async function watchNorms(
  data: LessonData,
  precision: PrecisionName,
): Promise<{ chart: Chart; norms: Record<string, number> }> {
  const lr = 0.3;
  const squares: [string, number[]][] = [];
  for (const wd of [0, 0.01, 0.1]) {
    const watch = new WatchNorm();
    const optFunc: OptFunc = (params, hypers) => sgdOpt(params, { ...hypers, wd });
    await trainShortly(data, { lr, optFunc, precision, steps: 2 * STEPS, cbs: [watch] });
    squares.push([`decay ${wd}`, watch.squares]);
  }
  const chart = new Chart({
    title: 'Weight decay under batch normalisation',
    description: `The third convolution of the lesson's CNN, SGD at ${lr}: without decay its norm only grows and the effective rate falls; decay shrinks the norm, and so raises the rate at which the weights turn.`,
    panels: [
      {
        x: { label: 'step' },
        y: { label: 'norm of the weights' },
        series: squares.map(([name, y]) => ({ kind: 'line', name, y: y.map(Math.sqrt) })),
      },
      {
        x: { label: 'step' },
        y: { label: 'effective rate: lr / norm²', log: true },
        series: squares.map(([name, y]) => ({ kind: 'line', name, y: y.map((square) => lr / square) })),
      },
    ],
  });
  return { chart, norms: Object.fromEntries(squares.map(([name, y]) => [name, Math.sqrt(y.at(-1)!)])) };
}
