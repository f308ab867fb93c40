/** docs/autograd.md quotes its example as it is, and the example does what the page says. */

import { readFileSync } from 'node:fs';

import t from 'tap';

import { Round, Swish, gradientPenalty, halfStep, inBlocks } from '../../examples/autograd/autograd.js';
import { GradScaler, grad, gradCheck, gradGradCheck, manualSeed, nn, randn, sgdOpt, tensor, type Tensor } from 'tench';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const double = (shape: number[]): Tensor => randn(shape, { dtype: 'float64', requiresGrad: true });

t.test('the page quotes the example, and its links lead somewhere', async (t) => {
  const page = read('docs/autograd.md');
  const path = 'examples/autograd/autograd.ts';
  const code = new RegExp(`<!-- ${path} -->\n+\`\`\`ts\n([^]*?)\n\`\`\``).exec(page)?.[1];
  t.equal(
    code,
    read(path)
      .replace(/^\/\*\*[^]*?\*\/\n\n/, '')
      .trimEnd(),
  );
  for (const [, target = ''] of page.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g))
    t.doesNotThrow(() => readFileSync(new URL(target, new URL('docs/', root))), target);
});

t.test('Round lets gradients through', async (t) => {
  const x = tensor([0.4, 1.6], { requiresGrad: true });
  const y = Round.apply(x);
  t.same(y.toList(), [0, 2]);
  y.mul(tensor([3, 4]))
    .sum()
    .backward();
  t.same(x.grad?.toList(), [3, 4]);
});

t.test('Swish has the right derivatives', async (t) => {
  t.ok(gradCheck((x) => Swish.apply(x, 1.5), double([3])));
  t.ok(gradGradCheck((x) => Swish.apply(x, 1.5), double([3])));
});

t.test('the penalty of a critic of slope 3 is 4, and can be differentiated', async (t) => {
  const w = tensor([3, 0], { requiresGrad: true });
  const penalty = gradientPenalty((x) => x.matmul(w), randn([5, 2], { requiresGrad: true }));
  t.equal(penalty.item(), 4);
  const slope = grad(penalty, w)[0]!
    .sub(tensor([4, 0]))
    .abs()
    .max()
    .item();
  t.ok(slope < 1e-5);
});

t.test('blocks that are computed again have the same gradients', async (t) => {
  manualSeed(0);
  const blocks = [1, 2, 3].map(() => new nn.Linear(4, 4));
  const x = randn([2, 4]);
  const weights = blocks.map((block) => block.weight);
  const plain = grad(blocks.reduce((h, block) => block.call(h), x).sum(), weights);
  const again = grad(inBlocks(blocks, x).sum(), weights);
  t.same(
    again.map((g) => g?.toList()),
    plain.map((g) => g?.toList()),
  );
});

t.test('steps in float16 lower the loss', async (t) => {
  manualSeed(0);
  const model = new nn.Linear(4, 1);
  const opt = sgdOpt(model.parameters(), { lr: 0.05 });
  const scaler = new GradScaler();
  const xb = randn([32, 4]);
  const losses: number[] = [];
  const lossOf = (y: Tensor): Tensor => {
    const loss = y.to('float32').pow(2).mean();
    losses.push(loss.item());
    return loss;
  };
  for (let i = 0; i < 30; i += 1) halfStep(model, lossOf, xb, opt, scaler);
  t.ok(losses.at(-1)! < 0.3 * losses[0]!);
});
