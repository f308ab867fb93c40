"""What the peers' sides of the benchmark of augmentation share; sides/augment.ts is tench's."""

import math

import torch

BATCH, SIZE, DEGREES = 64, 128, 10


def pictures():
    """Bytes without a pattern that matters, smooth enough that the last bits of a place do not, the same in both languages."""
    planes = torch.arange(BATCH * 3, dtype=torch.float64).reshape(BATCH, 3, 1, 1)
    y, x = torch.arange(SIZE, dtype=torch.float64).reshape(SIZE, 1), torch.arange(SIZE, dtype=torch.float64)
    waves = (planes + y * 0.11).sin() * (planes * 0.7 + x * 0.13).cos()
    return (waves * 120 + 128).floor().to(torch.uint8)


def as_floats(x):
    return x.float().div_(255)


def share(step):
    return [((picture * step) % 17) / 17 for picture in range(BATCH)]


ANGLES = [(s - 0.5) * 2 * DEGREES for s in share(5)]
THETAS = torch.tensor(ANGLES) * math.pi / 180
ZOOMS = [1 + 0.1 * s for s in share(3)]
MIDDLES_X, MIDDLES_Y = share(7), share(11)
WARPS_X, WARPS_Y = [(s - 0.5) * 0.4 for s in share(13)], [(s - 0.5) * 0.4 for s in share(2)]
BRIGHTNESS = [0.4 + 0.2 * s for s in share(4)]
CONTRAST = [0.8 + 0.4 * s for s in share(6)]
FLIPS = [float(picture % 2) for picture in range(BATCH)]


def picked(x):
    """Numbers all over a batch."""
    return x[:, :, 9:119, 9:119].reshape(-1)[::7919].tolist()


def work(x, augment, given):
    """`augment` and `given` change a batch of floats, with draws of their own and with the ones above."""
    convert = as_floats if x.dtype == torch.uint8 else lambda batch: batch

    def run(iterations):
        with torch.no_grad():
            for _ in range(iterations):
                augment(convert(x))

    def values():
        with torch.no_grad():
            return picked(given(convert(x)))

    return run, values


def both(name, make):
    """The work on floats and on bytes."""
    return {name: lambda: make(as_floats(pictures())), f"{name}Bytes": lambda: make(pictures())}
