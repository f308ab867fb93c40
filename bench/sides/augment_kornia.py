"""kornia's side of the benchmark of augmentation: flip, and rotation with zoom in one sample, drawn for each picture."""

import kornia.augmentation as K
import torch
from kornia.geometry.transform import warp_affine

from augment_works import (
    DEGREES, FLIPS, MIDDLES_X, MIDDLES_Y, SIZE, THETAS, ZOOMS, both, work,
)

drawn = torch.nn.Sequential(
    K.RandomHorizontalFlip(p=0.5),
    K.RandomAffine(DEGREES, scale=(1.0, 1.1), padding_mode="reflection", align_corners=True, p=0.75),
)


def given(x):
    """The same maps through the function that these classes sample by."""
    flips, zooms = 1 - 2 * torch.tensor(FLIPS), 1 / torch.tensor(ZOOMS)
    cos, sin, zero, one = THETAS.cos(), THETAS.sin(), torch.zeros_like(THETAS), torch.ones_like(THETAS)

    def matrices(*rows):
        return torch.stack(rows, 1).reshape(-1, 3, 3)

    flip = matrices(flips, zero, zero, zero, one, zero, zero, zero, one)
    turn = matrices(cos, sin, zero, -sin, cos, zero, zero, zero, one)
    x_shift = (1 - zooms) * (2 * torch.tensor(MIDDLES_X) - 1)
    y_shift = (1 - zooms) * (2 * torch.tensor(MIDDLES_Y) - 1)
    zoom = matrices(zooms, zero, x_shift, zero, zooms, y_shift, zero, zero, one)
    half = (SIZE - 1) / 2
    pixels = torch.tensor([[half, 0, half], [0, half, half], [0, 0, 1]])
    backward = pixels @ flip @ turn @ zoom @ torch.inverse(pixels)
    forward = torch.inverse(backward)[:, :2]
    return warp_affine(x, forward, (SIZE, SIZE), padding_mode="reflection", align_corners=True)


works = both("affine", lambda x: work(x, drawn, given))


def libtorch():
    """None: kornia runs on the PyTorch that its users get, which need not be the one of the other sides."""


set_threads = torch.set_num_threads
