"""PyTorch's side of the benchmark of augmentation: affine_grid and grid_sample."""

import math

import torch
import torch.nn.functional as F

from augment_works import BATCH, DEGREES, THETAS, both, work


def turn(x, thetas):
    cos, sin, zero = thetas.cos(), thetas.sin(), torch.zeros_like(thetas)
    matrices = torch.stack([cos, sin, zero, -sin, cos, zero], 1).reshape(-1, 2, 3)
    grid = F.affine_grid(matrices, x.shape, align_corners=True)
    return F.grid_sample(x, grid, padding_mode="reflection", align_corners=True)


def drawn():
    most = DEGREES * math.pi / 180
    return torch.empty(BATCH).uniform_(-most, most)


works = both("rotate", lambda x: work(x, lambda batch: turn(batch, drawn()), lambda batch: turn(batch, THETAS)))


def libtorch():
    """None: it runs in the environment of the other peers."""


set_threads = torch.set_num_threads
