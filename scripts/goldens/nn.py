"""Records what PyTorch's layers, losses, initialisers and printed trees give, for test/nn to compare with.

Run with any Python that has torch (2.13 made the files in the repository):

    python scripts/goldens/nn.py

Writes test/goldens/nn/*.json. A tensor is {shape, dtype, data}, data in base64 of its little-endian elements.
"""

import base64
import json
import math
import re
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import init

OUT = Path(__file__).resolve().parents[2] / 'test' / 'goldens' / 'nn'


def encode(x):
    x = x.detach().contiguous()
    dtype = str(x.dtype).removeprefix('torch.')
    bits = x.view(torch.int16) if x.dtype == torch.bfloat16 else x
    return {'shape': list(x.shape), 'dtype': dtype, 'data': base64.b64encode(bits.numpy().tobytes()).decode()}


def camel(name):
    head, *rest = name.split('_')
    return head + ''.join(part.capitalize() for part in rest)


def plain(value):
    return encode(value) if isinstance(value, torch.Tensor) else list(value) if isinstance(value, tuple) else value


def floats(*shape, lo=-2.0, hi=2.0):
    return torch.empty(*shape).uniform_(lo, hi)


def write(name, value):
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f'{name}.json'
    path.write_text('[\n' + ',\n'.join(json.dumps(case, separators=(',', ':')) for case in value) + '\n]\n')
    print(path.name, path.stat().st_size, 'bytes,', len(value), 'cases')


def pull(output, inputs):
    """What arrives at the inputs when 0.5, ..., 1.5 in even steps is sent back through `output`."""
    weight = torch.linspace(0.5, 1.5, output.numel()).reshape(output.shape).to(output.dtype)
    return torch.autograd.grad(output, inputs, weight, allow_unused=True)


# ---- layers ---------------------------------------------------------------------------------------------------------

class GeneralReLU(nn.Module):
    def __init__(self, leak=None, sub=None, maxv=None):
        super().__init__()
        self.leak, self.sub, self.maxv = leak, sub, maxv

    def forward(self, x):
        x = F.relu(x) if self.leak is None else F.leaky_relu(x, self.leak)
        x = x if self.sub is None else x - self.sub
        return x if self.maxv is None else x.clamp_max(self.maxv)


