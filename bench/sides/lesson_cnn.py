"""The lesson's CNN, as PyTorch's and fastai's sides train it."""

from torch import nn


def cnn(activation=nn.ReLU, classes=10):
    widths = [3, 16, 32, 64, 64, 64, 128, 256]
    layers = []
    for place, (ni, nf) in enumerate(zip(widths, widths[1:])):
        stride = 1 if place == 0 else 2
        layers += [nn.Conv2d(ni, nf, 3, stride=stride, padding=1, bias=False), activation(), nn.BatchNorm2d(nf)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], classes))
