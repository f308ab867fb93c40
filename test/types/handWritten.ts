/**
 * What the types of the hand-written surface take and refuse. Nothing here runs: it is enough that it compiles, and that each line
 * after `@ts-expect-error` would not.
 */

import {
  Callback,
  F,
  Module,
  type Parameter,
  type Tensor,
  TensorList,
  autocast,
  callOperator,
  checkpoint,
  detectAnomaly,
  grad,
  gradCheck,
  jit,
  memory,
  nn,
  noGrad,
  readNpy,
  readSafetensors,
  scope,
  tensor,
  writeNpy,
  type DType,
} from '../../lib/index.js';

/** Whether each is assignable to the other, and what was found is no `any`, which is assignable to everything. */
type Equal<Wanted, Found> = 0 extends 1 & Found ? false : [Wanted, Found] extends [Found, Wanted] ? true : false;

/** Compiles only for a value of exactly the wanted type. */
declare function is<Wanted>(): <Found>(value: Found, ...same: Equal<Wanted, Found> extends true ? [] : [never]) => void;

declare const x: Tensor;

/** Lets the compiler see the calls without running them. */
export function compiled(): void {
  is<Tensor>()(
    tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { dtype: 'float64', requiresGrad: true },
    ),
  );
  is<Tensor>()(tensor(new Float32Array(4), { shape: [2, 2], device: 'cpu' }));
  is<Tensor>()(tensor([1n, true, { re: 1, im: 2 }]));
  // @ts-expect-error -- a string is no data
  tensor('1');
  // @ts-expect-error -- there is no such dtype
  tensor([1], { dtype: 'float31' });
  // @ts-expect-error -- a shape is a list of numbers
  tensor([1], { shape: ['1'] });

  is<number[]>()(x.shape);
  is<DType>()(x.dtype);
  is<Tensor | null>()(x.grad);
  is<string | null>()(x.gradFn);
  is<number>()(x.item());
  x.backward();
  x.backward(x, { retainGraph: true });
  // @ts-expect-error -- a gradient is a tensor
  x.backward(1);
  is<Tensor>()(x.to('float16'));
  is<Tensor>()(x.get(0, null, '...', [1, 2], x));
  // @ts-expect-error -- an index is no object
  x.get({});
  // @ts-expect-error -- there is no such method
  is<unknown>()(x.nothing);
  // @ts-expect-error -- the shape is read
  x.shape = [1];

  is<unknown>()(callOperator('aten::relu', [x], { out: null }));
  // @ts-expect-error -- positional arguments come in an array
  callOperator('aten::relu', x);

  is<Tensor>()(scope(() => x));
  is<[number, Tensor]>()(scope((): [number, Tensor] => [1, x]));
  is<number>()(noGrad(() => 1));
  is<number>()(memory().tensors);
  is<(Tensor | null)[]>()(grad(x, [x]));
  // @ts-expect-error -- outputs are tensors
  grad(1, [x]);
  is<Tensor>()(autocast({ dtype: 'bfloat16' }, () => x));

  is<TensorList>()(new TensorList([x]).add(1));
  // @ts-expect-error -- a list of tensors holds tensors
  new TensorList([1]);

  is<nn.Linear>()(new nn.Linear(2, 3, { bias: false }));
  // @ts-expect-error -- sizes are numbers
  new nn.Linear('2', 3);
  is<Tensor>()(new nn.Conv2d(1, 2, [3, 1], { padding: 'same', paddingMode: 'reflect' }).call(x));
  // @ts-expect-error -- there is no such padding mode
  new nn.Conv2d(1, 2, 3, { paddingMode: 'mirror' });
  is<Tensor>()(new nn.CrossEntropyLoss({ reduction: 'sum' }).call(x, x));
  // @ts-expect-error -- a loss needs a target
  new nn.CrossEntropyLoss().call(x);
  is<Tensor>()(new nn.TripletMarginLoss().call(x, x, x));
  is<Parameter | null>()(new nn.Linear(2, 3).bias);
  is<Tensor>()(F.interpolate(x, { size: [2, 3], mode: 'bicubic', antialias: true }));
  // @ts-expect-error -- there is no such mode
  F.interpolate(x, { size: 2, mode: 'cubic' });
  // @ts-expect-error -- a reduction is one of three words
  F.mseLoss(x, x, { reduction: 'average' });

  is<true>()(gradCheck((a: Tensor) => a.mul(a), [x]));
  // @ts-expect-error -- what is checked is a function
  gradCheck(x, [x]);
  is<[Tensor, number]>()(checkpoint((a: Tensor, n: number): [Tensor, number] => [a, n], x, 2));
  // @ts-expect-error -- the inputs are those of the function
  checkpoint((n: number) => n, null);
  is<string>()(detectAnomaly(() => 'answer'));

  is<Promise<Tensor>>()(readNpy('x.npy'));
  is<Promise<jit.ScriptModule>>()(jit.load('x.pt', { device: 'cpu' }));
  void readSafetensors('x.safetensors').then(({ tensors }) => tensors);
  // @ts-expect-error -- a path is a string
  void readSafetensors(1);
  // @ts-expect-error -- what is written are tensors
  void writeNpy('x.npy', 1);

  class Two extends Module<[Tensor, Tensor], [Tensor, number]> {
    override forward(a: Tensor, b: Tensor): [Tensor, number] {
      return [a.add(b), 1];
    }
  }
  is<[Tensor, number]>()(new Two().call(x, x));
  // @ts-expect-error -- it takes two
  new Two().call(x);

  class Once extends Callback {
    seen = 0;
  }
  is<Once>()(new Once());
}