def conv_layer(ni, nf, kernel_size=3, stride=2, bn=True, **relu):
    layers = [nn.Conv2d(ni, nf, kernel_size, stride, kernel_size // 2, bias=not bn), GeneralReLU(**relu)]
    return nn.Sequential(*layers, *([nn.BatchNorm2d(nf)] if bn else []))


def layer_case(name, args, module, *inputs, mode='train', steps=1):
    """`name` and `args` make the module in JavaScript. Parameters and buffers are random, so that every one of them matters."""
    with torch.no_grad():
        for value in [*module.parameters(), *module.buffers()]:
            if value.is_floating_point():
                value.add_(floats(*value.shape, lo=-0.3, hi=0.3))
        for key, value in module.named_buffers():
            if key.endswith('running_var'):
                value.uniform_(0.5, 1.5)
    module.train(mode == 'train')
    state = {key: encode(value) for key, value in module.state_dict().items()}
    for _ in range(steps - 1):
        module(*inputs)
    inputs = [x.requires_grad_() if x.is_floating_point() else x for x in inputs]
    output = module(*inputs)
    wanted = [x for x in inputs if x.requires_grad] + list(module.parameters())
    grads = pull(output, wanted)
    names = [f'input{i}' for i, x in enumerate(inputs) if x.requires_grad] + [key for key, _ in module.named_parameters()]
    return {
        'layer': name, 'args': args, 'mode': mode, 'steps': steps, 'state': state, 'inputs': [encode(x) for x in inputs],
        'output': encode(output), 'grads': {key: encode(grad) for key, grad in zip(names, grads)},
        'after': {key: encode(value) for key, value in module.state_dict().items() if key.endswith(('running_mean', 'running_var', 'num_batches_tracked', 'weight_u', 'weight_v'))},
    }


def layers():
    image = lambda: floats(2, 4, 7, 6)
    return [
        layer_case('Linear', [5, 3], nn.Linear(5, 3), floats(4, 5)),
        layer_case('Linear', [5, 3, {'bias': False}], nn.Linear(5, 3, bias=False), floats(2, 3, 5)),
        layer_case('Conv2d', [4, 3, 3], nn.Conv2d(4, 3, 3), image()),
        layer_case('Conv2d', [4, 3, 3, {'stride': 2, 'padding': 1, 'bias': False}], nn.Conv2d(4, 3, 3, 2, 1, bias=False), image()),
        layer_case('Conv2d', [4, 6, [3, 1], {'stride': [1, 2], 'padding': [2, 0], 'dilation': [2, 1], 'groups': 2}],
                   nn.Conv2d(4, 6, (3, 1), (1, 2), (2, 0), (2, 1), 2), image()),
        layer_case('Conv2d', [4, 3, [2, 3], {'padding': 'same'}], nn.Conv2d(4, 3, (2, 3), padding='same'), image()),
        layer_case('Conv2d', [4, 3, 3, {'padding': 'same', 'dilation': 2}], nn.Conv2d(4, 3, 3, padding='same', dilation=2), image()),
        layer_case('Conv2d', [4, 3, 3, {'padding': 'valid'}], nn.Conv2d(4, 3, 3, padding='valid'), image()),
        *[layer_case('Conv2d', [4, 3, 3, {'padding': [1, 2], 'paddingMode': mode}], nn.Conv2d(4, 3, 3, padding=(1, 2), padding_mode=mode), image())
          for mode in ('reflect', 'replicate', 'circular')],
        layer_case('Conv2d', [4, 3, [2, 3], {'padding': 'same', 'paddingMode': 'reflect'}],
                   nn.Conv2d(4, 3, (2, 3), padding='same', padding_mode='reflect'), image()),
        *[layer_case('BatchNorm2d', [4], nn.BatchNorm2d(4), image(), mode=mode, steps=steps) for mode, steps in (('train', 1), ('train', 3), ('eval', 1))],
        layer_case('BatchNorm2d', [4, {'momentum': None}], nn.BatchNorm2d(4, momentum=None), image(), steps=3),
        layer_case('BatchNorm2d', [4, {'eps': 0.1, 'momentum': 0.7}], nn.BatchNorm2d(4, 0.1, 0.7), image()),
        layer_case('BatchNorm2d', [4, {'affine': False}], nn.BatchNorm2d(4, affine=False), image()),
        *[layer_case('BatchNorm2d', [4, {'trackRunningStats': False}], nn.BatchNorm2d(4, track_running_stats=False), image(), mode=mode) for mode in ('train', 'eval')],
        layer_case('BatchNorm1d', [4], nn.BatchNorm1d(4), floats(5, 4)),
        layer_case('BatchNorm1d', [4], nn.BatchNorm1d(4), floats(5, 4, 3), mode='eval'),
        layer_case('LayerNorm', [6], nn.LayerNorm(6), image()),
        layer_case('LayerNorm', [[7, 6], {'eps': 0.01, 'bias': False}], nn.LayerNorm((7, 6), 0.01, bias=False), image()),
        layer_case('LayerNorm', [[6], {'elementwiseAffine': False}], nn.LayerNorm(6, elementwise_affine=False), image()),
        layer_case('Embedding', [6, 3, {'paddingIdx': -2}], nn.Embedding(6, 3, padding_idx=-2), torch.tensor([[0, 4, 1], [5, 4, 0]])),
        layer_case('AdaptiveAvgPool2d', [1], nn.AdaptiveAvgPool2d(1), image()),
        layer_case('AdaptiveAvgPool2d', [[3, None]], nn.AdaptiveAvgPool2d((3, None)), image()),
        layer_case('MaxPool2d', [2], nn.MaxPool2d(2), image()),
        layer_case('MaxPool2d', [[3, 2], {'stride': [2, 1], 'padding': 1, 'dilation': [1, 2], 'ceilMode': True}],
                   nn.MaxPool2d((3, 2), (2, 1), 1, (1, 2), ceil_mode=True), image()),
        layer_case('AvgPool2d', [3, {'stride': 2, 'padding': 1, 'ceilMode': True, 'countIncludePad': False}],
                   nn.AvgPool2d(3, 2, 1, True, False), image()),
        layer_case('AvgPool2d', [2], nn.AvgPool2d(2), image()),
        layer_case('Flatten', [], nn.Flatten(), image()),
        layer_case('Flatten', [{'start': 0, 'end': 2}], nn.Flatten(0, 2), image()),
        layer_case('Identity', [], nn.Identity(), image()),
        layer_case('Dropout', [{'p': 0.5}], nn.Dropout(0.5), image(), mode='eval'),
        layer_case('Dropout', [{'p': 0}], nn.Dropout(0.0), image()),
        layer_case('ReLU', [], nn.ReLU(), image()),
        layer_case('LeakyReLU', [], nn.LeakyReLU(), image()),
        layer_case('LeakyReLU', [{'slope': 0.2}], nn.LeakyReLU(0.2), image()),
        layer_case('GELU', [], nn.GELU(), image()),
        layer_case('GELU', [{'approximate': 'tanh'}], nn.GELU('tanh'), image()),
        layer_case('SiLU', [], nn.SiLU(), image()),
        layer_case('Mish', [], nn.Mish(), image()),
        layer_case('Sigmoid', [], nn.Sigmoid(), image()),
        layer_case('Tanh', [], nn.Tanh(), image()),
        layer_case('Softmax', [1], nn.Softmax(1), image()),
        layer_case('LogSoftmax', [-1], nn.LogSoftmax(-1), image()),
        *[layer_case('GeneralReLU', [options], GeneralReLU(**options), image())
          for options in ({}, {'leak': 0.1}, {'sub': 0.4}, {'maxv': 1.0}, {'leak': 0.1, 'sub': 0.4, 'maxv': 1.0}, {'leak': 0, 'sub': 0, 'maxv': 0})],
        *[layer_case('ConvLayer', [4, 3, options], conv_layer(4, 3, **{{'kernelSize': 'kernel_size'}.get(k, k): v for k, v in options.items()}), image(), mode=mode)
          for options, mode in (({}, 'train'), ({'stride': 1, 'leak': 0.1, 'sub': 0.4, 'maxv': 1.5}, 'train'), ({'leak': 0.1}, 'eval'), ({'bn': False, 'kernelSize': 5}, 'train'))],
    ]


# ---- functions ------------------------------------------------------------------------------------------------------

def function_case(name, fn, *args, **options):
    """`options` are PyTorch's; the file holds them in camelCase."""
    args = [x.requires_grad_() if isinstance(x, torch.Tensor) and x.is_floating_point() else x for x in args]
    output = fn(*args, **options)
    inputs = [x for x in args if isinstance(x, torch.Tensor) and x.is_floating_point()]
    grads = pull(output, inputs) if output.requires_grad else []
    return {
        'fn': name, 'args': [plain(x) for x in args], 'options': {camel(key): plain(value) for key, value in options.items()},
        'output': encode(output), 'grads': [None if g is None else encode(g) for g in grads],
    }


def losses():
    logits = lambda: floats(5, 4)
    labels = torch.tensor([0, 3, -100, 1, 2])
    weight = torch.tensor([0.5, 1.0, 2.0, 0.1])
    cases = []
    for reduction in ('mean', 'sum', 'none'):
        r = {'reduction': reduction}
        for options in ({}, {'weight': weight}, {'label_smoothing': 0.1}, {'weight': weight, 'label_smoothing': 0.3}, {'ignore_index': 3}):
            target = labels if 'ignore_index' not in options else labels.clamp_min(0)
            cases.append(function_case('crossEntropy', F.cross_entropy, logits(), target, **options, **r))
        cases.append(function_case('crossEntropy', F.cross_entropy, logits(), floats(5, 4).softmax(1).detach(), label_smoothing=0.2, **r))
        cases.append(function_case('crossEntropy', F.cross_entropy, floats(2, 4, 3, 2), torch.randint(4, (2, 3, 2)), **r))
        cases.append(function_case('nllLoss', F.nll_loss, logits(), labels, weight=weight, **r))
        cases.append(function_case('nllLoss', F.nll_loss, floats(2, 4, 3), torch.randint(4, (2, 3)), **r))
        cases.append(function_case('mseLoss', F.mse_loss, logits(), logits(), **r))
        cases.append(function_case('l1Loss', F.l1_loss, logits(), logits(), **r))
        cases.append(function_case('smoothL1Loss', F.smooth_l1_loss, logits(), logits(), beta=0.5, **r))
        cases.append(function_case('huberLoss', F.huber_loss, logits(), logits(), delta=0.7, **r))
        cases.append(function_case('binaryCrossEntropy', F.binary_cross_entropy, floats(5, 4, lo=0.1, hi=0.9), floats(5, 4, lo=0, hi=1), weight=weight, **r))
        cases.append(function_case('binaryCrossEntropyWithLogits', F.binary_cross_entropy_with_logits, logits(), floats(5, 4, lo=0, hi=1),
                                   weight=weight, pos_weight=weight + 1, **r))
        cases.append(function_case('klDiv', F.kl_div, logits().log_softmax(1).detach(), logits().softmax(1).detach(), **r))
    cases.append(function_case('klDiv', F.kl_div, logits().log_softmax(1).detach(), logits().log_softmax(1).detach(), reduction='batchmean', log_target=True))
    return cases


def resampling():
    image, cases = lambda: floats(2, 2, 5, 6), []
    for mode in ('nearest', 'nearest-exact', 'area', 'bilinear', 'bicubic'):
        for size in ({'size': (3, 8)}, {'size': 4}, {'scale_factor': 1.7}, {'scale_factor': (0.5, 2.0)}):
            cases.append(function_case('interpolate', F.interpolate, image(), mode=mode, **size))
    for mode in ('bilinear', 'bicubic'):
        cases.append(function_case('interpolate', F.interpolate, image(), mode=mode, size=(3, 8), align_corners=True))
        cases.append(function_case('interpolate', F.interpolate, image(), mode=mode, size=(3, 8), antialias=True))
    cases.append(function_case('interpolate', F.interpolate, floats(2, 2, 5), mode='linear', size=8))
    cases.append(function_case('interpolate', F.interpolate, floats(2, 2, 5), mode='nearest', scale_factor=2.0))
    cases.append(function_case('interpolate', F.interpolate, floats(1, 2, 3, 4, 3), mode='trilinear', size=(4, 2, 5)))
    for mode in ('bilinear', 'nearest', 'bicubic'):
        for padding_mode in ('zeros', 'border', 'reflection'):
            for align_corners in (False, True):
                cases.append(function_case('gridSample', F.grid_sample, image(), floats(2, 3, 4, 2, lo=-1.6, hi=1.6),
                                           mode=mode, padding_mode=padding_mode, align_corners=align_corners))
    for align_corners in (False, True):
        cases.append(function_case('affineGrid', F.affine_grid, floats(2, 2, 3), [2, 3, 4, 5], align_corners=align_corners))
    for mode in ('constant', 'reflect', 'replicate', 'circular'):
        cases.append(function_case('pad', F.pad, image(), [1, 2, 3, 0], mode=mode))
    cases.append(function_case('pad', F.pad, image(), [1, -2], value=0.5))
    cases.append(function_case('oneHot', lambda x, classes: F.one_hot(x, classes), torch.tensor([2, 0, 1]), classes=5))
    return cases


# ---- clipping, initialisers, printing ---------------------------------------------------------------------------------

def clipping():
    cases = []
    for max_norm, norm_type in ((1.0, 2.0), (100.0, 2.0), (0.5, math.inf), (2.0, 1.0)):
        params = [torch.zeros(3, 2, requires_grad=True), torch.zeros(4, requires_grad=True)]
        for p in params:
            p.grad = floats(*p.shape)
        before = [encode(p.grad) for p in params]
        norm = nn.utils.clip_grad_norm_(params, max_norm, norm_type)
        cases.append({'maxNorm': max_norm, 'normType': 'inf' if norm_type == math.inf else norm_type, 'before': before,
                      'norm': norm.item(), 'after': [encode(p.grad) for p in params]})
    return cases


def initialisers():
    """The same seed and the same draws must give the same values: the rules for the bounds are then the same to the last bit."""
    cases = []
    for name, fn, shape, options in (
        ('kaimingUniform_', init.kaiming_uniform_, (3, 2, 2, 1), {'a': 0.3}),
        ('kaimingUniform_', init.kaiming_uniform_, (3, 4), {'mode': 'fan_out', 'nonlinearity': 'relu'}),
        ('kaimingNormal_', init.kaiming_normal_, (3, 2, 2, 1), {'a': 0.1}),
        ('kaimingNormal_', init.kaiming_normal_, (3, 4), {'mode': 'fan_out', 'nonlinearity': 'tanh'}),
        ('xavierUniform_', init.xavier_uniform_, (3, 2, 2, 1), {'gain': 2.0}),
        ('xavierNormal_', init.xavier_normal_, (3, 4), {}),
        ('orthogonal_', init.orthogonal_, (3, 4), {'gain': 1.5}),
        ('orthogonal_', init.orthogonal_, (5, 2), {}),
    ):
        torch.manual_seed(7)
        value = encode(fn(torch.empty(shape), **options))
        cases.append({'init': name, 'options': options, 'value': value})
    for name, args, make in (
        ('Linear', [4, 3], lambda: nn.Linear(4, 3)),
        ('Conv2d', [2, 3, 2], lambda: nn.Conv2d(2, 3, 2)),
        ('Embedding', [5, 2, {'paddingIdx': 1}], lambda: nn.Embedding(5, 2, padding_idx=1)),
    ):
        torch.manual_seed(7)
        cases.append({'layer': name, 'args': args, 'state': {key: encode(value) for key, value in make().state_dict().items()}})
    return cases


def printed():
    """Trees as PyTorch prints them. 2.13 names batch normalisation's bias; the versions around it do not."""
    say = lambda module: re.sub(r'(momentum=\S+, affine=\w+), bias=\w+', r'\1', str(module))
    single = [
        ('Linear', [3, 2], nn.Linear(3, 2)),
        ('Linear', [3, 2, {'bias': False}], nn.Linear(3, 2, bias=False)),
        ('Conv2d', [3, 16, 3], nn.Conv2d(3, 16, 3)),
        ('Conv2d', [4, 16, [3, 5], {'stride': 2, 'padding': [1, 2], 'dilation': 2, 'groups': 2, 'bias': False, 'paddingMode': 'reflect'}],
         nn.Conv2d(4, 16, (3, 5), 2, (1, 2), 2, 2, False, 'reflect')),
        ('Conv2d', [3, 16, 3, {'padding': 'same'}], nn.Conv2d(3, 16, 3, padding='same')),
        ('BatchNorm2d', [16], nn.BatchNorm2d(16)),
        ('BatchNorm1d', [16, {'eps': 0.001, 'momentum': None, 'affine': False, 'trackRunningStats': False}],
         nn.BatchNorm1d(16, 0.001, None, False, False)),
        ('LayerNorm', [3], nn.LayerNorm(3)),
        ('LayerNorm', [[3, 4], {'bias': False}], nn.LayerNorm((3, 4), bias=False)),
        ('Embedding', [10, 3, {'paddingIdx': 1}], nn.Embedding(10, 3, padding_idx=1)),
        ('AdaptiveAvgPool2d', [1], nn.AdaptiveAvgPool2d(1)),
        ('AdaptiveAvgPool2d', [[2, None]], nn.AdaptiveAvgPool2d((2, None))),
        ('MaxPool2d', [2], nn.MaxPool2d(2)),
        ('MaxPool2d', [[3, 2], {'stride': 2, 'ceilMode': True}], nn.MaxPool2d((3, 2), 2, ceil_mode=True)),
        ('AvgPool2d', [2], nn.AvgPool2d(2)),
        ('Flatten', [], nn.Flatten()),
        ('Dropout', [], nn.Dropout()),
        ('Identity', [], nn.Identity()),
        ('ReLU', [], nn.ReLU()),
        ('LeakyReLU', [], nn.LeakyReLU()),
        ('GELU', [], nn.GELU()),
        ('SiLU', [], nn.SiLU()),
        ('Softmax', [1], nn.Softmax(1)),
        ('CrossEntropyLoss', [], nn.CrossEntropyLoss()),
        ('Sequential', [], nn.Sequential()),
    ]
    nested = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Flatten(), nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)]))
    return [*[{'layer': name, 'args': args, 'text': say(module)} for name, args, module in single], {'nested': True, 'text': say(nested)}]


def network():
    """The lesson's CNN, small: one forward and backward with running statistics, by state names."""
    torch.manual_seed(3)
    widths = [(3, 16, 1), (16, 32, 2), (32, 64, 2), (64, 8, 2)]
    model = nn.Sequential(*[conv_layer(ni, nf, stride=stride, leak=0.1) for ni, nf, stride in widths], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    state = {key: encode(value.half() if value.is_floating_point() else value) for key, value in model.state_dict().items()}
    model.load_state_dict({key: value.half().float() if value.is_floating_point() else value for key, value in model.state_dict().items()})
    x, y = floats(4, 3, 16, 16), torch.tensor([0, 4, 2, 2])
    logits = model(x)
    loss = F.cross_entropy(logits, y)
    loss.backward()
    norms = {key: p.grad.norm().item() for key, p in model.named_parameters()}
    model.eval()
    return [{'state': state, 'x': encode(x), 'y': encode(y), 'logits': encode(logits), 'loss': loss.item(), 'gradNorms': norms,
             'firstGrad': encode(model[0][0].weight.grad), 'evaluated': encode(model(x))}]


if __name__ == '__main__':
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for make in (layers, losses, resampling, clipping, initialisers, printed, network):
        write(make.__name__, make())
