"""PyTorch's side of the benchmark of XResNet-18: steps over batches in memory; sides/resnet.ts is tench's, work for work."""

from training import CLASSES, end, everything, libtorch, set_threads, start, training  # noqa: F401 (the last for serve.py)
from xresnet18 import xresnet18


def network():
    return xresnet18(CLASSES)


works = {
    "fp32": training(network, everything),
    "fp32ChannelsLast": training(network, start, channels_last=True),
    "bf16ChannelsLast": training(network, end, half=True, channels_last=True),
}
