/** Hangs the generated operators on Tensor's prototype, and makes the generated functions. */

import { Operator } from './call.js';
import { invalid } from './errors.js';
import { methodTable } from './generated/methods.js';
import { Tensor } from './tensor.js';
import { isOptions } from './types.js';

/** A function that calls an operator with positional arguments in schema order and a trailing options object. */
// eslint-disable-next-line no-restricted-syntax -- called by generated code only, which has no reader to confuse
export function operatorFunction(name: string, overloads: readonly string[], writes: boolean): unknown {
  const operator = new Operator(name, overloads, writes, true);
  return function (a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown): unknown {
    // An array of rest parameters would cost as much as the call itself.
    if (arguments.length <= 5) return operator.callFew(arguments.length, a, b, c, d, e);
    // eslint-disable-next-line prefer-rest-params -- see above
    return operator.call([...arguments]);
  };
}

/** Like {@link operatorFunction}, for operators that make tensors: takes `requiresGrad` among the options. */
// eslint-disable-next-line no-restricted-syntax -- called by generated code only, which has no reader to confuse
export function factoryFunction(name: string, overloads: readonly string[], writes: boolean): unknown {
  const call = operatorFunction(name, overloads, writes) as (...args: unknown[]) => unknown;
  return (...args: unknown[]) => {
    const last = args[args.length - 1];
    if (!isOptions(last) || last.requiresGrad === undefined) return call(...args);
    const { requiresGrad, ...options } = last;
    if (typeof requiresGrad !== 'boolean') throw invalid(`${name}: requiresGrad`, 'a boolean', requiresGrad);
    return (call(...args.slice(0, -1), options) as Tensor).requiresGrad_(requiresGrad);
  };
}

/** Installs every generated method that Tensor does not define by hand. */
export function installMethods(): void {
  for (const [method, name, overloads, writes] of methodTable) {
    if (Object.hasOwn(Tensor.prototype, method)) continue;
    const operator = new Operator(name, overloads, writes, true);
    Object.defineProperty(Tensor.prototype, method, {
      value: {
        [method](this: Tensor, a?: unknown, b?: unknown, c?: unknown, d?: unknown): unknown {
          if (arguments.length <= 4) return operator.callFew(arguments.length + 1, this, a, b, c, d);
          // eslint-disable-next-line prefer-rest-params -- an array of rest parameters would cost as much as the call itself
          return operator.call([this, ...arguments]);
        },
      }[method],
      writable: true,
      configurable: true,
    });
  }
}
