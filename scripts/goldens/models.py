"""Records torchvision's ResNets and fastai's XResNets, and the layers of fastai and kornia in them, for test/vision/models and test/nn to compare with.

Run with any Python that has torchvision, fastai and kornia (torch 2.14.1, torchvision 0.29.1, fastai 2.8 made the files in the repository):

    python scripts/goldens/models.py

Writes test/goldens/models/networks.json and test/goldens/nn/visionLayers.json. No weights are kept: `fill` makes them from the place of each number
in the state, and so does the test.
"""

import json
from pathlib import Path

import torch
from fastai.layers import SelfAttention, SimpleSelfAttention
from fastai.vision.models import xresnet
from kornia.filters import BlurPool2D, MaxBlurPool2D
from torch import nn
from torchvision.models import resnet

from nn import encode, floats, layer_case, write

OUT = Path(__file__).resolve().parents[2] / 'test' / 'goldens' / 'models'


def noise(count, seed):
    """`count` numbers from 0 to 1, the same in every language: whole numbers throughout, and one division."""
    k = torch.arange(count, dtype=torch.int64)
    return ((k * 48271 + (k % 97) * (k % 89) * 31 + seed * 7919) % 65537).double() / 65537


def fill(model):
    """Values by the rank of a tensor in the state; weights keep the size of signals, and everything else matters."""
    for i, (name, value) in enumerate(model.state_dict().items()):
        r = noise(value.numel(), i).reshape(value.shape)
        if name.endswith('num_batches_tracked'):
            continue
        elif value.ndim > 1:
            r = (2 * r - 1) * (6 / value[0].numel()) ** 0.5
        elif name.endswith('gamma'):
            r = r * 0.001
        elif name.endswith(('weight_u', 'weight_v')):
            r = torch.full_like(r, value.numel() ** -0.5)
        elif name.endswith(('running_var', 'weight')):
            r = r + 0.5
        else:
            r = r - 0.5
        value.copy_(r)


def sample(x, count=240):
    """Every n-th number, of all places and channels in turn."""
    flat = x.detach().flatten()
    return flat[::max(1, flat.numel() // count)].tolist()


def run(model, c_in):
    """Outputs, and gradients of the input and of every parameter."""
    x = (2 * noise(2 * c_in * 40 * 48, 1) - 1).reshape(2, c_in, 40, 48).requires_grad_()
    y = model(x)
    weights = dict(model.named_parameters())
    dx, *grads = torch.autograd.grad(y, [x, *model.parameters()], noise(y.numel(), 2).reshape(y.shape))
    return {
        'logits': sample(y), 'inputGrad': sample(dx), 'gradNorms': [grad.norm().item() for grad in grads],
        'buffers': [value.double().sum().item() for key, value in model.state_dict().items() if key not in weights],
    }


def network(name, options, make, c_in=3, compute=True):
    """`name` and `options` make the network in JavaScript."""
    torch.manual_seed(0)
    model = make()
    state = [[key, list(value.shape)] for key, value in model.state_dict().items()]
    case = {'name': name, 'options': options, 'cIn': c_in, 'state': state}
    if compute:
        with torch.no_grad():
            fill(model.double())
        case |= {'eval': run(model.eval(), c_in), 'train': run(model.train(), c_in)}
    print(name, options)
    return case


def max_pool(size, ndim, ceil_mode):
    """fastai's own MaxPool leaves out `ceil_mode`, and so is for even sizes only."""
    return nn.MaxPool2d(size, ceil_mode=ceil_mode)


def max_blur(model):
    model[3] = MaxBlurPool2D(3)
    return model


def networks():
    ten = {'num_classes': 10}
    out = {'n_out': 10}
    return [
        # As they are by default, with a thousand classes.
        *[network(f'resnet{n}', {}, getattr(resnet, f'resnet{n}'), compute=False) for n in (18, 34, 50)],
        *[network(f'xresnet{n}', {}, getattr(xresnet, f'xresnet{n}'), compute=False) for n in (18, 34, 50)],
        network('resnet18', {'numClasses': 10}, lambda: resnet.resnet18(**ten)),
        network('resnet50', {'numClasses': 10}, lambda: resnet.resnet50(**ten)),
        network('xresnet34', {'nOut': 10}, lambda: xresnet.xresnet34(**out)),
        network('xresnet18', {'nOut': 10, 'sa': True, 'actCls': 'Mish'}, lambda: xresnet.xresnet18(**out, sa=True, act_cls=nn.Mish)),
        network('xresnet50', {'nOut': 10, 'sa': True, 'actCls': 'Mish', 'widen': 0.5},
              lambda: xresnet.xresnet50(**out, sa=True, act_cls=nn.Mish, widen=0.5)),
        network('xresnet18', {'nOut': 10, 'cIn': 1, 'stemSzs': [8, 24, 64], 'widen': 0.3, 'pool': 'max', 'actCls': 'LeakyReLU'},
              lambda: xresnet.xresnet18(**out, c_in=1, stem_szs=(8, 24, 64), widen=0.3, pool=max_pool, act_cls=nn.LeakyReLU), c_in=1),
        network('xresnet18', {'nOut': 10, 'stemPool': 'maxBlur'}, lambda: max_blur(xresnet.xresnet18(**out))),
    ]


class Fixed(nn.Module):
    """A layer whose buffers are no part of it, for `layer_case` to leave them alone."""

    def __init__(self, layer):
        super().__init__()
        self.layer = [layer]

    def forward(self, x):
        return self.layer[0](x)


def layers():
    image = lambda: floats(2, 4, 7, 6)
    maps = lambda: floats(2, 16, 4, 5, lo=-0.5, hi=0.5)
    return [
        layer_case('BlurPool2d', [3], Fixed(BlurPool2D(3)), image()),
        layer_case('BlurPool2d', [5, {'stride': 3}], Fixed(BlurPool2D(5, 3)), image()),
        layer_case('BlurPool2d', [4], Fixed(BlurPool2D(4)), image()),
        layer_case('MaxBlurPool2d', [3], Fixed(MaxBlurPool2D(3)), image()),
        layer_case('MaxBlurPool2d', [5, {'stride': 1, 'maxPoolSize': 3}], Fixed(MaxBlurPool2D(5, 1, 3)), image()),
        *[layer_case(name, [16], layer(16), maps(), mode=mode, steps=steps)
          for name, layer in (('SelfAttention', SelfAttention), ('SimpleSelfAttention', SimpleSelfAttention))
          for mode, steps in (('train', 1), ('train', 3), ('eval', 1))],
    ]


def main():
    torch.manual_seed(0)
    write('visionLayers', layers())
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / 'networks.json'
    path.write_text('[\n' + ',\n'.join(json.dumps(case, separators=(',', ':')) for case in networks()) + '\n]\n')
    print(path.name, path.stat().st_size, 'bytes')


if __name__ == '__main__':
    torch.set_num_threads(1)
    main()
