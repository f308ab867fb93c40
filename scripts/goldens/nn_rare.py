"""Records the layers and functions that are rarer than those of nn.py, and all of them on odd inputs, for test/nn to compare with.

    python scripts/goldens/nn_rare.py

Writes test/goldens/nn/{rareLayers,oddInputs,rareFunctions,modes,metrics,gains,rarePrinted}.json in the form of nn.py.
"""

import re

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import init

from nn import camel, encode, floats, layer_case, plain, pull, write


def image():
    return floats(2, 4, 7, 6)


def rareLayers():
    activations = [
        ('ReLU6', {}, nn.ReLU6()), ('Hardtanh', {}, nn.Hardtanh()), ('Hardtanh', {'min': -0.5, 'max': 1.5}, nn.Hardtanh(-0.5, 1.5)),
        ('Hardswish', {}, nn.Hardswish()), ('Hardsigmoid', {}, nn.Hardsigmoid()), ('ELU', {}, nn.ELU()), ('ELU', {'alpha': 0.5}, nn.ELU(0.5)),
        ('CELU', {}, nn.CELU()), ('CELU', {'alpha': 0.5}, nn.CELU(0.5)), ('SELU', {}, nn.SELU()), ('Softplus', {}, nn.Softplus()),
        ('Softplus', {'beta': 2, 'threshold': 1}, nn.Softplus(2, 1)), ('LogSigmoid', {}, nn.LogSigmoid()), ('PReLU', {}, nn.PReLU()),
        ('PReLU', {'numParameters': 4, 'init': 0.1}, nn.PReLU(4, 0.1)), ('GLU', {}, nn.GLU()), ('GLU', {'dim': 1}, nn.GLU(1)),
    ]
    transposed = [
        ([4, 3, 3], nn.ConvTranspose2d(4, 3, 3)), ([4, 3, 2, {'stride': 2, 'bias': False}], nn.ConvTranspose2d(4, 3, 2, 2, bias=False)),
        ([4, 6, [3, 2], {'stride': [2, 3], 'padding': [1, 0], 'outputPadding': [1, 2], 'groups': 2, 'dilation': [2, 1]}],
         nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), 2, True, (2, 1))),
    ]
    tracked = {'affine': True, 'trackRunningStats': True}
    edges = [1, 2, 3, 0]
    return [
        *[layer_case(name, [options] if options else [], module, image()) for name, options, module in activations],
        *[layer_case('ConvTranspose2d', args, module, image()) for args, module in transposed],
        layer_case('GroupNorm', [2, 4], nn.GroupNorm(2, 4), image()),
        layer_case('GroupNorm', [4, 4, {'eps': 0.1, 'affine': False}], nn.GroupNorm(4, 4, 0.1, False), floats(3, 4)[:, :, None].repeat(1, 1, 3)),
        layer_case('InstanceNorm2d', [4], nn.InstanceNorm2d(4), image()),
        layer_case('InstanceNorm2d', [4], nn.InstanceNorm2d(4), floats(4, 3, 5), mode='eval'),
        layer_case('InstanceNorm2d', [4, {**tracked, 'momentum': 0.3}], nn.InstanceNorm2d(4, 1e-5, 0.3, True, True), image(), steps=3),
        layer_case('InstanceNorm2d', [4, tracked], nn.InstanceNorm2d(4, affine=True, track_running_stats=True), image(), mode='eval'),
        layer_case('Dropout2d', [], nn.Dropout2d(), image(), mode='eval'),
        layer_case('Unflatten', [1, [2, -1]], nn.Unflatten(1, (2, -1)), image()),
        layer_case('AdaptiveMaxPool2d', [2], nn.AdaptiveMaxPool2d(2), image()),
        layer_case('AdaptiveMaxPool2d', [[3, None]], nn.AdaptiveMaxPool2d((3, None)), image()),
        layer_case('ZeroPad2d', [1], nn.ZeroPad2d(1), image()), layer_case('ZeroPad2d', [[1, -2, -1, 3]], nn.ZeroPad2d((1, -2, -1, 3)), image()),
        layer_case('ConstantPad2d', [edges, 0.5], nn.ConstantPad2d(edges, 0.5), image()),
        *[layer_case(name, [edges], make(edges), image())
          for name, make in (('ReflectionPad2d', nn.ReflectionPad2d), ('ReplicationPad2d', nn.ReplicationPad2d), ('CircularPad2d', nn.CircularPad2d))],
        layer_case('PixelShuffle', [2], nn.PixelShuffle(2), image()), layer_case('PixelUnshuffle', [2], nn.PixelUnshuffle(2), floats(2, 3, 4, 6)),
        layer_case('Upsample', [{'scaleFactor': 2}], nn.Upsample(scale_factor=2), image()),
        layer_case('Upsample', [{'size': [5, 9], 'mode': 'bilinear', 'alignCorners': True}], nn.Upsample((5, 9), mode='bilinear', align_corners=True), image()),
    ]


