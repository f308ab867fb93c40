/** Tensors on their way to a device, and a stream of one's own: nothing but a move on the processor, beside other work on an accelerator. */

import t from 'tap';

import { deviceGraphs } from '../../lib/tensor/graph.js';
import { arange, isCudaAvailable, rand, randn, type Tensor } from '../../lib/tensor/index.js';
import { enterStream, hasStreams, sent } from '../../lib/tensor/stream.js';

const withCuda = { skip: !isCudaAvailable() && 'there is no CUDA device' };

t.test('on the processor a tensor stays itself, and to a device without streams it is moved', (t) => {
  const x = arange(6);
  t.equal(sent(x, 'cpu'), x);
  t.equal(sent(x, 'meta').device, 'meta');
  t.throws(() => sent(x, 'nowhere'), { message: /nowhere/ });
  t.strictSame(['cpu', 'meta', 'cuda', 'cuda:1', 'cudax'].map(hasStreams), [false, false, true, true, false]);
  t.end();
});

t.test('gradients go through a move', (t) => {
  const x = randn([3]).requiresGrad_();
  sent(x.mul(2), 'cpu').sum().backward();
  t.strictSame(x.grad!.toList(), [2, 2, 2]);
  t.end();
});

t.test('on the processor there is no stream to enter, and no graph', (t) => {
  const [first, second] = [enterStream('cpu'), enterStream('cpu')];
  t.ok(first !== null && second !== null);
  first?.();
  second?.();
  t.match(deviceGraphs.trouble('cpu'), /nothing to gain/);
  t.throws(() => deviceGraphs.make('cpu').capture(() => undefined), { message: /expected a device that can capture/ });
  t.throws(() => deviceGraphs.make('cpu').replay(), { message: /a graph that is there/ });
  t.end();
});

t.test('without a CUDA device it says so', { skip: isCudaAvailable() && 'there is a CUDA device' }, (t) => {
  t.match(deviceGraphs.trouble('cuda'), /no CUDA device/);
  t.throws(() => enterStream('cuda'), { message: /no CUDA device/ });
  t.throws(() => sent(arange(3), 'cuda'), { message: /CUDA/ });
  t.end();
});

t.test('batches arrive whole while the device is busy, in the order of their sending', withCuda, (t) => {
  const big = rand([2048, 2048], { device: 'cuda' });
  let work = big;
  const arrived: Tensor[] = [];
  for (let i = 0; i < 20; i += 1) {
    work = work.matmul(big).clamp(0, 1);
    arrived.push(sent(arange(100_000).add(i), 'cuda').add(1));
  }
  for (const [i, x] of arrived.entries()) t.ok(x.to('cpu').equal(arange(100_000).add(i + 1)), String(i));
  t.end();
});

t.test('what is done on a stream of one’s own goes on from before, and is there afterwards', withCuda, (t) => {
  const x = rand([512, 512], { device: 'cuda' });
  const wanted = x.matmul(x).to('cpu');
  const leave = enterStream('cuda');
  t.equal(enterStream('cuda'), null, 'one at a time');
  const y = x.matmul(x);
  leave?.();
  t.ok(y.to('cpu').equal(wanted));
  t.end();
});

t.test(
  'a graph does again what it has captured',
  { skip: withCuda.skip || (deviceGraphs.trouble('cuda') ?? false) },
  (t) => {
    const leave = enterStream('cuda');
    const x = arange(4, { device: 'cuda' });
    const graph = deviceGraphs.make('cuda');
    const y = graph.capture(() => x.mul(3));
    for (const value of [1, 5]) {
      x.fill_(value);
      graph.replay();
      t.strictSame(y.to('cpu').toList(), [3 * value, 3 * value, 3 * value, 3 * value]);
    }
    const broken = deviceGraphs.make('cuda');
    t.throws(() => broken.capture(() => x.sum().item()), 'a value is asked for');
    t.strictSame(x.add(1).to('cpu').toList(), [6, 6, 6, 6], 'the device goes on after it');
    graph.dispose();
    leave?.();
    t.end();
  },
);
