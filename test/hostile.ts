/** Values of every kind that a caller may hand over by mistake or on purpose, for property tests. */

import fc from 'fast-check';

import * as tench from '../lib/index.js';

/** What a hostile getter, trap or callback throws. It is the caller's own, and may come back as it is. */
export const sentinel = new Error('thrown by an argument');

function throwing(): never {
  throw sentinel;
}

const trapped: ProxyHandler<object> = {
  get: throwing,
  has: throwing,
  ownKeys: throwing,
  getPrototypeOf: throwing,
  getOwnPropertyDescriptor: throwing,
};

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

function disposed(): tench.Tensor {
  const x = tench.ones([2]);
  x.dispose();
  return x;
}

/** Made anew each time, since a call may change or dispose what it is given. */
const makers: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => 0,
  () => -1,
  () => 1.5,
  () => Number.NaN,
  () => Infinity,
  () => -0,
  () => 2 ** 31,
  () => 2 ** 53,
  () => 1e300,
  () => 7n,
  () => 2n ** 65n,
  () => '',
  () => 'float32',
  () => 'cuda:7',
  () => 'meta',
  () => '💥',
  () => Symbol('mine'),
  () => ({}),
  () => ({ re: 1, im: 2 }),
  () => ({ dtype: 'garbage', device: 'cuda:7', shape: [-1], requiresGrad: 'yes' }),
  () => Object.create(null) as unknown,
  () => Object.create(tench.Tensor.prototype) as unknown,
  () => [],
  () => [1, 2],
  () => [[1], [2, 3]],
  () => [1, 'two', null],
  () => [2 ** 40, 2 ** 40],
  () => [tench.ones([2]), null],
  () => new Float32Array(3),
  () => new BigInt64Array(2),
  () => new Uint8Array(0),
  () => new DataView(new ArrayBuffer(8)),
  () => new Map(),
  () => new Date(Number.NaN),
  () => () => 1,
  () => throwing,
  () =>
    class Strange {
      kind = 1;
    },
  () => Promise.resolve(1),
  () => new Proxy({}, trapped),
  () => new Proxy([1, 2], trapped),
  () => revoked(),
  () => ({
    get re() {
      return throwing();
    },
    im: 0,
  }),
  () => ({ valueOf: throwing, toString: throwing, [Symbol.toPrimitive]: throwing, [Symbol.iterator]: throwing }),
  () => Object.defineProperty([1, 2], 1, { get: throwing }),
  () => tench.ones([2, 3]),
  () => tench.zeros([0]),
  () => tench.full([2], Number.NaN),
  () => tench.ones([2, 3], { dtype: 'int64' }),
  () => tench.ones([2, 3], { dtype: 'complex64' }),
  () => tench.ones([2, 3], { dtype: 'bool' }),
  () => tench.ones([2, 3], { device: 'meta' }),
  () => tench.ones([1]).expand([2, 3]),
  () => tench.ones([2, 3, 4, 4]),
  () => tench.randn([3, 3]).requiresGrad_(),
  () => disposed(),
];

/** All of them. */
export const hostileMakers: readonly (() => unknown)[] = [...makers];

const oddities: readonly (() => unknown)[] = [
  () => Symbol('stranger'),
  () => new WeakSet(),
  () => new Date(Number.NaN),
  () => /pattern/,
];

/** Values that no argument of any function takes, whatever its type, unless it takes all. */
export const strangers: readonly (() => unknown)[] = [...oddities];

/** One hostile value, as a function that makes it. */
export const hostile: fc.Arbitrary<() => unknown> = fc
  .nat(makers.length - 1)
  .map((index) => Object.assign(makers[index]!, { [fc.toStringMethod]: () => String(makers[index]) }));

/** Up to five of them. */
export const hostileArguments: fc.Arbitrary<(() => unknown)[]> = fc.array(hostile, { maxLength: 5 });

/** What the language itself says of a revoked proxy that is read, and of a class that is called as a callback. */
const ofTheLanguage = /on a proxy that has been revoked|Class constructor Strange cannot be invoked/;

/** Whether an error may reach a caller: one of tench's own, or what the argument itself threw. */
export function isExpected(error: unknown): boolean {
  if (error instanceof tench.TenchError || error === sentinel) return true;
  return error instanceof TypeError && ofTheLanguage.test(error.message);
}