def oddInputs():
    """Empty batches, single pixels, one sample without its batch axis, and bfloat16."""
    make = [
        ('Linear', [6, 3], lambda: nn.Linear(6, 3)), ('Conv2d', [4, 3, 3, {'padding': 1}], lambda: nn.Conv2d(4, 3, 3, padding=1)),
        ('ConvTranspose2d', [4, 3, 3], lambda: nn.ConvTranspose2d(4, 3, 3)), ('ReLU', [], nn.ReLU), ('GELU', [], nn.GELU), ('Softmax', [1], lambda: nn.Softmax(1)),
        ('MaxPool2d', [2], lambda: nn.MaxPool2d(2)), ('AvgPool2d', [2], lambda: nn.AvgPool2d(2)), ('AdaptiveAvgPool2d', [1], lambda: nn.AdaptiveAvgPool2d(1)),
        ('BatchNorm2d', [4], lambda: nn.BatchNorm2d(4)), ('LayerNorm', [6], lambda: nn.LayerNorm(6)), ('Flatten', [], nn.Flatten),
        ('PixelShuffle', [2], lambda: nn.PixelShuffle(2)), ('Hardswish', [], nn.Hardswish), ('SiLU', [], nn.SiLU), ('Mish', [], nn.Mish),
    ]
    grouped = ('GroupNorm', [2, 4], lambda: nn.GroupNorm(2, 4))
    cases = [layer_case(name, args, build(), floats(0, 4, 7, 6), mode='eval')
             for name, args, build in make if name != 'PixelShuffle']  # PyTorch's own backward fails there
    cases += [layer_case(name, args, build().bfloat16(), image().bfloat16(), mode=mode) for name, args, build in [*make, grouped] for mode in ('train', 'eval')
              if mode == 'train' or name == 'BatchNorm2d']
    cases += [layer_case(name, args, build(), floats(4, 7, 6)) for name, args, build in [*make[1:4], *make[6:9]]]
    cases += [layer_case(name, args, build(), floats(1, 4, 1, 1)) for name, args, build in (make[1], make[2], make[8])]
    cases += [layer_case('BatchNorm1d', [4], nn.BatchNorm1d(4), floats(3, 4, 1)), layer_case('Linear', [6, 3], nn.Linear(6, 3), floats(6)),
              layer_case('Embedding', [6, 3], nn.Embedding(6, 3), torch.zeros(0, 2, dtype=torch.int64))]
    return cases


def named(name, fn, *args, js=None, constants=(), **options):
    """Like function_case, where the options' names differ in JavaScript (`js`), or some tensors get no gradient (`constants`)."""
    args = [x.clone().requires_grad_() if isinstance(x, torch.Tensor) and x.is_floating_point() and i not in constants else x for i, x in enumerate(args)]
    recorded = [plain(x) for x in args]
    output = fn(*args, **options)
    inputs = [x for x in args if isinstance(x, torch.Tensor) and x.requires_grad]
    grads = pull(output, inputs) if output.requires_grad else []
    return {
        'fn': name, 'args': recorded, 'options': js if js is not None else {camel(key): plain(value) for key, value in options.items()},
        'constants': list(constants), 'output': encode(output), 'grads': [None if g is None else encode(g) for g in grads],
    }


