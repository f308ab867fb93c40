"""PyTorch's side of the benchmark of training: steps over batches in memory; sides/train.ts is tench's, work for work."""

import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from lesson_cnn import cnn  # noqa: E402

BATCH, SIZE, CLASSES, BATCHES = 64, 128, 10, 4
LR = 0.005


def filled(shape, seed):
    """Numbers from -0.5 to 0.5 by their places, the same in both languages: Knuth's multiplicative hash, with the upper bits folded in."""
    numbers = torch.arange(torch.Size(shape).numel()) + seed * 1_000_003
    for factor, shift in ((2654435761, 15), (2246822519, 13)):
        numbers = (numbers * factor).remainder(2**32)
        numbers = numbers ^ (numbers >> shift)
    return (numbers.double() / 2**32 - 0.5).float().reshape(shape)


def batch(place):
    """Noise under stripes whose width is the class's."""
    labels = (torch.arange(BATCH) + place).remainder(CLASSES)
    stripes = (torch.arange(SIZE)[None, :] // (labels[:, None] + 2)).remainder(2).float()
    return filled([BATCH, 3, SIZE, SIZE], place) + stripes.reshape(BATCH, 1, 1, SIZE), labels


class GeneralReLU(nn.Module):
    def forward(self, x):
        return F.leaky_relu(x, 0.1) - 0.4


def filled_cnn():
    """Every weight is filled, within the bound of Kaiming's rule."""
    model = cnn(GeneralReLU, CLASSES)
    with torch.no_grad():
        for place, p in enumerate(model.parameters()):
            if p.dim() > 1:
                p.copy_(filled(p.shape, 100 + place) * (2 * math.sqrt(3 / (p.numel() / p.shape[0]))))
        model[-1].bias.zero_()
    return model


class Trainer:
    """A loop as PyTorch's tutorials write it."""

    def __init__(self, half=False, channels_last=False, compiled=False):
        self.half, self.channels_last = half, channels_last
        model = filled_cnn()
        if channels_last:
            model = model.to(memory_format=torch.channels_last)
        self.opt = torch.optim.SGD(model.parameters(), lr=LR)
        self.model = torch.compile(model) if compiled else model
        self.batches = [self.placed(*batch(place)) for place in range(BATCHES)]
        self.next = 0

    def placed(self, x, y):
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last else x, y

    def steps(self, count, seen=None):
        for _ in range(count):
            x, y = self.batches[self.next % BATCHES]
            self.next += 1
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half):
                loss = F.cross_entropy(self.model(x), y)
            loss.backward()
            self.opt.step()
            self.opt.zero_grad()
            if seen is not None:
                seen.append(loss.detach())


def everything(losses):
    return losses


def end(losses):
    return [sum(losses[80:]) / 20]


def start(losses):
    return losses[:20] + end(losses)


def training(values_of, **how):
    def work():
        warm = []

        def run(iterations):
            if not warm:
                warm.append(Trainer(**how))
            warm[0].steps(iterations)

        def values():
            seen = []
            Trainer(**how).steps(100, seen)
            return values_of([loss.item() for loss in seen])

        return run, values

    return work


works = {
    "composed": training(everything),
    "fp32": training(start),
    "fp32ChannelsLast": training(start, channels_last=True),
    "bf16ChannelsLast": training(end, half=True, channels_last=True),
    "bf16Compiled": training(end, half=True, channels_last=True, compiled=True),
}


def libtorch():
    return torch.__version__.split("+")[0]


set_threads = torch.set_num_threads
