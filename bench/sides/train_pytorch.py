"""PyTorch's side of the benchmark of training: steps of the lesson's CNN; sides/train.ts is tench's, work for work."""

import torch.nn.functional as F
from torch import nn

from lesson_cnn import cnn
from training import CLASSES, end, everything, libtorch, set_threads, start, training  # noqa: F401 (the last for serve.py)


class GeneralReLU(nn.Module):
    def forward(self, x):
        return F.leaky_relu(x, 0.1) - 0.4


def network():
    return cnn(GeneralReLU, CLASSES)


works = {
    "composed": training(network, everything),
    "fp32": training(network, start),
    "fp32ChannelsLast": training(network, start, channels_last=True),
    "bf16ChannelsLast": training(network, end, half=True, channels_last=True),
    "bf16Cuda": training(network, end, half=True, channels_last=True, device="cuda"),
    "bf16Compiled": training(network, end, half=True, channels_last=True, compiled=True),
}