def rareFunctions():
    signs, weight = torch.tensor([1.0, -1.0, -1.0, 1.0, 1.0]), floats(4, lo=0.5)
    cases = [named(name, fn, image()) for name, fn in (
        ('relu', F.relu), ('gelu', F.gelu), ('silu', F.silu), ('mish', F.mish), ('sigmoid', torch.sigmoid), ('tanh', torch.tanh), ('relu6', F.relu6), ('hardtanh', F.hardtanh),
        ('hardswish', F.hardswish), ('hardsigmoid', F.hardsigmoid), ('elu', F.elu), ('celu', F.celu), ('selu', F.selu), ('softplus', F.softplus), ('logSigmoid', F.logsigmoid),
        ('glu', F.glu), ('leakyRelu', F.leaky_relu), ('generalRelu', F.relu), ('normalize', F.normalize))]
    cases += [
        named('gelu', F.gelu, image(), approximate='tanh'), named('elu', F.elu, image(), alpha=0.3), named('celu', F.celu, image(), alpha=0.3),
        named('softplus', F.softplus, image(), beta=3, threshold=2), named('glu', F.glu, image(), dim=1), named('leakyRelu', F.leaky_relu, image(), negative_slope=0.2, js={'slope': 0.2}),
        named('hardtanh', F.hardtanh, image(), min_val=-0.3, max_val=0.9, js={'min': -0.3, 'max': 0.9}),
        named('generalRelu', lambda x: (F.leaky_relu(x, 0.1) - 0.4).clamp_max(0.7), image(), js={'leak': 0.1, 'sub': 0.4, 'maxv': 0.7}),
        named('softmax', F.softmax, image(), 1), named('logSoftmax', F.log_softmax, image(), -1), named('prelu', F.prelu, image(), floats(4)),
        named('linear', F.linear, floats(2, 3, 6), floats(5, 6), floats(5)), named('linear', F.linear, floats(2, 6), floats(5, 6)),
        named('conv2d', F.conv2d, image(), floats(6, 2, 3, 2), floats(6), stride=2, padding=(1, 2), dilation=(1, 2), groups=2),
        named('conv2d', F.conv2d, image(), floats(6, 4, 3, 2), None, padding='same'), named('conv2d', F.conv2d, image(), floats(6, 4, 3, 2), None, padding='valid'),
        named('convTranspose2d', F.conv_transpose2d, image(), floats(4, 3, 3, 2), floats(6), stride=(2, 1), padding=1, output_padding=(1, 0), groups=2),
        named('batchNorm', F.batch_norm, image(), floats(4), floats(4, lo=0.5), constants=(1, 2), weight=weight, bias=weight, eps=0.01),
        named('batchNorm', F.batch_norm, image(), None, None, training=True),
        named('layerNorm', F.layer_norm, image(), [7, 6], weight=floats(7, 6), bias=floats(7, 6), eps=0.01),
        named('groupNorm', F.group_norm, image(), 2, weight=weight, bias=weight, eps=0.01),
        named('instanceNorm', F.instance_norm, image(), None, None, weight=weight, bias=weight),
        named('instanceNorm', F.instance_norm, image(), floats(4), floats(4, lo=0.5), constants=(1, 2), use_input_stats=False),
        named('embedding', F.embedding, torch.tensor([[0, 2], [1, 2]]), floats(3, 4), padding_idx=-2), named('dropout', F.dropout, image(), p=0.4, training=False),
        named('dropout2d', F.dropout2d, image(), training=False), named('pixelShuffle', F.pixel_shuffle, image(), 2), named('pixelUnshuffle', F.pixel_unshuffle, floats(2, 3, 4, 6), 2),
        named('adaptiveAvgPool2d', F.adaptive_avg_pool2d, image(), [3, None]), named('adaptiveMaxPool2d', F.adaptive_max_pool2d, image(), [3, None]),
        named('adaptiveAvgPool2d', F.adaptive_avg_pool2d, image(), 2), named('maxPool2d', F.max_pool2d, image(), [3, 2], stride=(2, 1), padding=1, dilation=(1, 2), ceil_mode=True),
        named('avgPool2d', F.avg_pool2d, image(), [3, 2], stride=2, padding=1, ceil_mode=True, count_include_pad=False),
        named('normalize', F.normalize, image(), p=1.5, dim=-1, eps=0.1), named('cosineSimilarity', F.cosine_similarity, image(), image()),
        named('cosineSimilarity', F.cosine_similarity, image(), image(), dim=0, eps=1e-3), named('pairwiseDistance', F.pairwise_distance, floats(5, 4), floats(5, 4)),
        named('pairwiseDistance', F.pairwise_distance, floats(5, 4), floats(5, 4), p=1, eps=0.1, keepdim=True),
    ]
    rows = lambda: floats(5, 4)
    for r in ({}, {'reduction': 'sum'}, {'reduction': 'none'}):
        cases += [
            named('cosineEmbeddingLoss', F.cosine_embedding_loss, rows(), rows(), signs, constants=(2,), margin=0.2, **r),
            named('marginRankingLoss', F.margin_ranking_loss, floats(5), floats(5), signs, constants=(2,), margin=0.3, **r),
            named('hingeEmbeddingLoss', F.hinge_embedding_loss, floats(5, lo=0), signs, constants=(1,), margin=1.5, **r),
            named('softMarginLoss', F.soft_margin_loss, floats(5), signs, constants=(1,), **r),
            named('tripletMarginLoss', F.triplet_margin_loss, rows(), rows(), rows(), **r),
            named('tripletMarginLoss', F.triplet_margin_loss, rows(), rows(), rows(), margin=0.5, p=1.5, eps=1e-3, swap=True, **r),
            named('mseLoss', F.mse_loss, floats(0, 4), floats(0, 4), **r),
            named('crossEntropy', F.cross_entropy, floats(4), torch.tensor(2), **r), named('nllLoss', F.nll_loss, floats(4), torch.tensor(1), **r),
        ]
    return cases


