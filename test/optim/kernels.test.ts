/** The addon's own part of stepping: LAMB's kernel over tensors of many blocks, and how many threads a step may use. */

import t from 'tap';

import { Optimizer, adamOpt, adamStats, lambOpt, lambStep, sgdMomOpt } from '../../lib/optim/index.js';
import {
  TensorList,
  getNumThreads,
  manualSeed,
  memory,
  noGrad,
  ones,
  randn,
  resetPeakMemory,
  setNumThreads,
  tensor,
  zeros,
  type Tensor,
} from '../../lib/tensor/index.js';
import { native } from '../../lib/tensor/native.js';
import { difference, flat } from './network.js';

const hypers = { lr: 0.1, wd: 0.01 };

/** More than two blocks, with a rest; a vector; one that starts at 0; none. */
function makeParams(): Tensor[] {
  manualSeed(5);
  const params = [randn([301, 257]), randn([19]), zeros([33]), zeros([0, 3])].map((p) => p.requiresGrad_());
  for (const p of params) p.grad = randn(p.shape);
  return params;
}

/** The same function under another name, which no kernel knows. */
const inParts = Object.assign((...args: Parameters<typeof lambStep>) => lambStep(...args), {
  reads: ['lr', 'wd', 'mom', 'momDamp', 'sqrMom', 'sqrDamp', 'step', 'eps', 'gradAvg', 'sqrAvg'],
});

t.test('LAMB: many blocks give what the parts give, to the bit with any number of threads', (t) => {
  const threads = getNumThreads();
  t.teardown(() => setNumThreads(threads));
  const run = (count: number): Tensor[] => {
    setNumThreads(count);
    const params = makeParams();
    const opt = lambOpt(params, hypers);
    for (let i = 0; i < 3; i += 1) opt.step();
    t.match(opt.plan()[0]!.path, /lamb/);
    return params;
  };
  const [one, two] = [run(1), run(2)];
  const wanted = makeParams();
  const parts = new Optimizer(wanted, inParts, {
    stats: adamStats(),
    ...hypers,
    eps: 1e-6,
  });
  for (let i = 0; i < 3; i += 1) parts.step();
  t.match(parts.plan()[0]!.path, /stat AverageGrad/);
  for (const [i, p] of one.entries()) {
    t.ok(two[i]!.equal(p), `parameter ${i}: one thread and two`);
    t.ok(difference(flat([p]), flat([wanted[i]!])) < 1e-5, `parameter ${i}: kernel and parts`);
  }
  t.end();
});

t.test('LAMB: what is no number stays in its tensor', (t) => {
  const [p, q] = [ones([3]).requiresGrad_(), ones([3]).requiresGrad_()];
  p.grad = tensor([1, NaN, 1]);
  q.grad = ones([3]);
  lambOpt([p, q], hypers).step();
  t.ok(p.isnan().all().item());
  t.notOk(q.isnan().any().item());
  t.end();
});

t.test('LAMB: backward through weights that have been stepped since is an error', (t) => {
  const p = ones([3]).requiresGrad_();
  const loss = p.square().sum();
  p.grad = ones([3]);
  lambOpt([p], hypers).step();
  t.throws(() => loss.backward(), /modified by an inplace operation/);
  t.end();
});

t.test('LAMB: the kernel refuses lists that are not laid out alike', (t) => {
  const handles = (x: Tensor): Float64Array => new TensorList([x]).handles.handles;
  const [p, other] = [ones([2, 3]), ones([3, 2]).transpose(0, 1)];
  t.throws(
    () => native.lambStep(handles(p), handles(other), handles(p), handles(p), 0.1, 0.9, 0.99, 1e-6, 0, 1, 10),
    /`grads`/,
  );
  t.end();
});

t.test('small tensors are stepped in one thread, and then there are as many as before', (t) => {
  const threads = getNumThreads();
  t.teardown(() => setNumThreads(threads));
  setNumThreads(2);
  const p = ones([64]).requiresGrad_();
  p.grad = ones([64]);
  adamOpt([p], hypers).step();
  t.equal(getNumThreads(), 2);
  const large = ones([2 ** 15]).requiresGrad_();
  large.grad = ones([2 ** 15]);
  const opt = adamOpt([p, large], hypers);
  opt.step();
  t.equal(opt.plan()[0]!.lists, 2, 'small and large ones apart');
  t.end();
});

t.test('a step takes at most a tenth of its state beside it', (t) => {
  // The small one is what an optimizer tries its parts on, which leaves something for the collector.
  const params = [8, ...new Array<number>(16).fill(2 ** 20)].map((length) => ones([length]).requiresGrad_());
  for (const p of params) p.grad = p.detach();
  const bytes = 16 * 4 * 2 ** 20;
  for (const [make, lists] of [
    [sgdMomOpt, 1],
    [adamOpt, 2],
    [lambOpt, 2],
  ] as const) {
    const before = memory().bytes;
    const opt = noGrad(() => make(params, hypers));
    opt.step();
    t.ok(memory().bytes - before <= 1.1 * lists * bytes, `${make.name}: the state`);
    resetPeakMemory();
    const held = memory().bytes;
    opt.step();
    t.ok(memory().peakBytes - held <= 0.1 * lists * bytes, `${make.name}: ${memory().peakBytes - held} beside it`);
  }
  t.end();
});
