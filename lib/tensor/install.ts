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
  return (...args: unknown[]) => operator.call(args);
}

/** Like {@link operatorFunction}, for operators that make tensors: takes `requiresGrad` among the options. */
// eslint-disable-next-line no-restricted-syntax -- called by generated code only, which has no reader to confuse
export function factoryFunction(name: string, overloads: readonly string[], writes: boolean): unknown {
  const operator = new Operator(name, overloads, writes, true);
  return (...args: unknown[]) => {
    const last = args[args.length - 1];
    if (!isOptions(last) || last.requiresGrad === undefined) return operator.call(args);
    const { requiresGrad, ...options } = last;
    if (typeof requiresGrad !== 'boolean') throw invalid(`${name}: requiresGrad`, 'a boolean', requiresGrad);
    return (operator.invoke(args.slice(0, -1), options) as Tensor).requiresGrad_(requiresGrad);
  };
}

/** Installs every generated method that Tensor does not define by hand. */
export function installMethods(): void {
  for (const [method, name, overloads, writes] of methodTable) {
    if (Object.hasOwn(Tensor.prototype, method)) continue;
    const operator = new Operator(name, overloads, writes, true);
    Object.defineProperty(Tensor.prototype, method, {
      value: {
        [method](this: Tensor, ...args: unknown[]): unknown {
          args.unshift(this);
          return operator.call(args);
        },
      }[method],
      writable: true,
      configurable: true,
    });
  }
}