def modes():
    """Every mode of interpolation and padding, for each number of axes that it knows."""
    by_axes = {1: floats(2, 2, 5), 2: floats(2, 2, 5, 7), 3: floats(1, 2, 3, 5, 4)}
    sizes = {1: [(3,), (11,)], 2: [(3, 13), (1, 1)], 3: [(2, 7, 4), (5, 1, 9)]}
    known = {'nearest': (1, 2, 3), 'nearest-exact': (1, 2, 3), 'area': (1, 2, 3), 'linear': (1,), 'bilinear': (2,), 'bicubic': (2,), 'trilinear': (3,)}
    cases = []
    for mode, axes in known.items():
        for n in axes:
            smooth = 'linear' in mode or mode == 'bicubic'
            ways = [{}, {'align_corners': True}, {'align_corners': False}] if smooth else [{}]
            if mode in ('bilinear', 'bicubic'):
                ways += [{'antialias': True}, {'antialias': True, 'align_corners': True}]
            for way in ways:
                for target in [{'size': size} for size in sizes[n]] + [{'scale_factor': 1.6}, {'scale_factor': tuple([0.45, 2.3, 1.5][:n])}]:
                    cases.append(named('interpolate', F.interpolate, by_axes[n].clone(), mode=mode, **way, **target))
    cases += [named('interpolate', F.interpolate, floats(2, 2, 5, 6).bfloat16(), mode=mode, size=(3, 8)) for mode in ('nearest', 'area', 'bilinear', 'bicubic')]
    edges = {1: [2, 1], 2: [1, 2, 3, 0], 3: [1, 2, 0, 3, 1, 2]}
    cases += [named('pad', F.pad, by_axes[n].clone(), edges[n], mode=mode) for n in (1, 2, 3) for mode in ('constant', 'reflect', 'replicate', 'circular')]
    cases += [named('gridSample', F.grid_sample, by_axes[3].clone(), floats(1, 2, 3, 2, 3, lo=-1.4, hi=1.4), mode=mode, padding_mode=padding_mode, align_corners=False)
              for mode in ('bilinear', 'nearest') for padding_mode in ('zeros', 'border', 'reflection')]
    cases.append(named('affineGrid', F.affine_grid, floats(2, 3, 4), [2, 3, 2, 3, 4], align_corners=True))
    return cases


