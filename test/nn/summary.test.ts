/** A summary's figures are those that can be counted by hand, and making one changes nothing. */

import t from 'tap';

import type { PointSeries } from '../../lib/charts/index.js';
import * as nn from '../../lib/nn/index.js';
import { ones, randn, zeros, type Tensor } from '../../lib/tensor/index.js';

const model = (): nn.Sequential =>
  new nn.Sequential(nn.convLayer(3, 8), new nn.AdaptiveAvgPool2d(1), new nn.Lambda(nn.flatten), new nn.Linear(8, 10));

t.test('its picture has the figures of the table', async (t) => {
  const summary = model().summary([2, 3, 16, 16]);
  const { title, description, panels } = summary.plot();
  t.equal(title, 'Sequential');
  t.match(description, /^1: 0\.0 \(Conv2d\), 2: 0\.1 \(GeneralReLU\)/);
  t.strictSame(
    panels.map((panel) => [panel.title, (panel.series[0] as PointSeries).y]),
    [
      ['parameters', summary.rows.map((row) => row.parameters)],
      ['MFLOPs', summary.rows.map((row) => (2 * row.multiplyAdds) / 1e6)],
      ['output MB', summary.rows.map((row) => row.outputBytes / 1e6)],
    ],
  );
  const empty = new nn.Summary('Nothing', [], [], 0, 0).plot();
  t.match(await empty.svg(), /no data/);
});

t.test('shapes, parameters, work and memory by layer', (t) => {
  const net = model();
  net[0]!.requiresGrad_(false);
  const before = [...net.stateDict()].map(([name, tensor]) => [name, tensor.toList()]);
  const summary = net.summary([2, 3, 16, 16]);
  t.strictSame(
    summary.rows.map((row): unknown[] => Object.values(row)),
    [
      ['0.0', 'Conv2d', [2, 8, 8, 8], 216, 0, 2 * 8 * 8 * 8 * 27, 4096],
      ['0.1', 'GeneralReLU', [2, 8, 8, 8], 0, 0, 0, 4096],
      ['0.2', 'BatchNorm2d', [2, 8, 8, 8], 16, 0, 0, 4096],
      ['1', 'AdaptiveAvgPool2d', [2, 8, 1, 1], 0, 0, 0, 64],
      ['2', 'Lambda', [2, 8], 0, 0, 0, 0],
      ['3', 'Linear', [2, 10], 90, 90, 160, 80],
    ],
    'a view takes no memory of its own',
  );
  const { parameters, trainable, multiplyAdds, outputBytes, inputBytes, modelBytes } = summary;
  t.strictSame(
    { parameters, trainable, multiplyAdds, outputBytes, inputBytes, modelBytes },
    {
      parameters: 322,
      trainable: 90,
      multiplyAdds: 27_648 + 160,
      outputBytes: 3 * 4096 + 144,
      inputBytes: 2 * 3 * 256 * 4,
      // Beside the parameters, two running statistics of 8 channels and an int64.
      modelBytes: 322 * 4 + 64 + 8,
    },
  );
  t.equal(multiplyAdds, nn.countMultiplyAdds(net, ones([2, 3, 16, 16])));
  t.strictSame(
    [...net.stateDict()].map(([name, tensor]) => [name, tensor.toList()]),
    before,
  );
  t.ok(net.modules().every(({ training, isHooked }) => training && !isHooked));
  t.strictSame(net.summary(zeros([2, 3, 16, 16])).rows, summary.rows, 'a batch in place of its shape');
  t.end();
});

t.test('nothing is computed where the model can do without values', (t) => {
  const net = model();
  // Four petabytes of pictures.
  t.equal(net.summary([1 << 30, 3, 1024, 1024]).multiplyAdds, 2 ** 30 * (8 * 512 * 512 * 27 + 80));
  t.end();
});

t.test('a model that looks at values is run', (t) => {
  class Curious extends nn.Module {
    readonly linear = new nn.Linear(4, 2);
    readonly unused = new nn.Linear(5, 5);
    readonly scale = new nn.Parameter(ones([3]));
    override forward(x: Tensor): Tensor {
      return x.sum().item() > 0 ? this.linear.call(this.linear.call(x).repeat([1, 2])) : this.linear.call(x);
    }
  }
  const net = new Curious();
  const figures = (input: Tensor | number[]): unknown[][] =>
    net.summary(input).rows.map(({ name, outputShape, parameters }) => [name, outputShape, parameters]);
  t.strictSame(
    figures(ones([3, 4])),
    [
      ['linear', [3, 2], 10],
      ['linear', [3, 2], 0],
      ['', [3, 2], 3],
      ['unused', null, 30],
    ],
    'parameters count once, with the first call; layers that are not called are there too',
  );
  t.strictSame(figures([3, 4]).toString(), 'linear,3,2,10,,3,2,3,unused,,30', 'a shape stands for zeros');
  t.equal(net.summary([3, 4]).parameters, nn.countParameters(net));
  t.throws(() => net.summary([3, 5]), /aten::linear/);
  t.equal(net.linear.call(ones([1, 4])).device, 'cpu');
  t.notOk(net.isHooked);
  t.end();
});

t.test('several arguments, and layers that count their own work', (t) => {
  class Pair extends nn.Module<[Tensor, Tensor]> {
    override forward(a: Tensor, b: Tensor): Tensor {
      return a.matmul(b);
    }
    override multiplyAdds(args: readonly unknown[], output: unknown): number {
      return (output as Tensor).numel() * (args[0] as Tensor).shape.at(-1)!;
    }
  }
  const summary = new Pair().summary([randn([2, 3]), randn([3, 4])]);
  t.strictSame(summary.inputShapes, [
    [2, 3],
    [3, 4],
  ]);
  t.equal(summary.multiplyAdds, 24);
  t.end();
});

t.test('tables in characters and in HTML', (t) => {
  const summary = model().summary([64, 3, 32, 32]);
  const lines = String(summary).split('\n');
  t.match(lines[0], 'Sequential, given 64 x 3 x 32 x 32');
  t.match(
    lines.find((line) => line.startsWith('0.0')),
    /^0\.0 +Conv2d +64 x 8 x 16 x 16 +216 +216 +7\.078 +0\.524$/,
  );
  t.match(lines.at(-2), /^total +322 +322 /);
  t.equal(
    new Set(
      lines
        .slice(2, -1)
        .filter((line) => /\d$/.test(line))
        .map((line) => line.length),
    ).size,
    1,
    'aligned',
  );
  const html = summary.html();
  for (const words of [
    '<caption>Sequential, given 64 x 3 x 32 x 32</caption>',
    '<td>Conv2d</td><td>64 x 8 x 16 x 16</td>',
  ])
    t.ok(html.includes(words), words);
  t.end();
});
