"""PyTorch's sides of the benchmarks that train in memory: equal batches, equal weights and the loop; sides/training.ts is tench's."""

import math

import torch
import torch.nn.functional as F

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


def fill(model):
    """Fills every weight within the bound of Kaiming's rule; normalisation stays as it begins, and the last layer's bias is 0."""
    with torch.no_grad():
        for place, p in enumerate(model.parameters()):
            if p.dim() > 1:
                p.copy_(filled(p.shape, 100 + place) * (2 * math.sqrt(3 / (p.numel() / p.shape[0]))))
        list(model.parameters())[-1].zero_()
    return model


class Trainer:
    """A loop as PyTorch's tutorials write it."""

    def __init__(self, network, half=False, channels_last=False, compiled=False, device="cpu"):
        self.half, self.channels_last, self.device = half, channels_last, device
        model = fill(network()).to(device)
        if channels_last:
            model = model.to(memory_format=torch.channels_last)
        self.opt = torch.optim.SGD(model.parameters(), lr=LR)
        self.model = torch.compile(model) if compiled else model
        self.batches = [self.placed(*batch(place)) for place in range(BATCHES)]
        self.next = 0

    def placed(self, x, y):
        x, y = x.to(self.device), y.to(self.device)
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last else x, y

    def steps(self, count, seen=None):
        for _ in range(count):
            x, y = self.batches[self.next % BATCHES]
            self.next += 1
            with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.half):
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


def training(network, values_of, **how):
    """Steps of a network, which `network()` makes; `values_of` says what of the losses of a hundred is compared."""

    def work():
        warm = []

        def run(iterations):
            if not warm:
                warm.append(Trainer(network, **how))
            warm[0].steps(iterations)
            if warm[0].device == "cuda":
                torch.cuda.synchronize()

        def values():
            seen = []
            Trainer(network, **how).steps(100, seen)
            return values_of([loss.item() for loss in seen])

        return run, values

    return work


def libtorch():
    return torch.__version__.split("+")[0]


set_threads = torch.set_num_threads
