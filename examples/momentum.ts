/**
 * What momentum does to a row of numbers: the lesson's four plots, for betas of 0.5, 0.7, 0.9 and 0.99.
 *
 * The averages are the optimizer's own: its gradients are the numbers, each beta is a group's, and its one stepper writes down what it sees. They
 * start at 0, and what debiasing gives is shown and not fed back.
 */

import {
  AverageGrad,
  Chart,
  Optimizer,
  StepCount,
  createGenerator,
  debiasTerm,
  linspace,
  randn,
  tensor,
  type ChartPanel,
  type TensorList,
} from 'tench';
import { writePage } from './harness/page.js';
import type { Station } from './harness/station.js';

const BETAS = [0.5, 0.7, 0.9, 0.99];
const COUNT = 200;

interface Seen {
  mom: number;
  momDamp: number;
  step: number;
  gradAvg: TensorList;
}

/** What is shown of an average in a step. */
type Show = (average: number, seen: Seen) => number;

const asItIs: Show = (average) => average;
const debiased: Show = (average, { mom, momDamp, step }) => average / debiasTerm(mom, momDamp, step);

/** The running averages of some numbers, a row for each beta. */
export function averagesOf(values: readonly number[], options: { dampening: boolean; show?: Show }): number[][] {
  const { dampening, show = asItIs } = options;
  const rows = new Map(BETAS.map((beta) => [beta, [] as number[]]));
  const writeDown = (_p: TensorList, seen: Seen): void => {
    rows.get(seen.mom)!.push(show(seen.gradAvg.at(0).item(), seen));
  };
  const weights = BETAS.map(() => tensor([0], { dtype: 'float64' }).requiresGrad_());
  const opt = new Optimizer(
    weights.map((weight) => [weight]),
    writeDown,
    { stats: [new AverageGrad({ dampening }), new StepCount()] },
  );
  BETAS.forEach((mom, group) => (opt.hypers[group]!.mom = mom));
  for (const value of values) {
    for (const weight of weights) weight.grad = tensor([value], { dtype: 'float64' });
    opt.step();
  }
  return BETAS.map((beta) => rows.get(beta)!);
}

function plot(
  title: string,
  description: string,
  values: readonly number[],
  averages: readonly number[][],
  x: number[],
): Chart {
  const panels = BETAS.map((beta, i): ChartPanel => ({
    title: `beta = ${beta}`,
    x: { label: 'x' },
    series: [
      { kind: 'scatter', name: 'values', x, y: values },
      { kind: 'line', name: 'average', x, y: averages[i]! },
    ],
  }));
  return new Chart({ title, description, panels });
}

export const momentum: Station = {
  name: 'momentum',
  summary: 'plain momentum, averages, an outlier, and debiasing, in four plots',
  async run({ out, print }) {
    const generator = createGenerator({ seed: 0 });
    const x = linspace(-4, 4, COUNT, { dtype: 'float64' });
    const noise = (): ReturnType<typeof randn> => randn([COUNT], { dtype: 'float64', generator });
    const normal = noise().add(0.3).toList() as number[];
    const curve = noise().mul(0.1).add(x.div(3).square().neg().add(1)).toList() as number[];
    // The one value that is far from its neighbours is the first: an average that begins with it takes long to forget it.
    curve[0] = 0.5;
    const places = x.toList() as number[];
    const rows = {
      plain: averagesOf(normal, { dampening: false }),
      ewma: averagesOf(normal, { dampening: true }),
      outlier: averagesOf(curve, { dampening: true }),
      debiased: averagesOf(curve, { dampening: true, show: debiased }),
    };
    const charts = {
      plain: plot(
        'Plain momentum',
        'A sum of all values, each worth beta times less with every later one: up to 1 / (1 - beta) times larger than the values, so the larger beta, the farther it is carried.',
        normal,
        rows.plain,
        places,
      ),
      ewma: plot(
        'Exponentially weighted average',
        'A new value counts 1 - beta, so the average stays among the values; the larger beta, the smoother and the slower.',
        normal,
        rows.ewma,
        places,
      ),
      outlier: plot(
        'Average of a polynomial with an outlier',
        'The first value is the outlier. Averages begin at 0 and lag: with 0.5 the line follows the noise too, with 0.9 it follows the curve late, with 0.99 hardly at all.',
        curve,
        rows.outlier,
        places,
      ),
      debiased: plot(
        'The same, debiased',
        'Divided by the weights so far, the first average is the first value; so each begins at the outlier, and the larger beta, the longer it is remembered.',
        curve,
        rows.debiased,
        places,
      ),
    };
    const figures = Object.entries(charts).map(([name, chart]) => ({ name, chart }));
    const text = [
      `${COUNT} values each, averaged with four betas. A dot is a value, the line is what an optimizer would step by.`,
    ];
    const files = await writePage(out, { title: 'What momentum does', text, figures });
    for (const { chart } of figures) print(`${chart.title}: ${chart.description}`);
    print(`\n${files.at(-1)!}`);
    const at = (place: number): Record<string, number[]> =>
      Object.fromEntries(Object.entries(rows).map(([name, byBeta]) => [name, byBeta.map((row) => row.at(place)!)]));
    return { files, page: files.at(-1), betas: BETAS, first: at(0), last: at(-1) };
  },
};
