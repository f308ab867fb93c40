"""XResNet-18 as fastai describes it, in plain PyTorch: three convolutions as stem, and shortcuts that average before they project."""

from torch import nn


def conv_block(ni, nf, size, stride=1, active=True):
    conv = nn.Conv2d(ni, nf, size, stride=stride, padding=size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(nf), *([nn.ReLU(inplace=True)] if active else []))


class Block(nn.Module):
    def __init__(self, ni, nf, stride):
        super().__init__()
        self.convpath = nn.Sequential(conv_block(ni, nf, 3, stride), conv_block(nf, nf, 3, active=False))
        # The block begins as its shortcut alone.
        nn.init.zeros_(self.convpath[1][1].weight)
        self.idpath = nn.Sequential(
            *([nn.AvgPool2d(stride, ceil_mode=True)] if stride > 1 else []),
            *([conv_block(ni, nf, 1, active=False)] if ni != nf else []),
        )
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.convpath(x) + self.idpath(x))


def xresnet18(classes):
    stem, widths = [3, 32, 32, 64], [64, 64, 128, 256, 512]
    layers = [conv_block(ni, nf, 3, 2 if place == 0 else 1) for place, (ni, nf) in enumerate(zip(stem, stem[1:]))]
    layers.append(nn.MaxPool2d(3, stride=2, padding=1))
    for stage, (ni, nf) in enumerate(zip(widths, widths[1:])):
        layers += [Block(ni, nf, 1 if stage == 0 else 2), Block(nf, nf, 1)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], classes))
