import t from 'tap';

import { collectGarbage } from '../collect.js';
import {
  AnomalyError,
  AutogradFunction,
  detectAnomaly,
  grad,
  memory,
  ones,
  tensor,
  type Tensor,
} from '../../lib/tensor/index.js';

function caught(fn: () => unknown): AnomalyError {
  try {
    fn();
  } catch (error) {
    if (error instanceof AnomalyError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function makeNan(x: Tensor): Tensor {
  return x.mul(0).sqrt().mul(0).add(1);
}

class Breaks extends AutogradFunction {
  forward(x: Tensor, _error: unknown): Tensor {
    this.error = _error;
    return x.mul(2);
  }
  private error: unknown;
  backward(): null {
    throw this.error;
  }
}

t.test('NaN in a gradient names the operation and where it was called', async (t) => {
  const x = ones([2], { requiresGrad: true });
  const error = caught(() =>
    detectAnomaly(() => {
      const y = makeNan(x);
      y.sum().backward();
    }),
  );
  t.equal(error.code, 'ERR_TENCH_ANOMALY');
  t.equal(error.operation, 'sqrt');
  t.match(
    error.message,
    /sqrt \(SqrtBackward0\).*nan values.*\nsqrt was called here:\n +at makeNan \(.*anomaly\.test/i,
  );
  t.match(error.forwardStack.split('\n')[0], /at makeNan/, 'the first line is the call itself');
  t.equal((error.cause as { code?: string }).code, 'ERR_TENCH_OPERATOR');
});

t.test('NaN is no error unless asked for', async (t) => {
  const x = ones([1], { requiresGrad: true });
  detectAnomaly(() => makeNan(x).sum().backward(), { checkNan: false });
  t.same(x.grad?.toList(), [NaN]);
  makeNan(x).sum().backward();
  detectAnomaly(() => detectAnomaly(() => x.mul(2).sum().backward()), { checkNan: false });
  makeNan(x).sum().backward();
});

t.test('a backward that fails names its forward, and keeps the error as its cause', async (t) => {
  const x = ones([2], { requiresGrad: true });
  const thrown = new RangeError('as planned');
  const error = caught(() => detectAnomaly(() => Breaks.apply(x, thrown).sum().backward()));
  t.equal(error.operation, 'Breaks');
  t.equal(error.cause, thrown);
  t.match(error.message, /backward of Breaks \(BreaksBackward\) failed: as planned/);
  t.match(error.forwardStack, /anomaly\.test/);
  t.throws(() => Breaks.apply(x, thrown).sum().backward(), thrown, 'outside, the error comes as it is');

  const changed = caught(() =>
    detectAnomaly(() => {
      const y = x.mul(1).exp();
      y.add_(1);
      y.sum().backward();
    }),
  );
  t.equal(changed.operation, 'exp');
  t.match(changed.message, /modified by an inplace operation/);
});

t.test('nodes made by a backward name the forward behind them', async (t) => {
  const x = tensor([0], { requiresGrad: true });
  const error = caught(() =>
    detectAnomaly(() => {
      const [first] = grad(x.pow(1.5).sum(), x, { createGraph: true });
      grad(first!.sum().mul(0).sqrt(), x);
    }),
  );
  t.ok(error.forwardStack.includes('anomaly.test'));
  const second = caught(() =>
    detectAnomaly(() => {
      const y = x.add(1).log();
      const [first] = grad(y.sum(), x, { createGraph: true });
      first!.registerHook(() => {
        throw new Error('in the second');
      });
      grad(first!.sum(), x);
    }),
  );
  t.match(second.message, /made in the backward of \w+/);
  t.match(second.message, /in the second/);
});

t.test('a value is handed on, errors of forward too, and nothing stays switched on', async (t) => {
  t.equal(
    detectAnomaly(() => 5),
    5,
  );
  t.throws(
    () =>
      detectAnomaly(() => {
        throw new Error('in forward');
      }),
    { message: 'in forward' },
  );
  t.throws(() => detectAnomaly(async () => Promise.resolve(1)), { code: 'ERR_TENCH_ASYNC_SCOPE' });
  t.throws(() => void detectAnomaly(5 as never), { code: 'ERR_TENCH_ARGUMENT' });
  t.throws(() => detectAnomaly(() => 5, { checkNan: 1 as never }), { code: 'ERR_TENCH_ARGUMENT' });
  const x = ones([1], { requiresGrad: true });
  makeNan(x).sum().backward();
  t.same(x.grad?.toList(), [NaN]);
});

t.test('nothing is left', async (t) => {
  const x = ones([4], { requiresGrad: true });
  const round = (): void => {
    caught(() => detectAnomaly(() => makeNan(x).sum().backward()));
    detectAnomaly(() => x.exp().sum().backward());
    x.grad = null;
  };
  const settle = (): number => {
    collectGarbage();
    return memory().tensors;
  };
  for (let i = 0; i < 10; i += 1) round();
  const before = settle();
  for (let i = 0; i < 100; i += 1) round();
  t.ok(settle() <= before);
});