def metrics():
    cases = []
    for batch, classes in ((40, 7), (1, 3), (13, 2)):
        pred, yb = floats(batch, classes), torch.randint(classes, (batch,))
        ranks = (pred > pred.gather(1, yb[:, None])).sum(1)
        cases.append({'pred': encode(pred), 'yb': encode(yb), 'accuracy': (ranks == 0).double().mean().item(), 'errorRate': (ranks != 0).double().mean().item(),
                      'accuracyTop2': (ranks < 2).double().mean().item(), 'accuracyTop5': (ranks < 5).double().mean().item()})
    return cases


def gains():
    names = [('linear', None), ('sigmoid', None), ('tanh', None), ('relu', None), ('selu', None), ('leaky_relu', None), ('leaky_relu', 0.3), ('leaky_relu', 0)]
    return [{'nonlinearity': name, 'slope': slope, 'gain': init.calculate_gain(name, slope)} for name, slope in names]


def rarePrinted():
    cases = [
        ('ReLU6', [], nn.ReLU6()), ('Hardtanh', [], nn.Hardtanh()), ('ELU', [{'alpha': 0.5}], nn.ELU(0.5)), ('CELU', [], nn.CELU()), ('SELU', [], nn.SELU()),
        ('Softplus', [], nn.Softplus(1.0, 20.0)), ('PReLU', [{'numParameters': 3}], nn.PReLU(3)), ('GLU', [], nn.GLU()), ('LogSigmoid', [], nn.LogSigmoid()),
        ('Hardswish', [], nn.Hardswish()), ('Hardsigmoid', [], nn.Hardsigmoid()), ('ConvTranspose2d', [4, 6, 3], nn.ConvTranspose2d(4, 6, 3)),
        ('ConvTranspose2d', [4, 6, [3, 2], {'stride': [2, 3], 'padding': [1, 0], 'outputPadding': [1, 2], 'groups': 2, 'dilation': [2, 1], 'bias': False}],
         nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), 2, False, (2, 1))),
        ('Dropout2d', [], nn.Dropout2d()), ('AdaptiveMaxPool2d', [[2, None]], nn.AdaptiveMaxPool2d((2, None))), ('ZeroPad2d', [1], nn.ZeroPad2d(1)),
        ('ConstantPad2d', [[1, 2, 3, 0], 0.5], nn.ConstantPad2d((1, 2, 3, 0), 0.5)), ('ReflectionPad2d', [1], nn.ReflectionPad2d(1)),
        ('PixelShuffle', [2], nn.PixelShuffle(2)), ('PixelUnshuffle', [2], nn.PixelUnshuffle(2)), ('Upsample', [{'scaleFactor': 2}], nn.Upsample(scale_factor=2)),
        ('Upsample', [{'size': [5, 9], 'mode': 'bilinear'}], nn.Upsample((5, 9), mode='bilinear')), ('Unflatten', [1, [2, -1]], nn.Unflatten(1, (2, -1))),
        ('GroupNorm', [2, 4], nn.GroupNorm(2, 4)), ('InstanceNorm2d', [4], nn.InstanceNorm2d(4)),
    ]
    drop_bias = lambda text: re.sub(r'(affine=\w+), bias=\w+', r'\1', text)
    return [{'layer': name, 'args': args, 'text': drop_bias(str(module))} for name, args, module in cases]


if __name__ == '__main__':
    torch.manual_seed(1)
    torch.set_num_threads(1)
    for make in (rareLayers, oddInputs, rareFunctions, modes, metrics, gains, rarePrinted):
        write(make.__name__, make())
